#include "loadgen/comparison.hpp"
#include "loadgen/comparison_cells.hpp"
#include "loadgen/comparison_output.hpp"
#include "loadgen/comparison_words.hpp"
#include "tests/unit/loadgen/compared_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing_results::ladder;
using testing_results::result_of;
using testing_results::step;
using testing_results::watch;

json watched(json result, double us, double mib) {
    const auto name = result["targets"].begin().key();
    watch(result, name, us, mib * 1024 * 1024);
    return result;
}

/// Three rounds of cpp, cpp-2, go and slow. In the medians cpp holds 8000, go 4000 and slow 1000.
std::vector<json> four_targets() {
    std::vector<json> all;
    for (const double held : {8'000.0, 16'000.0, 8'000.0})
        all.push_back(watched(ladder("cpp", held, 32'000, 1), 10, 5));
    for (const double held : {4'000.0, 4'000.0, 4'000.0})
        all.push_back(watched(ladder("go", held, 32'000, 3), 30, 20));
    for (const double held : {1'000.0, 1'000.0, 2'000.0})
        all.push_back(watched(ladder("slow", held, 32'000, 20), 400, 200));
    for (const double held : {8'000.0, 8'000.0, 8'000.0})
        all.push_back(watched(ladder("cpp-2", held, 32'000, 1), 11, 5));
    return all;
}

comparison compared(const std::vector<json>& results, const objective& wanted = {}) {
    auto outcome = compare(results, wanted);
    EXPECT_TRUE(outcome.found) << outcome.why_not;
    return outcome.found.value_or(comparison{});
}

text_cell cell(const comparison& all, std::size_t table, const std::string& title, std::size_t column) {
    const auto tables = tables_of(all);
    for (const text_row& row : tables.at(table).rows)
        if (row.title == title)
            return row.cells.at(column);
    ADD_FAILURE() << title;
    return {};
}

std::string text(const text_cell& one) {
    return one.value + " (" + one.range + ") " + one.remark;
}

TEST(comparison, groups_rounds_by_target_in_order_of_appearance) {
    auto results = four_targets();
    std::swap(results[1], results[5]); // interleaved: cpp, go, cpp, go, go, cpp, ...
    const auto all = compared(results);
    ASSERT_EQ(all.targets.size(), 4U);
    EXPECT_EQ(all.targets[0].name, "cpp");
    EXPECT_EQ(all.targets[1].name, "go");
    EXPECT_EQ(all.targets[3].name, "cpp-2");
    EXPECT_EQ(all.targets[3].twin_of, 0U);
    EXPECT_FALSE(all.targets[1].twin_of);
    ASSERT_EQ(all.targets[0].rounds.size(), 3U);
    EXPECT_EQ(all.targets[0].rounds[0].result, 0U);
    EXPECT_EQ(all.targets[0].rounds[1].result, 2U);
    EXPECT_EQ(all.targets[0].rounds[2].result, 5U);
}

TEST(comparison, the_table_has_medians_and_ranges) {
    const auto all = compared(four_targets());
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 0)), "8,000 (8,000 to 16,000) ");
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 1)), "4,000 (each round) ");
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 2)), "1,000 (1,000 to 2,000) ");
    EXPECT_EQ(all.equal_rps, 1'000) << "the highest that all held";
    EXPECT_EQ(text(cell(all, 0, "p99 at 1,000 requests/s", 1)), "3 ms (each round) ");
    EXPECT_EQ(text(cell(all, 0, "CPU per request at 1,000 requests/s", 2)), "400 us (each round) ");
    EXPECT_EQ(text(cell(all, 0, "CPU per request at its own highest rate", 0)), "10 us (each round) ");
    EXPECT_EQ(text(cell(all, 0, "Requests per core-second there", 1)), "33,333 (each round) ");
    EXPECT_EQ(text(cell(all, 0, "Peak memory", 2)), "200 MiB (each round) ");
    EXPECT_EQ(text(cell(all, 0, "Availability at 4,000 requests/s", 2)), "70.00 % () 1 of 3 rounds");
    EXPECT_EQ(text(cell(all, 0, "Availability at 4,000 requests/s", 0)), "100 % (each round) ");
}

TEST(comparison, ratios_are_paired_by_round_and_the_twin_is_the_noise_floor) {
    const auto all = compared(four_targets());
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 0)), "0.5 (0.25 to 0.5) no difference shown")
        << "cpp-2 was half of cpp in round 2";
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 1)), "0.125 (0.0625 to 0.25) ");
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 2)), "1 (0.5 to 1) ");
    EXPECT_EQ(text(cell(all, 1, "CPU per request at 1,000 requests/s", 0)), "3 (each round) ");
    EXPECT_EQ(tables_of(all).at(1).columns, (std::vector<std::string>{"go", "slow", "cpp-2 (noise floor)"}));
}

TEST(comparison, the_headline_says_it_in_words) {
    auto results = four_targets();
    results.resize(9); // without cpp-2
    const auto all = compared(results);
    const auto headline = headline_of(all);
    EXPECT_EQ(
        headline.at(0),
        "cpp holds 8,000 requests/s (8,000 to 16,000), 2 times go (2 to 4) and 8 times slow (4 to 16).");
    EXPECT_EQ(headline.at(1),
              "At 1,000 requests/s, the highest rate that all held, p99 is 1 ms for cpp, 3 ms for go and 20 "
              "ms for slow; "
              "the service's CPU time per request is 10 us for cpp, 30 us for go and 400 us for slow.");
    EXPECT_THAT(notes_of(all), Contains(HasSubstr("the noise floor is not known")));
    EXPECT_EQ(
        headline_of(compared(four_targets())).at(2),
        "cpp-2 is the same program as cpp: what they differ by is the noise floor, a factor of 1 (0.5 to 1) "
        "for the rate held.");
    EXPECT_THAT(notes_of(compared(four_targets())), Not(Contains(HasSubstr("the noise floor is not known"))));
}

TEST(comparison, what_is_no_difference_is_not_called_one) {
    std::vector<json> results;
    for (const double held : {4'000.0, 8'000.0, 4'000.0})
        results.push_back(ladder("cpp", held));
    for (const double held : {4'000.0, 4'000.0, 8'000.0})
        results.push_back(ladder("go", held));
    EXPECT_EQ(headline_of(compared(results)).at(0),
              "cpp holds 4,000 requests/s (4,000 to 8,000). go holds 4,000 requests/s (4,000 to 8,000); no "
              "difference to cpp is shown.");
}

TEST(comparison, what_chance_does_is_said_by_the_fewest_rounds) {
    const auto said = [](int cpp, int go) {
        std::vector<json> results;
        for (int i = 0; i < cpp; ++i)
            results.push_back(ladder("cpp", 8'000));
        for (int i = 0; i < go; ++i)
            results.push_back(ladder("go", 4'000));
        return notes_of(compared(results));
    };
    EXPECT_THAT(said(5, 3),
                Contains("With 3 rounds, all ratios of a program to itself lie on one side of 1 in one "
                         "of 4 rows by chance."));
    EXPECT_THAT(said(11, 11), Contains(HasSubstr("in one of 1,024 rows by chance.")));
    EXPECT_THAT(said(1, 1), Not(Contains(HasSubstr("by chance"))));
    EXPECT_THAT(said(3, 0), Not(Contains(HasSubstr("by chance")))) << "no ratios";
    EXPECT_THAT(comparison_json(compared(four_targets()))["notes"].dump(),
                HasSubstr("in one of 4 rows by chance"))
        << "the page has it";
}

TEST(comparison, noise_that_is_not_known_is_not_0) {
    std::vector<json> results;
    for (int round = 0; round < 2; ++round) {
        results.push_back(ladder("cpp", 8'000, 8'000)); // both are "at least"
        results.push_back(ladder("cpp-2", 8'000, 8'000));
        results.push_back(ladder("go", 2'000, 8'000));
    }
    const auto all = compared(results);
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 1)),
              "at most 0.25 (0.25 or less) noise not known");
    EXPECT_THAT(headline_of(all).at(0), HasSubstr("at least 4 times go (4 or more, noise not known)."));
    results[1] = results[4] = result_of("cpp-2", {{.rate = 1'000, .p99_ms = 70}}); // which held nothing
    EXPECT_EQ(cell(compared(results), 1, "Highest rate held, requests/s", 1).remark, "noise not known");
    EXPECT_EQ(cell(compared(results), 1, "p99 at 1,000 requests/s", 1).remark, "no difference shown");
}

TEST(comparison, a_miss_above_stages_that_decide_nothing_bounds_the_rate) {
    const step lost{.rate = 4'000, .verdict = "disturbed", .cause = "steal", .believable = false};
    const auto steps =
        std::vector<step>{{.rate = 1'000}, {.rate = 2'000}, lost, {.rate = 8'000, .p99_ms = 90}};
    const auto all = compared({result_of("cpp", steps), ladder("go", 1'000, 8'000)});
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 0)), "2,000 to 4,000 () ");
    EXPECT_EQ(headline_of(all).at(0), "cpp holds 2,000 to 4,000 requests/s, 2 to 4 times go (one round).");
    EXPECT_THAT(notes_of(all),
                Contains("cpp, round 1: the rate held is a range: 4,000/s is not to be believed "
                         "(disturbed: the hypervisor took CPU time), 8,000/s was too much."));
}

TEST(comparison, a_run_without_stages_is_a_round_all_the_same) {
    const auto all =
        compared({ladder("cpp", 2'000), ladder("cpp", 8'000), result_of("go", {}), ladder("go", 4'000)});
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 1)), "4,000 () 1 of 2 rounds");
    EXPECT_EQ(cell(all, 1, "Highest rate held, requests/s", 0).value, "0.5") << "to cpp's second round";
    EXPECT_THAT(notes_of(all),
                Contains("go, round 1: nothing is known of the rate held: no rate was asked of it."));
    const auto none = compared({ladder("cpp", 2'000), ladder("cpp", 8'000), result_of("go", {})});
    EXPECT_EQ(none.targets.size(), 1U) << "a target without any figure";
    EXPECT_FALSE(compare(std::vector<json>{ladder("cpp", 2'000), result_of("cpp", {})}).found)
        << "one is none";
}

TEST(comparison, one_round_shows_no_difference) {
    const auto all = compared({ladder("cpp", 8'000), ladder("go", 4'000)});
    EXPECT_EQ(headline_of(all).at(0), "cpp holds 8,000 requests/s, 2 times go (one round).");
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 0)), "0.5 () one round");
    EXPECT_THAT(notes_of(all),
                Contains("With one round there is no range, and no difference can be told from noise."));
    EXPECT_EQ(tables_of(all).at(0).title, "One round");
}

TEST(comparison, a_target_that_never_holds_is_said_and_has_no_equal_rate) {
    const auto all = compared({ladder("cpp", 4'000), ladder("cpp", 4'000),
                               result_of("bad", {{.rate = 1'000, .p99_ms = 70}}),
                               result_of("bad", {{.rate = 1'000, .p99_ms = 90}})});
    EXPECT_FALSE(all.equal_rps);
    EXPECT_EQ(text(cell(all, 0, "Highest rate held, requests/s", 1)), "none (each round) ");
    EXPECT_EQ(text(cell(all, 0, "p99 at 1,000 requests/s", 1)), "80 ms (70 ms to 90 ms) ");
    EXPECT_EQ(tables_of(all).at(1).rows.at(0).title, "p99 at 1,000 requests/s") << "no ratio to nothing";
    EXPECT_EQ(headline_of(all).at(0), "cpp holds 4,000 requests/s (each round). bad held no rate with p99 "
                                      "below 50 ms and availability above 99.9 %.");
    EXPECT_THAT(notes_of(all), Contains("There is no rate that all targets held."));
}

TEST(comparison, the_last_stage_held_makes_it_at_least) {
    const auto all = compared({ladder("cpp", 8'000, 8'000), ladder("cpp", 8'000, 8'000),
                               ladder("go", 2'000, 8'000), ladder("go", 2'000, 8'000)});
    EXPECT_EQ(headline_of(all).at(0),
              "cpp holds at least 8,000 requests/s (8,000 or more), at least 4 times go (4 or more).");
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 0)), "at most 0.25 (0.25 or less) ");
    EXPECT_THAT(notes_of(all), Contains("cpp, rounds 1 and 2: the rate held is \"at least\": 8,000/s, the "
                                        "highest rate asked, was held."));
}

TEST(comparison, two_that_are_open_cannot_be_compared) {
    const auto all = compared({ladder("cpp", 8'000, 8'000), ladder("cpp", 8'000, 8'000),
                               ladder("go", 8'000, 8'000), ladder("go", 8'000, 8'000)});
    EXPECT_THAT(
        headline_of(all).at(0),
        HasSubstr(
            "go holds at least 8,000 requests/s (8,000 or more); how it compares with cpp is not known."));
    EXPECT_EQ(text(cell(all, 1, "Highest rate held, requests/s", 0)), "not known () ");
}

TEST(comparison, stages_not_to_be_believed_are_left_out_and_counted) {
    const step limited{.rate = 4'000,
                       .p99_ms = 900,
                       .availability = 0.5,
                       .verdict = "generator-limited",
                       .cause = "own-cpu",
                       .believable = false};
    const step lost{
        .rate = 1'000, .p99_ms = 900, .verdict = "disturbed", .cause = "steal", .believable = false};
    const auto all = compared({result_of("cpp", {{.rate = 1'000}, {.rate = 2'000}, limited}),
                               result_of("cpp", {lost, {.rate = 2'000}, limited})});
    EXPECT_EQ(headline_of(all).at(0), "cpp holds at least 2,000 requests/s (2,000 or more).");
    const auto notes = notes_of(all);
    EXPECT_THAT(notes, Contains("cpp, rounds 1 and 2: the rate held is \"at least\": 4,000/s is not to be "
                                "believed (generator-limited: a "
                                "load thread used a whole core)."));
    EXPECT_THAT(notes, Contains("Stages that are not to be believed are left out: 3 of 6 of cpp."));
    const auto& stages = all.targets[0].stages;
    EXPECT_TRUE(stages.at(0).believable);
    EXPECT_EQ(stages[0].values[static_cast<std::size_t>(measure::p99_us)]->rounds, 1U);
    EXPECT_FALSE(stages.at(2).believable);
    EXPECT_EQ(stages[2].values[static_cast<std::size_t>(measure::p99_us)]->median.low, 900'000)
        << "drawn, but hollow";
    EXPECT_EQ(text(cell(all, 0, "p99 at 1,000 requests/s", 0)), "1 ms () 1 of 2 rounds");
}

TEST(comparison, who_was_not_watched_has_no_cpu_and_is_named) {
    const auto all = compared({watched(ladder("cpp", 4'000), 10, 5), watched(ladder("cpp", 4'000), 12, 5),
                               ladder("go", 4'000), ladder("go", 4'000)});
    EXPECT_EQ(text(cell(all, 0, "CPU per request at 4,000 requests/s", 0)), "11 us (10 us to 12 us) ");
    EXPECT_EQ(text(cell(all, 0, "CPU per request at 4,000 requests/s", 1)), "- () ");
    EXPECT_THAT(notes_of(all),
                Contains("go was not watched (--watch go=PID): its CPU and memory are not known."));
    const auto none = compared({ladder("cpp", 4'000), ladder("go", 4'000)});
    const auto tables = tables_of(none);
    for (const text_row& row : tables.at(0).rows)
        EXPECT_THAT(row.title, Not(HasSubstr("CPU"))) << "a figure that nobody has";
}

TEST(comparison, rounds_of_one_target_are_a_comparison) {
    const auto all = compared({ladder("cpp", 4'000), ladder("cpp", 8'000), ladder("cpp", 8'000)});
    EXPECT_EQ(headline_of(all).at(0), "cpp holds 8,000 requests/s (4,000 to 8,000).");
    EXPECT_EQ(tables_of(all).size(), 1U) << "no ratios";
}

TEST(comparison, of_two_rounds_the_lower_rate_is_the_one_held) {
    const auto all = compared({ladder("cpp", 4'000), ladder("cpp", 8'000)});
    EXPECT_EQ(headline_of(all).at(0), "cpp holds 4,000 requests/s (4,000 to 8,000).")
        << "6,000 was never tried";
}

TEST(comparison, different_rates_are_no_comparison_and_said) {
    const auto shifted = result_of("go", {{.rate = 1'000}, {.rate = 3'000}, {.rate = 4'000}});
    const auto outcome = compare(std::vector<json>{ladder("cpp", 4'000), shifted});
    EXPECT_FALSE(outcome.found);
    EXPECT_EQ(outcome.why_not,
              "the rates differ: cpp, round 1 was asked for 2,000 requests/s, go, round 1 was not");
    const auto apart =
        compare(std::vector<json>{ladder("cpp", 4'000), result_of("go", {{.rate = 100}, {.rate = 200}})});
    EXPECT_EQ(apart.why_not, "there is no rate that all targets were asked for");
    EXPECT_TRUE(compare(std::vector<json>{ladder("cpp", 4'000),
                                          result_of("go", {{.rate = 1'000.2}, {.rate = 2'000.3}})})
                    .found)
        << "within a thousandth";
}

TEST(comparison, a_ladder_may_end_early_or_begin_later) {
    const auto late = result_of("cpp", {{.rate = 4'000}, {.rate = 8'000, .p99_ms = 90}});
    EXPECT_TRUE(compare(std::vector<json>{ladder("cpp", 4'000), late, ladder("go", 1'000)}).found);
}

TEST(comparison, other_results_are_shown_as_before) {
    const auto none = [](std::vector<json> results) {
        const auto outcome = compare(results);
        return !outcome.found && outcome.why_not.empty();
    };
    EXPECT_TRUE(none({ladder("cpp", 4'000)})) << "one result";
    auto both = ladder("cpp", 4'000);
    both["targets"]["go"] = both["targets"]["cpp"];
    EXPECT_TRUE(none({both})) << "together: they shared the machine";
    auto closed = ladder("cpp", 4'000);
    closed["config"]["loop"] = "closed";
    EXPECT_TRUE(none({closed, ladder("cpp", 4'000)}));
    auto post = ladder("post", 4'000);
    post["targets"]["post"]["method"] = "POST";
    EXPECT_TRUE(none({ladder("get", 4'000), post})) << "another workload";
    EXPECT_TRUE(none({json::object(), json::array()}));
}

TEST(comparison, the_objective_is_a_parameter) {
    std::vector<json> results{
        result_of("cpp", {{.rate = 1'000}, {.rate = 2'000, .p99_ms = 20}, {.rate = 4'000, .p99_ms = 80}}),
        ladder("go", 1'000)};
    EXPECT_THAT(headline_of(compared(results)).at(0), HasSubstr("cpp holds 2,000"));
    EXPECT_THAT(headline_of(compared(results, {.p99_us = 10'000})).at(0), HasSubstr("cpp holds 1,000"));
    EXPECT_EQ(compared(results, {.p99_us = 10'000, .availability = 0.99}).table.at(0).note,
              "p99 < 10 ms, availability > 99 %; higher is better");
}

TEST(comparison, the_text_keeps_to_a_hundred_columns_whatever_the_number_of_targets) {
    auto results = four_targets();
    for (const char* name : {"another-one", "and-one-more"})
        results.push_back(watched(ladder(name, 4'000, 32'000, 1), 10, 5));
    std::istringstream lines(comparison_text(compared(results)));
    std::size_t heads = 0;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << line;
        heads += line.find("rounds: median (range)") != std::string::npos ? 1 : 0;
    }
    EXPECT_GT(heads, 1U) << "several tables";
}

TEST(comparison, markdown_is_tables_that_no_name_breaks) {
    const auto text = comparison_markdown(
        compared({ladder("a|b", 4'000), ladder("a|b", 4'000), ladder("<i>", 2'000), ladder("<i>", 2'000)}),
        "T");
    EXPECT_THAT(text, AllOf(HasSubstr("# T\n"),
                            HasSubstr("| 2 rounds: median (range) | a\\|b | \\<i> |\n| --- | --: | --: |\n"),
                            HasSubstr("| 4,000 (each round) | 2,000 (each round) |\n"),
                            HasSubstr("| Ratio to a\\|b, round by round | \\<i> |")));
}

TEST(comparison, the_page_gets_medians_with_their_range) {
    const auto data = comparison_json(compared(four_targets()));
    EXPECT_EQ(data["objective"], json({{"p99_us", 50'000.0}, {"availability", 0.999}}));
    EXPECT_EQ(data["targets"][2]["name"], "slow");
    EXPECT_EQ(data["targets"][2]["results"], json({6, 7, 8}));
    EXPECT_EQ(data["targets"][2]["stages"][1]["p99_us"], json({400'000.0, 20'000.0, 400'000.0}));
    EXPECT_EQ(data["targets"][2]["stages"][1]["believable"], true);
    EXPECT_FALSE(data["targets"][2]["stages"][1].contains("insert_p99_us"));
    EXPECT_EQ(data["tables"].size(), 2U);
    EXPECT_EQ(data["tables"][0]["rows"][0]["cells"][0]["range"], "8,000 to 16,000");
}

} // namespace
} // namespace beastmark::loadgen
