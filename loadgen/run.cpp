#include "loadgen/run.hpp"

#include "common/thread_priority.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/probe.hpp"
#include "loadgen/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

// Connections that are not up by then go on trying while the load runs.
constexpr auto longest_connect_phase = 10s;

constexpr auto tick = 100ms; // a frame of the panel

std::string why_not_connected(phase where, const error_code& code) {
    if (code == asio::error::eof)
        return "closed by the server before any answer";
    return where == phase::connect ? words_of(code) : describe(where, code);
}

// The run's control: lives on the calling thread, hears from workers and signals through one io_context.
class control final : public worker_events {
public:
    control(plan what, const std::optional<stop_condition>& stop_when, const run_observer& tell,
            const schedule_source& more);

    run_record go();

private:
    void worker_ready() override {
        asio::post(context_, [this] { ++ready_; });
    }

    void worker_done() override {
        asio::post(context_, [this] { ++done_; });
    }

    void addresses_changed(std::size_t target, const resolved_name::endpoints& now) override {
        for (auto& w : workers_)
            w->use_addresses(target, now);
    }

    void name_failed(std::size_t target, const std::string& why) override {
        asio::post(context_, [this, target, why] {
            if (tell_.noted)
                tell_.noted(fmt::format("{} does not resolve any more, its addresses stay: {}",
                                        record_.what.targets[target].where.host, why));
        });
    }

    void wait_for_signal();
    void on_signal(int number);
    void connect();
    void require_connections();
    clock::time_point agree_on_start();
    void collect();
    void sample_machine();
    void extend(schedule longer);
    void stop(run_time at);

    [[nodiscard]] run_time now() const { return clock::now() - t0_; }

    run_record record_;
    const plan given_; // what the workers read: record_'s schedule may grow
    std::vector<std::unique_ptr<const schedule>> extended_;
    const run_observer& tell_;
    const schedule_source& more_;
    std::vector<stop_condition> stop_when_; // one for each target, or none
    std::vector<std::size_t> rows_seen_;
    asio::io_context context_;
    asio::signal_set signals_;
    mailbox reports_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::size_t ready_ = 0;
    std::size_t done_ = 0;
    bool started_ = false;
    bool stopping_ = false;
    clock::time_point t0_{};
    machine_probe machine_;
    clock::time_point next_sample_{};
};

control::control(plan what, const std::optional<stop_condition>& stop_when, const run_observer& tell,
                 const schedule_source& more)
    : record_{.what = std::move(what)},
      given_(record_.what),
      tell_(tell),
      more_(more),
      signals_(context_, SIGINT, SIGTERM) {
    const auto& settled = given_;
    for (std::size_t i = 0; i < settled.targets.size(); ++i)
        record_.targets.emplace_back(arrivals_of(settled, i), settled.threads, settled.warmup, settled.spin,
                                     settled.rules.automatic ? settled.connections : 0);
    if (stop_when)
        stop_when_.assign(settled.targets.size(), *stop_when);
    rows_seen_.assign(settled.targets.size(), 0);
    wait_for_signal();
    for (std::uint32_t i = 0; i < settled.threads; ++i)
        workers_.push_back(std::make_unique<worker>(settled, i, reports_, *this));
}

void control::wait_for_signal() {
    signals_.async_wait([this](const error_code& code, int number) {
        if (code)
            return;
        on_signal(number);
        wait_for_signal();
    });
}

void control::on_signal(int number) {
    if (record_.signal != 0 || !started_)
        std::_Exit(128 + number);
    record_.signal = number;
    if (tell_.interrupted)
        tell_.interrupted();
    stop(now());
}

void control::stop(run_time at) {
    if (stopping_ || at >= record_.duration)
        return;
    stopping_ = true;
    record_.duration = std::max(at, run_time{});
    for (auto& w : workers_)
        w->stop(record_.duration);
}

void control::extend(schedule longer) {
    record_.what.arrivals = std::move(longer);
    record_.duration = record_.what.arrivals.duration();
    for (auto& t : record_.targets)
        t.extend(record_.what.arrivals);
    extended_.push_back(std::make_unique<const schedule>(record_.what.arrivals));
    for (auto& w : workers_)
        w->extend(*extended_.back());
}

void control::connect() {
    for (auto& w : workers_)
        w->connect();
    const auto deadline = clock::now() + longest_connect_phase;
    while (ready_ < workers_.size() && clock::now() < deadline)
        context_.run_one_until(deadline);
    require_connections();
}

void control::require_connections() {
    for (std::size_t i = 0; i < record_.targets.size(); ++i) {
        std::uint32_t connected = 0;
        error_code last_error = asio::error::timed_out;
        auto failed_at = phase::connect;
        for (auto& w : workers_) {
            const auto state = w->connections_of(i);
            connected += state.connected;
            if (!state.last_error)
                continue;
            last_error = state.last_error;
            failed_at = state.failed_at;
        }
        const auto& t = record_.what.targets[i];
        if (connected == 0)
            throw std::runtime_error(fmt::format(
                "cannot connect to {} ({}): {}",
                t.unix_socket.empty() ? fmt::format("{}:{}", t.where.host, t.where.port) : t.unix_socket,
                t.where.text, why_not_connected(failed_at, last_error)));
    }
}

clock::time_point control::agree_on_start() {
    auto agreed = std::async(std::launch::async, tell_.agree_on_start);
    while (agreed.wait_for(0s) != std::future_status::ready)
        context_.run_one_for(50ms);
    return agreed.get();
}

run_record control::go() {
    connect();
    // Far enough for every worker to hear of it in time.
    t0_ = tell_.agree_on_start ? agree_on_start()
                               : clock::time_point(clock::now() + 20ms + 1ms * workers_.size());
    record_.started_at = std::chrono::system_clock::now() + (t0_ - clock::now());
    record_.duration = record_.what.arrivals.duration();
    started_ = true;
    machine_.sample(t0_);
    next_sample_ = t0_ + 1s;
    for (auto& w : workers_)
        w->start(t0_);
    if (tell_.started)
        tell_.started(record_, t0_);
    auto next_tick = t0_;
    while (done_ < workers_.size()) {
        next_tick += tick;
        while (done_ < workers_.size() && context_.run_one_until(next_tick) > 0) {
        }
        collect();
        if (tell_.tick)
            tell_.tick(record_, now());
        if (!more_ || stopping_)
            continue;
        if (auto longer = more_(record_, now()))
            extend(std::move(*longer));
    }
    collect();
    record_.ended_at = std::chrono::system_clock::now();
    record_.last_event = record_.duration;
    for (const auto& t : record_.targets)
        if (!t.rows().empty())
            record_.last_event = std::max(record_.last_event, t.rows().back().ends);
    workers_.clear();
    return std::move(record_);
}

void control::sample_machine() {
    const auto seen = machine_.sample(clock::now());
    for (auto& t : record_.targets)
        t.take(seen);
}

void control::collect() {
    auto blocks = reports_.collect();
    // A second's evidence before its blocks: what is collected now ended before the clock is asked.
    for (; clock::now() >= next_sample_; next_sample_ += 1s)
        sample_machine();
    if (std::any_of(blocks.begin(), blocks.end(), [](const report_block& b) { return b.last; }))
        sample_machine(); // of the last, shorter second
    for (auto& block : blocks) {
        target_record::row_listener heard;
        if (tell_.row_closed)
            heard = [&](const latencies& times) { tell_.row_closed(record_, block.target, times); };
        auto& target = record_.targets[block.target];
        if (tell_.counted)
            tell_.counted(block, target.machine_of(block.row));
        target.take(block, heard);
        reports_.recycle(std::move(block.counts));
    }
    for (std::size_t i = 0; i < stop_when_.size(); ++i) {
        const auto& rows = record_.targets[i].rows();
        for (; rows_seen_[i] < rows.size(); ++rows_seen_[i]) {
            const auto& only = stop_when_[i].target();
            if (!only.empty() && only != record_.what.targets[i].name)
                continue;
            const auto& second = rows[rows_seen_[i]];
            if (second.warmup || second.ends - second.length >= record_.duration) // only waits for answers
                continue;
            if (stopping_ || !stop_when_[i].observe(second))
                continue;
            record_.stopped = stop_event{i, now()};
            stop(record_.stopped->at);
        }
    }
}

} // namespace

std::string connections_text(const run_record& record) {
    if (!record.what.rules.automatic)
        return fmt::format("{} connections", record.what.connections);
    const auto reached = record.connections_reached();
    return reached == 0 ? fmt::format("up to {} connections", record.what.connections)
                        : fmt::format("{} connections (auto, up to {})", reached, record.what.connections);
}

std::uint64_t run_record::connections_reached() const {
    std::uint64_t most = 0;
    for (const auto& t : targets)
        most = std::max(most, t.connections_reached());
    return most;
}

bool run_record::believable() const {
    for (std::size_t i = 0; i < targets.size(); ++i)
        if (!judged(i).believable())
            return false;
    return true;
}

run_record run(plan what, const std::optional<stop_condition>& stop_when, const run_observer& tell,
               const schedule_source& more) {
    control of_run(std::move(what), stop_when, tell, more);
    // On a thread of its own, for who has given way cannot take it back without leave (setpriority(2)).
    return std::async(std::launch::async,
                      [&] {
                          give_way(); // what is summed up each second must not make requests late
                          return of_run.go();
                      })
        .get();
}

} // namespace beastmark::loadgen
