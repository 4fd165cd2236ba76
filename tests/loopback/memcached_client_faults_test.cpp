// The memcached client against a server that misbehaves on purpose.
#include "ingest/memcached/client.hpp"
#include "scripted_names.hpp"
#include "tests/support/driver_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace {

// By this program: the client's, and those of the server it is tested against.
int sends = 0;
int reads = 0;
int next_send_fails_with = 0; // errno

} // namespace

extern "C" ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
    ++sends;
    if (next_send_fails_with != 0) {
        errno = std::exchange(next_send_fails_with, 0);
        return -1;
    }
    return ::sendto(socket, bytes, size, flags, nullptr, 0);
}

extern "C" ssize_t recv(int socket, void* bytes, std::size_t size, int flags) {
    ++reads;
    return ::recvfrom(socket, bytes, size, flags, nullptr, nullptr);
}

namespace {

using namespace beastmark::testing;
using namespace beastmark::memcached;
using boost::asio::ip::tcp;
using boost::system::error_code;

struct entry : counted<set_request> {
    explicit entry(std::string key_text) : key_bytes(std::move(key_text)) {
        key = key_bytes;
        value = "value";
    }

    std::string key_bytes;
};

class memcached_client_faults : public ::testing::Test {
protected:
    memcached_client_faults() {
        listen("127.0.0.1");
        options.timeout = patience; // faults are to be seen, not waited for
    }

    void listen(const std::string& address) {
        acceptor_.emplace(io_, tcp::endpoint(boost::asio::ip::make_address(address), 0));
        acceptor_->non_blocking(true);
        options.port = acceptor_->local_endpoint().port();
    }

    void start() {
        tested.emplace(loop.events(), options, metrics);
        loop.on_tick([this](auto now) {
            if (tested)
                tested->tick(now);
        });
        tested->start();
    }

    // The peer's side of the client's next connection.
    void accept() {
        if (!tested)
            start();
        peer_.emplace(io_);
        ASSERT_TRUE(loop.run_until([&] {
            error_code none;
            acceptor_->accept(*peer_, none);
            return !none;
        }));
        peer_->non_blocking(true);
    }

    void accept_and_greet() {
        accept();
        expect_received("mn\r\n");
        say("MN\r\n");
        ASSERT_TRUE(loop.run_until([&] { return tested->ready(); }));
    }

    void expect_received(const std::string& expected) {
        std::string got;
        std::string bytes(256 * 1024, '\0');
        loop.run_until([&] {
            error_code none;
            got.append(bytes, 0, peer_->read_some(boost::asio::buffer(bytes), none));
            return got.size() >= expected.size();
        });
        EXPECT_EQ(got, expected);
    }

    void say(std::string_view bytes) { boost::asio::write(*peer_, boost::asio::buffer(bytes)); }

    void reset() {
        peer_->set_option(boost::asio::socket_base::linger(true, 0));
        peer_->close();
    }

    void close_peer() { peer_->close(); }

    // Somebody has connected.
    bool has_caller() {
        tcp::socket caller(io_);
        error_code none;
        acceptor_->accept(caller, none);
        return !none;
    }

    entry& set(std::string key) {
        auto& r = sent.emplace_back(std::move(key));
        tested->set(r);
        return r;
    }

    bool run_until_done() {
        return loop.run_until(
            [&] { return std::ranges::all_of(sent, [](auto& r) { return r.completions > 0; }); });
    }

    void expect_one_completion_each() {
        for (const auto& r : sent)
            EXPECT_EQ(r.completions, 1) << r.key;
    }

    driver_loop loop;
    client_options options;
    client_metrics metrics;
    std::deque<entry> sent;
    std::optional<client> tested;

private:
    boost::asio::io_context io_; // of the server: it is asked, never run
    std::optional<tcp::acceptor> acceptor_;
    std::optional<tcp::socket> peer_;
};

constexpr const char* set_a = "ms a 5 T0\r\nvalue\r\n";

TEST_F(memcached_client_faults, is_not_ready_before_the_probe_is_answered) {
    accept();
    expect_received("mn\r\n");
    loop.run_for(50ms);
    EXPECT_FALSE(tested->ready());
    EXPECT_EQ(set("a").error, errc::unavailable);
    say("M");
    loop.run_for(50ms);
    EXPECT_FALSE(tested->ready());
    say("N\r\n");
    EXPECT_TRUE(loop.run_until([&] { return tested->ready(); }));
}

TEST_F(memcached_client_faults, a_reply_may_come_byte_by_byte) {
    accept_and_greet();
    auto& r = set("a");
    expect_received(set_a);
    for (const char c : std::string("HD\r")) {
        say({&c, 1});
        loop.run_for(10ms);
        EXPECT_EQ(r.completions, 0);
    }
    say("\n");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, error_code());
}

TEST_F(memcached_client_faults, sets_of_one_turn_of_the_loop_leave_together) {
    accept_and_greet();
    set("a");
    set("b");
    expect_received("ms a 5 T0\r\nvalue\r\nms b 5 T0\r\nvalue\r\n");
    say("HD\r\nHD\r\n");
    ASSERT_TRUE(run_until_done());
    expect_one_completion_each();
}

// The set has what its request's insert left of the time: that this was little says nothing of memcached.
TEST_F(memcached_client_faults, a_sets_own_deadline_ends_its_wait_and_not_the_next_ones) {
    accept_and_greet();
    auto& hurried = sent.emplace_back("a");
    hurried.deadline = std::chrono::steady_clock::now() + 50ms;
    tested->set(hurried);
    ASSERT_TRUE(loop.run_until([&] { return hurried.completions == 1; }));
    EXPECT_EQ(hurried.error, errc::timed_out);
    EXPECT_TRUE(tested->ready());
    auto& patient = set("b");
    say("HD\r\nHD\r\n");
    ASSERT_TRUE(loop.run_until([&] { return patient.completions == 1; }));
    EXPECT_EQ(patient.error, error_code());
    EXPECT_EQ(hurried.completions, 1);
}

TEST_F(memcached_client_faults, a_set_whose_deadline_has_passed_is_not_sent) {
    accept_and_greet();
    auto& late = sent.emplace_back("a");
    late.deadline = std::chrono::steady_clock::now();
    tested->set(late);
    EXPECT_EQ(late.completions, 1);
    EXPECT_EQ(late.error, errc::timed_out);
    set("b");
    expect_received("ms b 5 T0\r\nvalue\r\n");
}

TEST_F(memcached_client_faults, a_link_closed_or_reset_after_the_set_was_sent_loses_it) {
    for (int round = 0; round < 4; ++round) {
        accept_and_greet();
        auto& answered = set("a");
        expect_received(set_a);
        auto& lost = set("a");
        expect_received(set_a);
        say("HD\r\nH");
        ASSERT_TRUE(loop.run_until([&] { return answered.completions > 0; }));
        EXPECT_EQ(lost.completions, 0);
        reset();
        ASSERT_TRUE(run_until_done());
        EXPECT_EQ(answered.error, error_code());
        EXPECT_EQ(lost.error, errc::lost);
        EXPECT_FALSE(tested->ready());
    }
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, an_answer_to_nothing_drops_the_link) {
    accept_and_greet();
    say("HD\r\n");
    ASSERT_TRUE(loop.run_until([&] { return !tested->ready(); }));
    accept_and_greet();
    auto& r = set("a");
    expect_received(set_a);
    say("STORED\r\n");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::lost);
    accept_and_greet();
    EXPECT_EQ(metrics.reconnects.value(), 2);
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, an_error_about_the_command_drops_the_link) {
    accept_and_greet();
    auto& first = set("a");
    auto& second = set("a");
    expect_received(std::string(set_a) + set_a);
    say("ERROR\r\nERROR\r\nERROR\r\n");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(first.error, errc::refused);
    EXPECT_EQ(second.error, errc::lost);
    accept_and_greet();
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, a_server_that_is_full_is_tried_until_it_has_room) {
    for (int round = 0; round < 3; ++round) {
        accept();
        say("ERROR Too many open connections\r\n");
        reset();
        loop.run_for(20ms);
        EXPECT_FALSE(tested->ready());
    }
    accept_and_greet();
    EXPECT_EQ(metrics.reconnects.value(), 0) << "it had never been up";
}

TEST_F(memcached_client_faults, a_set_from_a_completion_of_a_lost_link_is_told_so) {
    accept_and_greet();

    struct insisting : entry {
        using entry::entry;
        client* to = nullptr;
        error_code second;
    } r("a");

    r.to = &*tested;
    r.done = [](set_request& s, error_code e) noexcept {
        auto& self = static_cast<insisting&>(s);
        if (++self.completions == 1)
            self.to->set(self);
        else
            self.second = e;
    };
    tested->set(r);
    expect_received(set_a);
    reset();
    ASSERT_TRUE(loop.run_until([&] { return r.completions == 2; }));
    EXPECT_EQ(r.second, errc::unavailable);
}

TEST_F(memcached_client_faults, may_be_stopped_from_a_completion) {
    accept_and_greet();
    static client* stopped;
    stopped = &*tested;
    auto& first = sent.emplace_back("a");
    first.done = [](set_request& r, error_code) noexcept {
        ++static_cast<entry&>(r).completions;
        stopped->stop();
    };
    tested->set(first);
    auto& second = set("b");
    expect_received("ms a 5 T0\r\nvalue\r\nms b 5 T0\r\nvalue\r\n");
    say("HD\r\nHD\r\n");
    ASSERT_TRUE(run_until_done());
    loop.run_for(50ms);
    EXPECT_EQ(second.error, errc::lost);
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, a_turn_costs_one_send_and_one_read_and_none_finds_nothing) {
    accept_and_greet();
    for (int round = 0; round < 5; ++round) {
        sends = reads = 0;
        std::string expected;
        for (int i = 0; i < 10; ++i) {
            set("a");
            expected += set_a;
        }
        loop.run_for(10ms);
        EXPECT_EQ(sends, 1);
        EXPECT_EQ(reads, 0);
        expect_received(expected);
        say("HD\r\nHD\r\nHD\r\nHD\r\nHD\r\nHD\r\nHD\r\nHD\r\nHD\r\nHD\r\n");
        sends = reads = 0;
        ASSERT_TRUE(run_until_done());
        loop.run_for(10ms);
        EXPECT_EQ(sends, 0);
        EXPECT_EQ(reads, 1);
    }
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, replies_that_do_not_fit_one_read_are_all_taken) {
    accept_and_greet();
    std::string expected;
    std::string replies;
    for (int i = 0; i < 3000; ++i) {
        set("a");
        expected += set_a;
        replies += "HD\r\n"; // 12 KB, of which a read takes 4
    }
    expect_received(expected);
    say(replies);
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(metrics.duration[0].count(), 3000);
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, replies_before_the_end_of_the_link_count) {
    accept_and_greet();
    auto& answered = set("a");
    auto& lost = set("a");
    expect_received(std::string(set_a) + set_a);
    say("HD\r\n");
    close_peer(); // both are there when the client looks
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(answered.error, error_code());
    EXPECT_EQ(lost.error, errc::lost);
    EXPECT_FALSE(tested->ready());
}

TEST_F(memcached_client_faults, a_set_written_to_a_link_that_was_reset_is_lost) {
    accept_and_greet();
    reset();
    auto& r = set("a"); // before the client has heard of the reset
    ASSERT_TRUE(tested->ready());
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::lost);
    accept_and_greet();
    EXPECT_EQ(metrics.reconnects.value(), 1);
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, a_write_that_fails_loses_the_link_in_another_turn) {
    accept_and_greet();
    auto& r = set("a");
    next_send_fails_with = ENOBUFS;
    bool told_before_wait = false;
    loop.events().before_wait([&] { told_before_wait = told_before_wait || r.completions > 0; });
    loop.events().turn(0ms); // writes
    EXPECT_FALSE(told_before_wait) << "what the completion asks for would wait for the next turn";
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, errc::lost);
    accept_and_greet();
    EXPECT_EQ(metrics.reconnects.value(), 1);
    expect_one_completion_each();
}

TEST_F(memcached_client_faults, an_interrupted_write_is_made_again) {
    accept_and_greet();
    auto& r = set("a");
    next_send_fails_with = EINTR;
    expect_received(set_a);
    say("HD\r\n");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, error_code());
}

TEST_F(memcached_client_faults, the_addresses_of_a_name_are_tried_in_turn) {
    scripted_names names;
    names.add("cache.test", {"127.0.0.2", "::1", "127.0.0.1"}); // the first two refuse
    options.host = "cache.test";
    accept_and_greet();
    auto& r = set("a");
    expect_received(set_a);
    say("HD\r\n");
    ASSERT_TRUE(run_until_done());
    EXPECT_EQ(r.error, error_code());
}

TEST_F(memcached_client_faults, a_name_of_which_no_address_answers_is_looked_up_again) {
    scripted_names names;
    names.add("cache.test", {"127.0.0.2", "127.0.0.3"});
    options.host = "cache.test";
    options.first_retry = 1ms;
    start();
    EXPECT_TRUE(loop.run_until([&] { return names.asked() >= 3; }));
    EXPECT_FALSE(tested->ready());
    tested->stop();
}

TEST_F(memcached_client_faults, against_a_resolver_that_hangs_all_attempts_wait_for_one_look_up) {
    scripted_names names;
    names.add("slow.test", {"127.0.0.1"});
    names.hold();
    options.host = "slow.test";
    options.connect_timeout = 10ms;
    options.first_retry = 1ms;
    options.retry_cap = 2ms;
    start();
    ASSERT_TRUE(names.wait_for_asked(1));
    loop.run_for(300ms); // a dozen attempts
    EXPECT_EQ(names.asked(), 1u);
    tested->stop();
}

TEST_F(memcached_client_faults, a_cache_that_flaps_is_told_of_once_a_second) {
    std::ostringstream log;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
    options.first_retry = 1ms;
    options.retry_cap = 2ms;
    const auto began = std::chrono::steady_clock::now();
    for (int round = 0; round < 30; ++round) {
        accept_and_greet();
        close_peer();
        ASSERT_TRUE(loop.run_until([&] { return !tested->ready(); }));
    }
    accept_and_greet();
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    spdlog::set_default_logger(before);
    const auto text = log.str();
    EXPECT_TRUE(text.find("connected to the cache") < text.find("lost the cache")) << text;
    EXPECT_TRUE(text.find("lost the cache") < text.find("the cache is back")) << text;
    EXPECT_LE(std::ranges::count(text, '\n'), 1 + 2 * (seconds.count() + 1)) << text;
    EXPECT_EQ(metrics.reconnects.value(), 30);
}

TEST_F(memcached_client_faults, an_ipv6_address_needs_no_look_up) {
    try {
        listen("::1");
    } catch (const boost::system::system_error& e) {
        GTEST_SKIP() << "no IPv6 here: " << e.what();
    }
    options.host = "::1";
    accept_and_greet();
}

TEST_F(memcached_client_faults, stopped_while_its_name_is_looked_up_it_stays_so) {
    scripted_names names;
    names.add("slow.test", {"127.0.0.1"});
    names.hold();
    options.host = "slow.test";
    start();
    ASSERT_TRUE(names.wait_for_asked(1));
    tested->stop();
    names.release();
    ASSERT_TRUE(names.wait_for_threads());
    loop.run_for(20ms);
    EXPECT_FALSE(has_caller());
}

TEST_F(memcached_client_faults, may_be_destroyed_while_its_name_is_looked_up) {
    scripted_names names;
    names.add("slow.test", {"127.0.0.1"});
    names.hold();
    options.host = "slow.test";
    start();
    ASSERT_TRUE(names.wait_for_asked(1));
    tested.reset();
    names.release();
    ASSERT_TRUE(names.wait_for_threads());
    loop.run_for(20ms);
    EXPECT_FALSE(has_caller());
}

// A server that reads slowly: the write is cut up, the replies come for what has arrived.
TEST_F(memcached_client_faults, a_slow_reader_gets_everything_in_order) {
    accept_and_greet();
    const std::string large(64 * 1024, 'v');
    for (int i = 0; i < 100; ++i) {
        auto& r = sent.emplace_back("a");
        r.value = large;
        tested->set(r);
    }
    const auto one = std::string("ms a 65536 T0\r\n") + large + "\r\n";
    std::string all;
    for (int i = 0; i < 100; ++i)
        all += one;
    expect_received(all);
    for (int i = 0; i < 100; ++i)
        say("HD\r\n");
    ASSERT_TRUE(run_until_done());
    for (const auto& r : sent)
        EXPECT_EQ(r.error, error_code());
    expect_one_completion_each();
}

} // namespace
