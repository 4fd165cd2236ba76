#include "ingest/connection_shortage.hpp"
#include "ingest/ingest_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace beastmark::ingest;

class shortage : public ::testing::Test {
protected:
    // The numbers stand still.
    std::string look_twice(std::size_t connected, std::uint64_t refused) {
        EXPECT_EQ(tested.look(connected, refused), "");
        return tested.look(connected, refused);
    }

    ingest_collector metrics{2, 64, 2};
    connection_shortage tested{metrics, 64};
};

TEST_F(shortage, is_told_with_its_numbers_and_once) {
    EXPECT_EQ(look_twice(17, 15), "the database gives 17 of the 64 connections that --pool asks for "
                                  "(max_connections?): going on with those");
    for (std::uint64_t refused = 15; refused < 20; ++refused) { // one tries again now and then
        EXPECT_EQ(tested.look(17, refused), "");
        EXPECT_EQ(tested.look(17, refused), "");
    }
}

TEST_F(shortage, is_not_told_of_while_the_pool_still_grows) {
    EXPECT_EQ(tested.look(0, 0), "");
    for (std::size_t connected = 1; connected < 17; ++connected)
        EXPECT_EQ(tested.look(connected, connected / 2), "");
    EXPECT_NE(tested.look(16, 8), "");
}

TEST_F(shortage, is_none_without_a_refusal) {
    EXPECT_EQ(look_twice(63, 0), ""); // one is lost, or takes its time
}

TEST_F(shortage, of_everything_is_left_to_those_who_know_why) {
    EXPECT_EQ(look_twice(0, 5), "");
}

TEST_F(shortage, is_told_of_anew_when_it_changes) {
    EXPECT_NE(look_twice(17, 15), "");
    EXPECT_EQ(look_twice(16, 15), "") << "a lost connection is no news here";
    EXPECT_NE(look_twice(16, 16).find("16 of the 64"), std::string::npos);
    EXPECT_NE(look_twice(17, 17).find("17 of the 64"), std::string::npos);
}

TEST_F(shortage, is_told_to_be_over) {
    EXPECT_NE(look_twice(17, 15), "");
    EXPECT_EQ(look_twice(64, 15), "the database gives all 64 connections now");
    EXPECT_EQ(tested.look(64, 15), "");
    EXPECT_NE(look_twice(20, 16), "");
}

TEST_F(shortage, is_seen_in_the_counters_of_all_cores) {
    metrics.of_core(0).postgres.idle.set(3);
    metrics.of_core(1).postgres.used.set(4);
    metrics.of_core(0).postgres.refused.add(2);
    metrics.of_core(1).postgres.refused.add();
    EXPECT_EQ(metrics.connected(), 7);
    EXPECT_EQ(metrics.refused(), 3);
}

} // namespace
