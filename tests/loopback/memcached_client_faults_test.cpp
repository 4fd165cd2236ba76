// The memcached client against a server that misbehaves on purpose.
#include "ingest/memcached/client.hpp"
#include "tests/support/driver_loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

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
        acceptor_.non_blocking(true);
        options.port = acceptor_.local_endpoint().port();
        options.timeout = patience; // faults are to be seen, not waited for
        tested.emplace(loop.context(), options, metrics);
        loop.on_tick([this](auto now) { tested->tick(now); });
        tested->start();
    }

    // The peer's side of the client's next connection.
    void accept() {
        peer_.emplace(loop.context());
        ASSERT_TRUE(loop.run_until([&] {
            error_code none;
            acceptor_.accept(*peer_, none);
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
        loop.run_until([&] {
            char bytes[4096];
            error_code none;
            got.append(bytes, peer_->read_some(boost::asio::buffer(bytes), none));
            return got.size() >= expected.size();
        });
        EXPECT_EQ(got, expected);
    }

    void say(std::string_view bytes) { boost::asio::write(*peer_, boost::asio::buffer(bytes)); }

    void reset() {
        peer_->set_option(boost::asio::socket_base::linger(true, 0));
        peer_->close();
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
    tcp::acceptor acceptor_{loop.context(), {boost::asio::ip::address_v4::loopback(), 0}};
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
