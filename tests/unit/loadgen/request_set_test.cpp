#include "loadgen/request_set.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

const url where = url::parse("http://h/");

request_template a_request(const std::string& method, const std::string& body = "") {
    return {method, where, {}, body_template(body)};
}

request_set weighted(const std::vector<double>& weights, std::uint64_t seed = 1) {
    std::vector<request_set::named> several;
    for (std::size_t i = 0; i < weights.size(); ++i)
        several.push_back({"r" + std::to_string(i), weights[i], a_request("R" + std::to_string(i)), {}});
    return {std::move(several), seed};
}

TEST(request_set, of_one_request_has_that_for_all) {
    const request_set one = a_request("GET");
    EXPECT_EQ(one.size(), 1u);
    EXPECT_EQ(one.index_of(12'345), 0u);
    EXPECT_TRUE(one.of(7).constant_bytes().starts_with("GET / "));
    EXPECT_EQ(one.max_size(), 0u) << "nothing has to be rendered";
    EXPECT_FALSE(one.told_apart());
    EXPECT_FALSE(weighted({3}).told_apart());
}

// Of 200,000 draws each count is within five standard deviations of its share.
TEST(request_set, draws_by_weight) {
    for (const auto& weights : std::vector<std::vector<double>>{
             {1, 1}, {9, 1}, {1, 2, 3, 4}, {0.5, 1e-3, 100, 7, 7}, {1e9, 1}, {5, 5, 5}}) {
        const auto set = weighted(weights);
        ASSERT_TRUE(set.told_apart());
        double sum = 0;
        for (const auto w : weights)
            sum += w;
        std::vector<double> counts(weights.size());
        constexpr std::uint64_t draws = 200'000;
        for (std::uint64_t i = 0; i < draws; ++i)
            ++counts[set.index_of(i)];
        for (std::size_t k = 0; k < weights.size(); ++k) {
            const auto share = weights[k] / sum;
            EXPECT_NEAR(counts[k], share * draws, 5 * std::sqrt(share * draws) + 1) << k << " of " << sum;
        }
    }
}

TEST(request_set, the_choice_follows_from_seed_and_index_alone) {
    const auto one = weighted({1, 2, 3}, 5);
    const auto same = weighted({1, 2, 3}, 5);
    const auto other = weighted({1, 2, 3}, 6);
    std::size_t differ = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        EXPECT_EQ(one.index_of(i), same.index_of(i));
        differ += one.index_of(i) == other.index_of(i) ? 0 : 1;
    }
    EXPECT_GT(differ, 400u);
}

// Shards take every n-th arrival: none of them may get one kind of request only.
TEST(request_set, every_share_of_the_arrivals_is_mixed) {
    const auto set = weighted({1, 1});
    for (std::uint64_t shard = 0; shard < 8; ++shard) {
        int first = 0;
        for (std::uint64_t i = shard; i < 8000; i += 8)
            first += set.index_of(i) == 0 ? 1 : 0;
        EXPECT_NEAR(first, 500, 80) << shard;
    }
}

TEST(request_set, tells_name_expectation_and_the_room_of_what_is_rendered) {
    std::vector<request_set::named> three;
    three.push_back({"read", 1, a_request("GET"), {}});
    three.push_back({"write", 1, a_request("POST", "{{uuid}}"), 201});
    three.push_back({"touch", 1, a_request("POST", "{{seq}}"), {}});
    const auto room = three[1].request.max_size(); // the most of all
    const request_set set(std::move(three), 1);
    EXPECT_EQ(set.name(1), "write");
    EXPECT_EQ(set.expected(0), std::nullopt);
    EXPECT_EQ(set.expected(1), 201u);
    EXPECT_EQ(set.max_size(), room);
}

TEST(request_set, of_a_log_follows_its_list) {
    const std::vector<std::uint32_t> list{0, 1, 1, 0, 1};
    const request_set set({a_request("A"), a_request("B")},
                          std::make_shared<const std::vector<std::uint32_t>>(list));
    for (std::uint64_t i = 0; i < list.size(); ++i)
        EXPECT_EQ(set.index_of(i), list[i]);
    EXPECT_FALSE(set.told_apart()) << "there may be a million of them";
}

TEST(request_set, others_have_another_checksum) {
    EXPECT_EQ(weighted({1, 2}).checksum(), weighted({1, 2}).checksum());
    EXPECT_NE(weighted({1, 2}).checksum(), weighted({2, 2}).checksum());
    EXPECT_NE(weighted({1, 2}).checksum(), request_set(a_request("R0")).checksum());
    const auto of_list = [](const std::vector<std::uint32_t>& list) {
        return request_set({a_request("A"), a_request("B")},
                           std::make_shared<const std::vector<std::uint32_t>>(list))
            .checksum();
    };
    EXPECT_NE(of_list({0, 1}), of_list({1, 0}));
}

} // namespace
} // namespace beastmark::loadgen
