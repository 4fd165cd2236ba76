// Names are looked up in threads that nobody waits for: what becomes of their answers.
#include "common/name_lookup.hpp"
#include "scripted_names.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace beastmark::testing {
namespace {

std::string text_of(const socket_address& address) {
    std::string text(INET6_ADDRSTRLEN, '\0');
    if (address.family() == AF_INET) {
        const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
        inet_ntop(AF_INET, &in.sin_addr, text.data(), INET6_ADDRSTRLEN);
        return std::string(text.c_str()) + ":" + std::to_string(ntohs(in.sin_port));
    }
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), INET6_ADDRSTRLEN);
    return std::string(text.c_str()) + ":" + std::to_string(ntohs(in6.sin6_port));
}

class name_lookup_test : public ::testing::Test {
protected:
    name_lookup_test() {
        names.add("one.test", {"127.0.0.1"});
        names.add("several.test", {"127.0.0.2", "::1", "127.0.0.1"});
        loop.emplace();
        tested.emplace(*loop, [this](const auto& answer) { answers.push_back(answer); });
    }

    void run_for(std::chrono::milliseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end)
            loop->turn(1ms);
    }

    bool run_until_answered() {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (answers.empty() && std::chrono::steady_clock::now() < end)
            loop->turn(5ms);
        return !answers.empty();
    }

    scripted_names names;
    std::optional<event_loop> loop;
    std::optional<name_lookup> tested;
    std::vector<name_lookup::answer> answers;
};

TEST_F(name_lookup_test, tells_all_addresses_in_their_order) {
    tested->start("several.test", 4711);
    ASSERT_TRUE(run_until_answered());
    EXPECT_EQ(answers[0].error, "");
    std::vector<std::string> found;
    for (const auto& address : answers[0].addresses)
        found.push_back(text_of(address));
    EXPECT_EQ(found, (std::vector<std::string>{"127.0.0.2:4711", "::1:4711", "127.0.0.1:4711"}));
}

TEST_F(name_lookup_test, says_which_name_has_no_address) {
    names.add("none.test", {});
    tested->start("none.test", 1);
    ASSERT_TRUE(run_until_answered());
    EXPECT_TRUE(answers[0].addresses.empty());
    EXPECT_TRUE(answers[0].error.starts_with("none.test: ")) << answers[0].error;
}

TEST_F(name_lookup_test, does_not_keep_the_loop_waiting) {
    names.hold();
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    bool turned = false;
    loop->post([&] { turned = true; });
    loop->turn(5ms);
    EXPECT_TRUE(turned);
    EXPECT_TRUE(answers.empty());
    names.release();
    EXPECT_TRUE(run_until_answered());
}

TEST_F(name_lookup_test, another_look_up_takes_the_place_of_the_one_under_way) {
    names.hold();
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    tested->start("one.test", 2);
    names.release();
    ASSERT_TRUE(names.wait_for_threads());
    run_for(10ms);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(text_of(answers[0].addresses.at(0)), "127.0.0.1:2");
}

TEST_F(name_lookup_test, one_of_the_same_name_is_waited_for_not_made_again) {
    names.hold();
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    for (int i = 0; i < 3; ++i) {
        tested->cancel();
        tested->start("one.test", 1);
    }
    names.release();
    ASSERT_TRUE(run_until_answered());
    ASSERT_TRUE(names.wait_for_threads());
    run_for(10ms);
    EXPECT_EQ(names.asked(), 1u);
    EXPECT_EQ(answers.size(), 1u);
    tested->start("one.test", 1); // it is over: another is made
    EXPECT_TRUE(names.wait_for_asked(2));
}

TEST_F(name_lookup_test, an_answer_may_start_another) {
    int count = 0;
    tested.emplace(*loop, [&](const auto& answer) {
        answers.push_back(answer);
        if (++count < 3)
            tested->start("one.test", 1);
    });
    tested->start("one.test", 1);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (count < 3 && std::chrono::steady_clock::now() < end)
        loop->turn(5ms);
    EXPECT_EQ(answers.size(), 3u);
}

TEST_F(name_lookup_test, cancelled_before_it_is_answered_says_nothing) {
    names.hold();
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    tested->cancel();
    names.release();
    ASSERT_TRUE(names.wait_for_threads());
    run_for(10ms);
    EXPECT_TRUE(answers.empty());
}

TEST_F(name_lookup_test, cancelled_with_its_answer_on_the_way_says_nothing) {
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    ASSERT_TRUE(names.wait_for_threads()); // posted, and the loop has not turned
    tested->cancel();
    run_for(10ms);
    EXPECT_TRUE(answers.empty());
}

TEST_F(name_lookup_test, destroyed_with_its_answer_on_the_way_says_nothing) {
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    ASSERT_TRUE(names.wait_for_threads());
    tested.reset();
    run_for(10ms);
    EXPECT_TRUE(answers.empty());
}

TEST_F(name_lookup_test, its_thread_outlives_the_loop) {
    names.hold();
    tested->start("one.test", 1);
    ASSERT_TRUE(names.wait_for_asked(1));
    tested.reset();
    loop.reset();
    names.release();
    ASSERT_TRUE(names.wait_for_threads()); // it has touched nothing that is gone: AddressSanitizer says so
    EXPECT_TRUE(answers.empty());
}

TEST(numeric_address, is_an_address_written_out_and_no_name) {
    ASSERT_TRUE(numeric_address("127.0.0.1", 11211));
    EXPECT_EQ(text_of(*numeric_address("127.0.0.1", 11211)), "127.0.0.1:11211");
    ASSERT_TRUE(numeric_address("::1", 1));
    EXPECT_EQ(text_of(*numeric_address("::1", 1)), "::1:1");
    EXPECT_FALSE(numeric_address("localhost", 1));
}

} // namespace
} // namespace beastmark::testing
