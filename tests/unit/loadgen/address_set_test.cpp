#include "loadgen/address_set.hpp"
#include "loadgen/resolved_name.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

address_set::endpoint at(const std::string& address) {
    return {boost::asio::ip::make_address(address), 80};
}

TEST(address_set, keeps_the_place_of_each_also_when_it_has_gone) {
    address_set all({at("10.0.0.1"), at("10.0.0.2")});
    all.update({at("10.0.0.3"), at("10.0.0.2")});
    ASSERT_EQ(all.known().size(), 3U);
    EXPECT_EQ(all.known()[2], at("10.0.0.3"));
    EXPECT_EQ(all.size(), 2U);
    EXPECT_FALSE(all.has(0));
    EXPECT_TRUE(all.has(1));
    all.update({at("10.0.0.1")});
    EXPECT_EQ(all.known().size(), 3U) << "it comes back to its place";
    EXPECT_TRUE(all.has(0));
}

TEST(address_set, only_addresses_to_be_used_are_tried) {
    address_set all({at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")});
    all.update({at("10.0.0.2"), at("10.0.0.4")});
    for (std::uint64_t number = 0; number < 10; ++number)
        for (std::size_t home = 0; home < 4; ++home) {
            const std::set<std::size_t> tried{all.to_try(home, 0, number), all.to_try(home, 1, number)};
            EXPECT_EQ(tried, (std::set<std::size_t>{1, 3}));
            if (all.has(home)) {
                EXPECT_EQ(all.to_try(home, 0, number), home);
            }
        }
}

name_lookup::answer answer_of(const std::vector<std::string>& addresses) {
    name_lookup::answer answer;
    for (const auto& address : addresses)
        answer.addresses.push_back(numeric_address(address, 80).value());
    if (addresses.empty())
        answer.error = "pods.test: Name or service not known";
    return answer;
}

TEST(resolved_name, tells_other_addresses_but_not_another_order) {
    resolved_name name({at("10.0.0.1"), at("fd00::2")});
    EXPECT_FALSE(name.take(answer_of({"fd00::2", "10.0.0.1", "fd00::2"})).addresses);
    const auto news = name.take(answer_of({"fd00::3", "10.0.0.1"}));
    ASSERT_TRUE(news.addresses);
    EXPECT_EQ(*news.addresses, (resolved_name::endpoints{at("fd00::3"), at("10.0.0.1")}));
    EXPECT_FALSE(name.take(answer_of({"10.0.0.1", "fd00::3"})).addresses);
}

TEST(resolved_name, a_failure_changes_nothing_and_is_told_once) {
    resolved_name name({at("10.0.0.1")});
    const auto news = name.take(answer_of({}));
    EXPECT_FALSE(news.addresses);
    EXPECT_EQ(news.failure, "pods.test: Name or service not known");
    EXPECT_FALSE(name.take(answer_of({})).failure);
    EXPECT_FALSE(name.take(answer_of({"10.0.0.1"})).addresses) << "it is as it was";
    EXPECT_FALSE(name.take(answer_of({})).failure);
    EXPECT_TRUE(name.take(answer_of({"10.0.0.2"})).addresses);
}

} // namespace
} // namespace beastmark::loadgen
