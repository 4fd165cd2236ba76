#include "loadgen/observer.hpp"
#include "scripted_names.hpp"
#include "tests/support/wait.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

namespace beastmark::loadgen {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;
using ::testing::HasSubstr;

/// Answers each connection with what `answer` makes of its number, or never when that is empty.
class endpoint {
public:
    explicit endpoint(std::function<std::string(int)> answer)
        : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          answer_(std::move(answer)),
          thread_([this] { serve(); }) {}

    ~endpoint() {
        stopping_ = true;
        tcp::socket wake(context_);
        boost::system::error_code ignored;
        wake.connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }

    int served() const { return served_; }

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/metrics";
    }

private:
    void serve() {
        std::vector<tcp::socket> held;
        while (!stopping_) {
            tcp::socket peer = acceptor_.accept();
            const std::string answer = answer_(served_++);
            boost::system::error_code error;
            std::string request;
            if (answer.empty())
                held.push_back(std::move(peer));
            else if (!stopping_ &&
                     asio::read_until(peer, asio::dynamic_buffer(request), "\r\n\r\n", error) > 0)
                asio::write(peer, asio::buffer(answer), error);
        }
    }

    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::function<std::string(int)> answer_;
    std::atomic<int> served_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string gauge_page(int number) {
    return http("200 OK", "# TYPE g gauge\ng " + std::to_string(number + 1) + "\n");
}

std::vector<scrape_spec> specs(std::vector<std::pair<std::string, std::string>> named) {
    std::vector<scrape_spec> all;
    for (const auto& [name, url] : named)
        all.push_back(parse_scrape(name + "=" + url));
    return all;
}

TEST(observer, a_silent_and_a_dead_endpoint_cost_gaps_of_their_own_only) {
    endpoint good(gauge_page);
    endpoint silent([](int) { return std::string(); });
    std::string dead;
    {
        endpoint closed(gauge_page);
        dead = closed.url();
    }
    observer o({}, specs({{"good", good.url()}, {"silent", silent.url()}, {"dead", dead}}));
    o.start(std::chrono::steady_clock::now());
    EXPECT_TRUE(beastmark::testing::wait_until([&] { return good.served() >= 4 && silent.served() >= 4; }));
    o.stop();
    const json scraped = o.scraped();
    const json& column = scraped.at("good").at("series").at(0);
    EXPECT_EQ(column.at("name"), "g");
    EXPECT_GE(column.at("value").size(), 3U);
    EXPECT_GE(scraped.at("silent").at("failures"), 3);
    EXPECT_THAT(scraped.at("silent").at("series"), ::testing::IsEmpty());
    EXPECT_GE(scraped.at("dead").at("failures"), 3);
    EXPECT_THAT(scraped.at("dead").at("last_failure").get<std::string>(), HasSubstr("connect"));
    EXPECT_EQ(scraped.at("good").at("t_s").size(), column.at("value").size());
}

TEST(observer, answers_that_are_no_page_are_failures) {
    endpoint refusing([](int) { return http("503 Service Unavailable", "no"); });
    endpoint short_of([](int) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ng 1\n"); });
    endpoint huge([](int) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\ng 1\n"); });
    endpoint chunked([](int n) {
        const std::string body = "g " + std::to_string(n + 1) + "\n";
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::to_string(body.size()) +
               "\r\n" + body + "\r\n0\r\n\r\n";
    });
    observer o({}, specs({{"refusing", refusing.url()},
                          {"short", short_of.url()},
                          {"huge", huge.url()},
                          {"chunked", chunked.url()}}));
    o.start(std::chrono::steady_clock::now());
    EXPECT_TRUE(
        beastmark::testing::wait_until([&] { return chunked.served() >= 3 && refusing.served() >= 3; }));
    o.stop();
    const json scraped = o.scraped();
    EXPECT_EQ(scraped.at("refusing").at("last_failure"), "status 503");
    EXPECT_THAT(scraped.at("short").at("last_failure").get<std::string>(), HasSubstr("read"));
    EXPECT_THAT(scraped.at("huge").at("last_failure").get<std::string>(), HasSubstr("body limit"));
    EXPECT_EQ(scraped.at("chunked").at("series").size(), 1U);
}

TEST(observer, watches_loadgen_itself) {
    observer o({{"shell", ::getppid()}}, {});
    o.start(std::chrono::steady_clock::now());
    volatile unsigned spin = 0;
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(1'700))
        spin = spin + 1;
    o.stop();
    const json self = o.watched().at("loadgen");
    EXPECT_EQ(self.at("pid"), ::getpid());
    ASSERT_GE(self.at("t_s").size(), 1U);
    double used = 0;
    double before = 0;
    for (std::size_t i = 0; i < self.at("t_s").size(); ++i) {
        used += self.at("cpu_cores")[i].get<double>() * (self.at("t_s")[i].get<double>() - before);
        before = self.at("t_s")[i];
    }
    EXPECT_GT(used, 0.1) << "CPU seconds of a thread that never rested";
    EXPECT_LT(used, 3.5);
    EXPECT_GT(self.at("memory_bytes")[0], 100'000);
    const json placement = o.placement();
    EXPECT_EQ(placement.at(0).at("name"), "loadgen");
    EXPECT_EQ(placement.at(1).at("name"), "shell");
    EXPECT_NE(placement.at(0).at("cpus"), "");
}

TEST(observer, may_stop_before_it_began) {
    observer o({}, {});
    o.start(std::chrono::steady_clock::now() + std::chrono::hours(1));
    o.stop();
    EXPECT_TRUE(o.watched().at("loadgen").at("t_s").empty());
}

std::string refusal(std::vector<watch_spec> watches, std::vector<scrape_spec> scrapes) {
    try {
        observer o(std::move(watches), std::move(scrapes));
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(observer, refuses_at_the_start_what_cannot_be_observed) {
    EXPECT_EQ(refusal({{"gone", 4'194'305}}, {}), "--watch gone=4194305: there is no such process");
    EXPECT_EQ(refusal({{"loadgen", ::getpid()}}, {}), "--watch loadgen: the name is taken");
    EXPECT_EQ(refusal({}, specs({{"a", "http://127.0.0.1:1/"}, {"a", "http://127.0.0.1:1/"}})),
              "--scrape a: the name is taken");
    beastmark::testing::scripted_names names;
    names.add("none.test", {});
    EXPECT_THAT(refusal({}, specs({{"a", "http://none.test/"}})),
                HasSubstr("--scrape a: cannot resolve 'none.test'"));
}

} // namespace
} // namespace beastmark::loadgen
