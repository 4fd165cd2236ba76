#include "common/duration.hpp"

#include <gtest/gtest.h>

namespace beastmark {
namespace {

using namespace std::chrono_literals;

TEST(duration, reads_each_unit_and_sums_of_them) {
    EXPECT_EQ(parse_duration("250ns"), 250ns);
    EXPECT_EQ(parse_duration("3us"), 3us);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("2m"), 2min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("1m30s"), 90s);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0"), 0ns);
}

TEST(duration, refuses_what_is_no_duration) {
    for (const char* const text :
         {"", "5", "s", "5 s", "5x", "-1s", "1e3s", "s5", "1s5", "99999999999h", "nan", "infs", "0x1s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(duration, prints_what_it_reads) {
    for (const auto duration : {0ns, 1ns, std::chrono::nanoseconds{1500ms}, std::chrono::nanoseconds{90s},
                                std::chrono::nanoseconds{26h}}) {
        EXPECT_EQ(parse_duration(format_duration(duration)), duration) << format_duration(duration);
    }
    EXPECT_EQ(format_duration(90s), "1m30s");
    EXPECT_EQ(format_duration(1500ms), "1s500ms");
}

} // namespace
} // namespace beastmark
