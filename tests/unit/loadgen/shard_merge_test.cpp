#include "loadgen/output_folder.hpp"
#include "loadgen/shard_merge.hpp"
#include "loadgen/shard_second.hpp"
#include "loadgen/shard_summary.hpp"
#include "loadgen/shard_test.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t shards = 3;
constexpr std::size_t seconds = 3;

run_options an_options() {
    run_options o;
    o.name = "it";
    o.stages = {{stage_kind::hold, 3s, 300, 300, 1}};
    o.targets = {parse_target("t=http://127.0.0.1:1/")};
    return o;
}

plan a_plan(const run_options& o) {
    plan what{.arrivals = schedule(o.stages, o.arrivals), .targets = {}};
    for (const auto& t : o.targets)
        what.targets.push_back(
            {t.name, t.where, request_template(o.method, t.where, {}, body_template(o.body)), {}});
    return what;
}

// What a shard of 100 arrivals a second saw: times at random over six decades.
report_block a_block(std::uint64_t shard, std::size_t row, std::vector<std::chrono::nanoseconds>* samples) {
    std::mt19937_64 random(shard * 1000 + row);
    std::uniform_real_distribution<double> exponent(3, 9);
    report_block b;
    b.row = row;
    b.ends = std::chrono::seconds(row + 1) + std::chrono::milliseconds(row == seconds - 1 ? shard : 0);
    b.connections = 10 + shard;
    b.evidence.cpu = std::chrono::milliseconds(100 * (shard + 1));
    b.counts = std::make_unique<interval>();
    auto& part = b.counts->of(0);
    part.counts.offered = part.counts.completed = 100;
    part.counts.not_connected = shard;
    part.counts.sent = part.counts.completed + part.counts.not_connected;
    part.counts.add(outcome::ok, 98);
    part.counts.add(outcome::http_5xx, 2);
    part.counts.statuses[200] = part.counts.good_statuses[200] = 98;
    part.counts.statuses[503] = 2;
    part.counts.add_error(phase::connect, boost::asio::error::connection_refused, shard + 1);
    part.counts.bytes_in = random() % 100'000;
    for (int i = 0; i < 98; ++i) {
        const auto t = std::chrono::nanoseconds(static_cast<std::int64_t>(std::pow(10, exponent(random))));
        part.times.response.record(t);
        part.times.service.record(t / 2);
        if (samples != nullptr)
            samples->push_back(t);
        // Each shard's names resolve in an order of their own.
        const auto last = 1 + (static_cast<std::size_t>(i) + shard) % 3;
        auto& there =
            part.addresses.at(static_cast<std::size_t>(i) % 3,
                              {boost::asio::ip::make_address("10.0.0." + std::to_string(last)), 80});
        ++there.outcomes[static_cast<std::size_t>(outcome::ok)];
        there.response.record(t);
    }
    for (const std::size_t request : {0, 1}) {
        auto& asked = part.requests.at(request, 2);
        asked.sent = 50 + shard * request;
        asked.outcomes[static_cast<std::size_t>(outcome::ok)] = 49;
        asked.response.record(std::chrono::milliseconds(1 + shard + request));
    }
    auto& unused = part.addresses.at(3, {boost::asio::ip::make_address("fd00::1"), 80});
    add_error(unused.not_opened, phase::connect, boost::asio::error::connection_refused, shard + 1);
    return b;
}

std::string shard_text(std::uint64_t index, const run_options& options, bool ended = true,
                       std::size_t of = shards, std::vector<std::chrono::nanoseconds>* samples = nullptr) {
    const auto what = a_plan(options);
    const shard_facts facts{
        .index = index, .host = "h" + std::to_string(index), .threads = 1, .connections = 10};
    auto text = json{{"schema", shard_schema},
                     {"test", test_json(what, options)},
                     {"of", of},
                     {"shards", json::array({facts_json(facts)})}}
                    .dump() +
                '\n';
    for (std::size_t row = 0; row < (ended ? seconds : 1); ++row)
        text += second_json(a_block(index, row, samples), {}).dump() + '\n';
    if (ended)
        text += json{{"ended", json::array({end_json(index, {.duration = 3s})})}}.dump() + '\n';
    return text;
}

merged_run merged_of(const std::vector<std::string>& texts) {
    shard_merge all;
    for (std::size_t i = 0; i < texts.size(); ++i)
        all.add("input " + std::to_string(i), texts[i]);
    return all.finish();
}

std::string refusal(const std::vector<std::string>& texts) {
    try {
        (void)merged_of(texts);
    } catch (const std::runtime_error& refused) {
        return refused.what();
    }
    return "taken";
}

TEST(shard_merge, percentiles_are_those_of_all_samples_in_one_histogram) {
    const auto options = an_options();
    std::vector<std::string> texts;
    std::vector<std::chrono::nanoseconds> samples;
    for (std::uint64_t i = 0; i < shards; ++i)
        texts.push_back(shard_text(i, options, true, shards, &samples));
    const auto merged = merged_of(texts);
    std::sort(samples.begin(), samples.end());
    const auto& total = merged.record.targets.front().total();
    ASSERT_EQ(total.times.response.count(), samples.size());
    EXPECT_EQ(total.times.response.min(), samples.front());
    EXPECT_EQ(total.times.response.max(), samples.back());
    histogram whole;
    for (const auto t : samples)
        whole.record(t);
    EXPECT_EQ(total.times.response.sum_ns(), whole.sum_ns());
    for (const double p : {50.0, 90.0, 99.0, 99.9}) {
        const auto rank = static_cast<std::size_t>(std::ceil(p / 100 * static_cast<double>(samples.size())));
        const auto exact = static_cast<double>(samples[rank - 1].count());
        const auto told = static_cast<double>(total.times.response.value_at_percentile(p).count());
        EXPECT_GE(told, exact) << p;
        EXPECT_LE(told, exact * 1.001) << p;
        EXPECT_EQ(total.times.response.value_at_percentile(p), whole.value_at_percentile(p));
    }
    EXPECT_EQ(total.counts.offered, 900U);
    EXPECT_EQ(total.counts.of(outcome::http_5xx), 18U);
    EXPECT_EQ(total.counts.not_connected, 9U);
    EXPECT_EQ(total.counts.statuses[503], 18U);
    const auto judged = judge(merged);
    EXPECT_EQ(judged.result["targets"]["t"]["totals"]["errors"]["connect: Connection refused"], 18);
    EXPECT_EQ(judged.result["targets"]["t"]["timeline"].size(), seconds);
    EXPECT_EQ(judged.result["shards"]["complete"], true);
    EXPECT_EQ(judged.result["shards"]["not_offered"]["t"], 0);
    EXPECT_EQ(judged.exit_code, 0);
}

TEST(shard_merge, the_figures_of_an_address_are_those_of_all_shards) {
    const auto options = an_options();
    std::vector<std::string> texts;
    address_tallies whole;
    for (std::uint64_t i = 0; i < shards; ++i) {
        texts.push_back(shard_text(i, options));
        for (std::size_t row = 0; row < seconds; ++row)
            whole.merge((*a_block(i, row, nullptr).counts)[0].addresses);
    }
    const auto merged = merged_of(texts);
    const auto told = merged.record.targets.front().addresses().in_order();
    const auto expected = whole.in_order();
    ASSERT_EQ(told.size(), 4U);
    for (std::size_t i = 0; i < told.size(); ++i) {
        EXPECT_EQ(told[i]->where, expected[i]->where);
        EXPECT_EQ(told[i]->outcomes, expected[i]->outcomes);
        EXPECT_EQ(told[i]->response.count(), expected[i]->response.count());
        EXPECT_EQ(told[i]->response.sum_ns(), expected[i]->response.sum_ns());
        EXPECT_EQ(told[i]->response.max(), expected[i]->response.max());
        EXPECT_EQ(told[i]->response.value_at_percentile(99), expected[i]->response.value_at_percentile(99));
    }
    const auto list = judge(merged).result["targets"]["t"]["addresses"]["list"];
    EXPECT_EQ(list[3]["address"], "[fd00::1]:80");
    EXPECT_EQ(list[3]["errors"]["connect: Connection refused"], 18);
}

TEST(shard_merge, the_figures_of_a_request_are_those_of_all_shards) {
    auto options = an_options();
    options.requests = {{.name = "read"}, {.name = "write", .expected = 201}};
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < shards; ++i)
        texts.push_back(shard_text(i, options));
    const auto merged = merged_of(texts);
    EXPECT_EQ(merged.record.targets.front().total().counts.good_statuses[200], 98U * shards * seconds);
    const auto result = judge(merged).result;
    EXPECT_EQ(result["config"]["requests"][1]["expect_status"], 201);
    const auto& told = result["targets"]["t"]["requests"];
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1]["name"], "write");
    EXPECT_EQ(told[0]["sent"], 50 * shards * seconds);
    EXPECT_EQ(told[1]["sent"], (50 + 51 + 52) * seconds);
    EXPECT_EQ(told[1]["offered"], 49 * shards * seconds);
    EXPECT_EQ(told[1]["response"]["count"], shards * seconds);
    EXPECT_EQ(told[1]["response"]["max_us"], 4000.0);
}

TEST(shard_merge, a_replayed_log_is_known_to_the_second) {
    auto options = an_options();
    replay_log log{.file = "a.log", .duration = 3s, .due_each_second = {300, 0, 600}, .due = {}, .which = {}};
    log.lines = 900;
    options.replay = std::make_shared<const replay_log>(log);
    options.stages = {{stage_kind::replay, 3s, 300, 300, 1}};
    const auto merged = merged_of({shard_text(0, options), shard_text(2, options)});
    const auto& arrivals = merged.record.what.arrivals;
    EXPECT_EQ(arrivals.size(), 900U);
    EXPECT_EQ(arrivals.arrivals_before(1s), 300U);
    EXPECT_EQ(arrivals.arrivals_before(2s), 300U);
    EXPECT_EQ(arrivals.segments()[0].kind, segment_kind::replay);
    const auto result = judge(merged).result;
    EXPECT_EQ(result["shards"]["not_offered"]["t"], 300) << "the share of shard 1";
    EXPECT_EQ(result["config"]["replay"]["due_each_second"][2], 600);
    EXPECT_EQ(result["config"]["arrivals"], "replay");
    EXPECT_EQ(result["targets"]["t"]["stages"][0]["kind"], "replay");
}

TEST(shard_merge, is_commutative_and_associative) {
    const auto options = an_options();
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < shards; ++i)
        texts.push_back(shard_text(i, options));
    const auto all = merged_of(texts).text;
    std::vector<std::size_t> order{0, 1, 2};
    do {
        const auto& a = texts[order[0]];
        const auto& b = texts[order[1]];
        const auto& c = texts[order[2]];
        EXPECT_EQ(merged_of({a, b, c}).text, all);
        EXPECT_EQ(merged_of({merged_of({a, b}).text, c}).text, all);
        EXPECT_EQ(merged_of({a, merged_of({b, c}).text}).text, all);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(merged_of({all}).text, all) << "merging one changes nothing";
}

TEST(shard_merge, a_missing_share_was_not_offered) {
    const auto options = an_options();
    const auto merged = merged_of({shard_text(0, options), shard_text(2, options)});
    EXPECT_FALSE(merged.complete());
    const auto judged = judge(merged);
    EXPECT_EQ(judged.exit_code, 5);
    EXPECT_EQ(judged.result["run"]["exit_code"], 5);
    const auto& told = judged.result["shards"];
    EXPECT_EQ(told["of"], 3);
    EXPECT_EQ(told["complete"], false);
    EXPECT_EQ(told["not_offered"]["t"], 300);
    EXPECT_EQ(told["parts"][1]["state"], "missing");
    EXPECT_EQ(told["parts"][1]["not_offered"]["t"], 300);
    EXPECT_EQ(told["parts"][2]["state"], "complete");
    EXPECT_EQ(told["parts"][2]["offered"]["t"], 300);
    EXPECT_EQ(judged.result["targets"]["t"]["totals"]["offered"], 600);
    EXPECT_THAT(shards_text(merged), HasSubstr("shard 1: missing; not offered to t: 300"));
}

TEST(shard_merge, of_a_shard_that_was_cut_off_what_it_told_counts) {
    const auto options = an_options();
    auto cut = shard_text(1, options, false);
    cut += R"({"target":0,"row":1,"ends)"; // killed while it wrote
    const auto merged = merged_of({shard_text(0, options), cut, shard_text(2, options)});
    const auto judged = judge(merged);
    EXPECT_EQ(judged.exit_code, 5);
    EXPECT_EQ(judged.result["shards"]["parts"][1]["state"], "cut off");
    EXPECT_EQ(judged.result["shards"]["parts"][1]["offered"]["t"], 100);
    EXPECT_EQ(judged.result["shards"]["parts"][1]["not_offered"]["t"], 200);
    EXPECT_EQ(judged.result["targets"]["t"]["totals"]["offered"], 700);
}

TEST(shard_merge, shards_of_another_test_are_refused_by_name) {
    const auto options = an_options();
    const auto first = shard_text(0, options);
    auto other = options;
    other.arrivals.seed = 7;
    EXPECT_THAT(
        refusal({first, shard_text(1, other)}),
        AllOf(HasSubstr("input 1: of another test than input 0"), HasSubstr("config/seed is 1 and 7")));
    other = options;
    other.stages.front().to_rps = other.stages.front().from_rps = 400;
    EXPECT_THAT(refusal({first, shard_text(1, other)}),
                HasSubstr("config/stages/0/from_rps is 300.0 and 400.0"));
    other = options;
    other.targets = {parse_target("t=http://127.0.0.1:2/")};
    EXPECT_THAT(refusal({first, shard_text(1, other)}), HasSubstr("targets/0/url"));
    other = options;
    other.body = "x";
    EXPECT_THAT(refusal({first, shard_text(1, other)}), HasSubstr("request_crc32"));
    other = options;
    other.name = "that";
    EXPECT_THAT(refusal({first, shard_text(1, other)}), HasSubstr(R"(name is "it" and "that")"));
    EXPECT_THAT(refusal({first, shard_text(1, options, true, 4)}),
                HasSubstr("input 1: one of 4 shards, input 0 is one of 3"));
    EXPECT_THAT(refusal({first, first}), HasSubstr("input 1: shard 0 is in input 0, too"));
    EXPECT_THAT(refusal({merged_of({first, shard_text(1, options)}).text, shard_text(1, options)}),
                HasSubstr("shard 1 is in input 0, too"));
}

TEST(shard_merge, what_is_no_shard_is_told_with_its_line) {
    const auto options = an_options();
    EXPECT_THAT(refusal({""}), HasSubstr("input 0: not the shard.ndjson of a shard"));
    EXPECT_THAT(refusal({R"({"schema":"loadgen.timeline/1"})"}), HasSubstr("not the shard.ndjson"));
    EXPECT_THAT(refusal({shard_text(0, options) + "{}\n"}), HasSubstr("input 0: line 6: "));
    EXPECT_THAT(refusal({shard_text(0, options) + "nonsense\n"}), HasSubstr("line 6: not JSON"));
    EXPECT_THAT(refusal({shard_text(3, options)}), HasSubstr("there is no shard 3 of 3"));
    const auto with = [&](const char* from, const std::string& to) {
        auto text = shard_text(0, options);
        const auto at = text.find(from, text.find('\n'));
        return text.replace(at, std::string(from).size(), to);
    };
    EXPECT_THAT(refusal({with(R"("row":0)", R"("row":4000000000)")}), HasSubstr("is after the end"));
    EXPECT_THAT(refusal({with(R"("target":0)", R"("target":1)")}), HasSubstr("no such target"));
    EXPECT_THAT(refusal({with(R"("segment":0)", R"("segment":1)")}), HasSubstr("no such stage"));
    EXPECT_THAT(refusal({with(R"("hdr":"HIST)", R"("hdr":"HISS)")}), HasSubstr("not a histogram"));
    EXPECT_THAT(refusal({with(R"("min_ns":)", R"("min_ns":9)")}), HasSubstr("contradicts"));
    EXPECT_THAT(refusal({with(R"("address":"10.)", R"("address":"x.)")}),
                HasSubstr("an address that is none"));
    EXPECT_THAT(refusal({with(R"("port":80)", R"("port":65536)")}), HasSubstr("an address that is none"));
    EXPECT_THAT(refusal({with(R"("offered":100)", R"("offered":-1)")}), HasSubstr("\"offered\" is no count"));
}

} // namespace
} // namespace beastmark::loadgen
