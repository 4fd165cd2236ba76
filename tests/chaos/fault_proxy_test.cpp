// The proxy does to a link what it says: else a chaos test shows nothing.

#include "tests/chaos/fault_proxy.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/wait.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace beastmark::testing {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using kind = link_fault::kind;
using clock = std::chrono::steady_clock;

constexpr auto short_while = 100ms; // in which something is seen not to happen

/// A backend of one connection at a time, driven by the test.
class fault_proxy_test : public ::testing::Test {
protected:
    void accept() {
        backend.emplace(context);
        acceptor.accept(*backend);
    }

    /// What the backend reads, of at least one byte.
    std::string read() {
        std::array<char, 256> block{};
        return {block.data(), backend->read_some(asio::buffer(block))};
    }

    void reply(const std::string& bytes) { asio::write(*backend, asio::buffer(bytes)); }

    asio::io_context context;
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::optional<tcp::socket> backend;
    fault_proxy proxy{acceptor.local_endpoint().port()};
};

} // namespace

TEST_F(fault_proxy_test, forwards_both_ways_and_ends_with_its_sides) {
    http_client client(proxy.port());
    accept();
    client.send("question");
    EXPECT_EQ(read(), "question");
    reply("answer");
    EXPECT_EQ(client.receive_some(patience), "answer");
    backend->close();
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST_F(fault_proxy_test, a_backend_that_is_not_there_is_a_reset) {
    acceptor.close();
    http_client client(proxy.port());
    EXPECT_EQ(client.wait_for_end(), ending::reset);
}

TEST_F(fault_proxy_test, delays) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::delay, .pause = 50ms});
    const auto begin = clock::now();
    client.send("question");
    EXPECT_EQ(read(), "question");
    EXPECT_GE(clock::now() - begin, 50ms);
}

TEST_F(fault_proxy_test, throttles) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::throttle, .bytes_per_second = 10'000});
    const auto begin = clock::now();
    client.send(std::string(1000, 'x'));
    std::size_t got = 0;
    while (got < 1000)
        got += read().size();
    EXPECT_GE(clock::now() - begin, 90ms);
}

TEST_F(fault_proxy_test, splits_at_every_byte_in_turn) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::split});
    std::set<std::size_t> seen;
    for (std::size_t i = 0; i < 6 || (seen.size() < 3 && i < 600); ++i) {
        client.send("abc");
        std::string got = read();
        // Whole also where this thread came to read only after both parts, a millisecond apart.
        EXPECT_THAT(got.size(), ::testing::AnyOf(1 + i % 3, 3U)) << i;
        seen.insert(got.size());
        while (got.size() < 3)
            got += read();
        EXPECT_EQ(got, "abc");
    }
    EXPECT_THAT(seen, ::testing::ElementsAre(1, 2, 3));
}

TEST_F(fault_proxy_test, trickles_without_losing_a_byte) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::trickle});
    client.send("question");
    std::string got;
    while (got.size() < 8)
        got += read();
    EXPECT_EQ(got, "question");
}

TEST_F(fault_proxy_test, resets_at_a_reply_which_then_is_lost) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::reset, .replies = 2});
    reply("first");
    EXPECT_EQ(client.receive_some(patience), "first");
    reply("second");
    EXPECT_EQ(client.wait_for_end(), ending::reset);
    EXPECT_EQ(client.pending(), "");
}

TEST_F(fault_proxy_test, resets_at_once_what_is_there_and_what_comes) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::reset});
    EXPECT_EQ(client.wait_for_end(), ending::reset);
    http_client next(proxy.port());
    EXPECT_EQ(next.wait_for_end(), ending::reset);
    proxy.heal();
    http_client last(proxy.port());
    accept();
    last.send("question");
    EXPECT_EQ(read(), "question");
}

TEST_F(fault_proxy_test, a_black_hole_gives_back_what_it_took) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::black_hole});
    client.send("question");
    reply("answer");
    EXPECT_EQ(client.receive_some(short_while), "");
    EXPECT_EQ(backend->available(), 0);
    proxy.heal();
    EXPECT_EQ(client.receive_some(patience), "answer");
    EXPECT_EQ(read(), "question");
}

TEST_F(fault_proxy_test, half_open_ends_the_backend_and_tells_the_service_nothing) {
    http_client client(proxy.port());
    accept();
    proxy.set({.what = kind::half_open});
    boost::system::error_code error;
    std::array<char, 1> block{};
    backend->read_some(asio::buffer(block), error);
    EXPECT_TRUE(error) << "the backend's side is open";
    proxy.heal();
    client.send("question");
    EXPECT_EQ(client.wait_for_end(short_while), ending::open);
    http_client next(proxy.port());
    accept();
    next.send("another");
    EXPECT_EQ(read(), "another");
}

} // namespace beastmark::testing
