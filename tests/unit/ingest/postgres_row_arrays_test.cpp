// The bytes of the arrays, as PostgreSQL's array_recv reads them. (That PostgreSQL agrees:
// tests/backend/postgres_group_test.cpp)
#include "ingest/postgres/row_arrays.hpp"
#include "tests/unit/ingest/postgres_rows.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using beastmark::postgres::request_list;
using beastmark::postgres::row_arrays;
using beastmark::testing::numbered_rows;

std::string array_of(const row_arrays& from, std::size_t column) {
    return {from.values()[column], static_cast<std::size_t>(from.lengths()[column])};
}

class postgres_row_arrays : public ::testing::Test {
protected:
    static numbered_rows two_rows() {
        numbered_rows rows(2);
        rows[0].values = {"", "00-11-22-33-44-55", "a", ""};
        rows[1].values = {"", "66-77-88-99-AA-BB", "2.1.5", ""};
        rows[0].time = std::chrono::sys_days(2000y / 1 / 1) + 1us;
        rows[1].time = std::chrono::sys_days(1999y / 12 / 31) + 23h + 59min + 59s + 999999us;
        return rows;
    }

    void assign(numbered_rows& rows) {
        rows.as_list([&](const request_list& list) { tested.assign(list); });
    }

    row_arrays tested{2};
};

TEST_F(postgres_row_arrays, an_array_has_a_header_and_each_element_its_length) {
    auto rows = two_rows();
    assign(rows);
    EXPECT_EQ(array_of(tested, 0), "\0\0\0\1"
                                   "\0\0\0\0"
                                   "\0\0\x0b\x86"
                                   "\0\0\0\2"
                                   "\0\0\0\1"
                                   "\0\0\0\x10"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                   "\0\0\0\x10"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"s);
    EXPECT_EQ(array_of(tested, 1), "\0\0\0\1"
                                   "\0\0\0\0"
                                   "\0\0\0\x19"
                                   "\0\0\0\2"
                                   "\0\0\0\1"
                                   "\0\0\0\x11"
                                   "00-11-22-33-44-55"
                                   "\0\0\0\x11"
                                   "66-77-88-99-AA-BB"s);
    EXPECT_EQ(array_of(tested, 2), "\0\0\0\1"
                                   "\0\0\0\0"
                                   "\0\0\0\x19"
                                   "\0\0\0\2"
                                   "\0\0\0\1"
                                   "\0\0\0\1"
                                   "a"
                                   "\0\0\0\5"
                                   "2.1.5"s);
}

TEST_F(postgres_row_arrays, a_time_is_microseconds_since_2000_also_before_it) {
    auto rows = two_rows();
    assign(rows);
    EXPECT_EQ(array_of(tested, 3), "\0\0\0\1"
                                   "\0\0\0\0"
                                   "\0\0\x04\xa0"
                                   "\0\0\0\2"
                                   "\0\0\0\1"
                                   "\0\0\0\x08"
                                   "\0\0\0\0\0\0\0\1"
                                   "\0\0\0\x08"
                                   "\xff\xff\xff\xff\xff\xff\xff\xff"s);
}

TEST_F(postgres_row_arrays, holds_what_was_assigned_last) {
    auto two = two_rows();
    numbered_rows one(1);
    one[0].values = {"", "mac", "", ""};
    assign(two);
    assign(one);
    EXPECT_EQ(array_of(tested, 1), "\0\0\0\1"
                                   "\0\0\0\0"
                                   "\0\0\0\x19"
                                   "\0\0\0\1"
                                   "\0\0\0\1"
                                   "\0\0\0\3"
                                   "mac"s);
}

TEST_F(postgres_row_arrays, keeps_its_memory) {
    auto rows = two_rows();
    assign(rows);
    const auto before = tested.values();
    assign(rows);
    EXPECT_EQ(tested.values(), before);
}

} // namespace
