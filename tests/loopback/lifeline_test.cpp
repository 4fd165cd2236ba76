#include "ingest/postgres/lifeline.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using beastmark::postgres::blocking_call;
using beastmark::postgres::lifeline;

class lifeline_of_a_socket : public ::testing::Test {
protected:
    lifeline_of_a_socket() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
    }

    ~lifeline_of_a_socket() override {
        for (const int each : sockets)
            ::close(each);
    }

    // 0: the end; blocks while there is neither that nor a byte.
    [[nodiscard]] ssize_t read() const {
        char byte = 0;
        return ::recv(sockets[0], &byte, 1, 0);
    }

    [[nodiscard]] bool would_block() const {
        char byte = 0;
        return ::recv(sockets[0], &byte, 1, MSG_DONTWAIT) < 0;
    }

    std::array<int, 2> sockets{};
    lifeline out;
};

} // namespace

TEST_F(lifeline_of_a_socket, a_read_that_blocks_ends_when_it_is_cut) {
    out.hold(sockets[0]);
    std::thread reading([this] {
        const blocking_call until_read(out);
        EXPECT_EQ(read(), 0);
    });
    out.cut();
    reading.join();
}

TEST_F(lifeline_of_a_socket, only_a_call_that_is_old_enough_is_cut) {
    out.hold(sockets[0]);
    const auto start = lifeline::clock::now();
    out.cut_older_than(start + 1h);
    EXPECT_TRUE(would_block()) << "no call is under way";
    out.begin(start);
    out.cut_older_than(start);
    EXPECT_TRUE(would_block());
    out.cut_older_than(start + 1ns);
    EXPECT_FALSE(would_block());
}

TEST_F(lifeline_of_a_socket, a_call_that_has_ended_is_not_cut) {
    out.hold(sockets[0]);
    out.begin(lifeline::clock::now());
    out.end();
    out.cut_older_than(lifeline::clock::now() + 1h);
    EXPECT_TRUE(would_block());
}

TEST_F(lifeline_of_a_socket, what_comes_after_the_cut_is_cut_too) {
    out.cut();
    out.hold(sockets[0]);
    EXPECT_FALSE(would_block());
}

TEST_F(lifeline_of_a_socket, let_go_it_is_left_alone) {
    out.hold(sockets[0]);
    out.let_go();
    out.cut();
    EXPECT_TRUE(would_block());
}

TEST_F(lifeline_of_a_socket, tells_of_bytes_and_of_the_end) {
    out.hold(sockets[0]);
    EXPECT_FALSE(out.has_news());
    ASSERT_EQ(::send(sockets[1], "x", 1, 0), 1);
    EXPECT_TRUE(out.has_news());
    ASSERT_EQ(read(), 1);
    EXPECT_FALSE(out.has_news());
    ASSERT_EQ(::shutdown(sockets[1], SHUT_WR), 0);
    EXPECT_TRUE(out.has_news());
}
