#include "loadgen/efficiency/efficiency_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace beastmark::loadgen::efficiency {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::ThrowsMessage;

using texts = std::vector<std::string>;

std::vector<target_spec> targets(const texts& names) {
    std::vector<target_spec> all;
    for (const auto& name : names)
        all.push_back(parse_target(name + "=http://h/"));
    return all;
}

TEST(efficiency_arguments, a_price_is_of_the_only_target_or_of_the_one_it_names) {
    EXPECT_THAT(read_prices(texts{"0.25"}, targets({"a"})), ElementsAre(Pair("a", 0.25)));
    EXPECT_THAT(read_prices(texts{"b=2", "a=0.5"}, targets({"a", "b"})),
                ElementsAre(Pair("a", 0.5), Pair("b", 2)));
}

TEST(efficiency_arguments, a_price_that_cannot_be_one_is_told) {
    const auto told = [](const texts& prices, const texts& names) {
        return [=] { read_prices(prices, targets(names)); };
    };
    using wrong = std::invalid_argument;
    EXPECT_THAT(told({"1"}, {"a", "b"}), ThrowsMessage<wrong>(HasSubstr("'1': of which target?")));
    EXPECT_THAT(told({"c=1"}, {"a"}), ThrowsMessage<wrong>(HasSubstr("there is no target 'c'")));
    for (const char* const price : {"0", "-1", "free", "", "inf", "nan", "1e3"})
        EXPECT_THAT(told({price}, {"a"}), ThrowsMessage<wrong>(HasSubstr("a number above 0"))) << price;
    EXPECT_THAT(told({"1", "a=2"}, {"a"}), ThrowsMessage<wrong>(HasSubstr("has a price already")));
}

TEST(efficiency_arguments, a_prometheus_is_where_its_pages_begin) {
    EXPECT_FALSE(read_prometheus(""));
    EXPECT_EQ(read_prometheus("http://h:9090/prometheus")->target, "/prometheus");
    EXPECT_THAT([] { read_prometheus("h:9090"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("--prometheus: ")));
    EXPECT_THAT([] { read_prometheus("http://h:9090/graph?g0.expr=up"); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("give where its pages begin")));
}

} // namespace
} // namespace beastmark::loadgen::efficiency
