#include "loadgen/observer.hpp"

#include "common/thread_priority.hpp"
#include "loadgen/metrics_fetch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

namespace beastmark::loadgen {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using tcp = asio::ip::tcp;

constexpr auto period = std::chrono::seconds(1);
constexpr auto scrape_deadline = std::chrono::milliseconds(900); // before the next tick
constexpr const char* proc = "/proc";

nlohmann::json column(const std::vector<double>& values, double digits) {
    nlohmann::json cells = nlohmann::json::array();
    for (const double value : values)
        cells.push_back(std::isfinite(value) ? nlohmann::json(std::round(value * digits) / digits)
                                             : nlohmann::json(nullptr));
    return cells;
}

} // namespace

/// Everything but start and stop runs on the observer's thread.
class observer::loop {
public:
    loop(std::vector<watch_spec> watches, std::vector<scrape_spec> scrapes) {
        watches.insert(watches.begin(), watch_spec{"loadgen", ::getpid()});
        std::set<std::string> names;
        for (const watch_spec& spec : watches) {
            if (!names.insert(spec.name).second)
                throw std::runtime_error("--watch " + spec.name + ": the name is taken");
            watched_process process(spec, proc);
            if (!process.exists())
                throw std::runtime_error("--watch " + spec.name + "=" + std::to_string(spec.pid) +
                                         ": there is no such process");
            watched.push_back(std::move(process));
        }
        names.clear();
        for (scrape_spec& spec : scrapes) {
            if (!names.insert(spec.name).second)
                throw std::runtime_error("--scrape " + spec.name + ": the name is taken");
            endpoints.push_back(std::make_unique<endpoint>(std::move(spec), context_));
        }
    }

    void start(clock::time_point t0) {
        t0_ = t0;
        asio::co_spawn(context_, run(*this), asio::detached);
        thread_ = std::thread([this] {
            give_way();
            context_.run();
        });
    }

    void stop() {
        if (!thread_.joinable())
            return;
        asio::post(context_, [this] {
            stopping_ = true;
            timer_.cancel();
        });
        thread_.join();
    }

    struct endpoint {
        endpoint(scrape_spec spec, asio::io_context& context) : page(std::move(spec)) {
            boost::system::error_code error;
            addresses = tcp::resolver(context).resolve(page.spec().host, page.spec().port, error);
            if (error)
                throw std::runtime_error("--scrape " + page.spec().name + ": cannot resolve '" +
                                         page.spec().host + "': " + error.message());
        }

        scraped_endpoint page;
        tcp::resolver::results_type addresses;
        bool under_way = false;
    };

    std::vector<watched_process> watched;
    std::vector<std::unique_ptr<endpoint>> endpoints;

private:
    static asio::awaitable<void> run(loop& self);
    static asio::awaitable<void> scrape(endpoint& e, double t_s);

    double elapsed_s() const {
        const double exact = std::chrono::duration<double>(clock::now() - t0_).count();
        return std::round(exact * 1e3) / 1e3;
    }

    void sample() {
        const double t_s = last_sample_s_ = elapsed_s();
        for (const auto& e : endpoints)
            asio::co_spawn(context_, scrape(*e, t_s), asio::detached);
        std::vector<pid_t> roots;
        for (const watched_process& process : watched)
            std::ranges::copy(process.roots(), std::back_inserter(roots));
        const std::vector<process_stat> processes = read_trees(proc, std::move(roots));
        for (watched_process& process : watched)
            process.sample(t_s, processes);
    }

    asio::io_context context_{1};
    asio::steady_timer timer_{context_};
    clock::time_point t0_;
    double last_sample_s_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

asio::awaitable<void> observer::loop::run(loop& self) {
    clock::time_point next = self.t0_;
    while (!self.stopping_) {
        self.timer_.expires_at(next);
        co_await self.timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (self.stopping_)
            break;
        self.sample();
        do // a tick that was missed is left out
            next += period;
        while (next <= clock::now());
    }
    if (self.elapsed_s() - self.last_sample_s_ >= 0.5)
        self.sample();
}

asio::awaitable<void> observer::loop::scrape(endpoint& e, double t_s) {
    if (e.under_way)
        co_return;
    e.under_way = true;
    const fetched_page fetched = co_await fetch_page(
        e.page.spec(), e.addresses, clock::now() + scrape_deadline, e.page.limits().page_bytes);
    if (fetched.error.empty())
        e.page.add_page(t_s, fetched.body);
    else
        e.page.add_failure(t_s, fetched.error);
    e.under_way = false;
}

observer::observer(std::vector<watch_spec> watches, std::vector<scrape_spec> scrapes)
    : loop_(std::make_unique<loop>(std::move(watches), std::move(scrapes))) {}

observer::~observer() {
    loop_->stop();
}

void observer::start(clock::time_point t0) {
    loop_->start(t0);
}

void observer::stop() {
    loop_->stop();
}

nlohmann::json observer::watched() const {
    nlohmann::json all = nlohmann::json::object();
    for (const watched_process& process : loop_->watched)
        all[process.spec().name] = {{"pid", process.spec().pid},
                                    {"command", process.command()},
                                    {"cpus", process.cpus()},
                                    {"t_s", column(process.t_s(), 1e3)},
                                    {"cpu_cores", column(process.cpu_cores(), 1e4)},
                                    {"memory_bytes", column(process.memory_bytes(), 1)}};
    return all;
}

nlohmann::json observer::scraped() const {
    nlohmann::json all = nlohmann::json::object();
    for (const auto& e : loop_->endpoints)
        all[e->page.spec().name] = e->page.to_json();
    return all;
}

nlohmann::json observer::placement() const {
    nlohmann::json all = nlohmann::json::array();
    for (const watched_process& process : loop_->watched)
        all.push_back({{"name", process.spec().name}, {"pid", process.spec().pid}, {"cpus", process.cpus()}});
    return all;
}

} // namespace beastmark::loadgen
