#include "loadgen/report.hpp"
#include "tests/browser/browser.hpp"
#include "tests/browser/fixture.hpp"
#include "tests/browser/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace beastmark {
namespace {

using browser::expect_drawn;
using browser::expect_quiet;
using browser::page_of;
using browser::with_script;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(report_in_browser, every_chart_of_ingest_has_marks) {
    const browser::visit visit = browser::open(page_of({fixture::staircase({})}));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 10U);
    expect_drawn(visit, "target-1-rate", {"achieved", "offered"}, 40);
    expect_drawn(visit, "target-1-latency", {"response p50", "response p99", "response p99.9", "service p99"},
                 40);
    expect_drawn(visit, "target-1-availability", {"availability"}, 40);
    expect_drawn(visit, "target-1-outcomes", {"as wanted", "timed out"}, 40);
    expect_drawn(visit, "target-1-cpu", {"ingest", "memcached", "postgres", "loadgen"}, 40);
    expect_drawn(visit, "target-1-memory", {"ingest", "memcached", "postgres", "loadgen"}, 40);
    expect_drawn(visit, "target-1-operations", {"INSERT p50", "INSERT p99", "cache set p50", "cache set p99"},
                 39);
    expect_drawn(visit, "target-1-pool-1", {"used", "idle"}, 40);
}

TEST(report_in_browser, the_words_and_tables_say_what_the_result_says) {
    const browser::visit visit = browser::open(page_of({fixture::staircase({})}));
    EXPECT_THAT(visit.dom,
                HasSubstr("Held 5k requests/s with 100&nbsp;% availability and a p99 response time of"));
    EXPECT_THAT(visit.dom,
                HasSubstr("Stopped at 0:40, with 8k requests/s asked: availability&lt;90% for 5s."));
    EXPECT_THAT(visit.dom, HasSubstr("highest held"));
    EXPECT_THAT(visit.dom, HasSubstr("Debian GNU/Linux 12 (bookworm)"));
    EXPECT_THAT(visit.dom, HasSubstr("<code>ingest --port 8180</code>"));
    EXPECT_THAT(visit.dom, HasSubstr("1 scrape of ingest failed (last: connect: Connection refused)."));
    EXPECT_THAT(visit.dom, Not(HasSubstr("<caption>By address"))) << "there is one";
}

TEST(report_in_browser, several_results_get_an_overview_and_a_section_each) {
    fixture::result_shape baseline{.target = "baseline",
                                   .step_rps = 4'000,
                                   .capacity_rps = 62'000,
                                   .with_database = false,
                                   .stopped = false};
    const browser::visit visit =
        browser::open(page_of({fixture::staircase({}), fixture::staircase(baseline)}));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("sections"), 2);
    EXPECT_EQ(visit.self_check->at("charts").size(), 10U + 8U + 1U);
    expect_drawn(visit, "target-2-cpu", {"baseline", "loadgen"}, 40);
    EXPECT_THAT(visit.dom, HasSubstr("<caption>Overview</caption>"));
    EXPECT_THAT(visit.dom, HasSubstr("<a href=\"#target-2\">baseline</a>"));
}

TEST(report_in_browser, the_figures_of_each_address_are_told_and_those_that_stand_out) {
    const json result = fixture::staircase_over_addresses({});
    const browser::visit visit = browser::open(page_of({result}));
    expect_quiet(visit);
    EXPECT_THAT(visit.dom, HasSubstr("10.0.0.3:8080 is dead: none of 21 attempts to connect succeeded. "
                                     "10.0.0.2:8080 is slow: its p99 is 70 ms."));
    EXPECT_EQ(
        browser::told_by({result}, R"(
        const table = [...document.querySelectorAll('table')].find(t => t.caption.textContent === 'By address');
        return [...table.tBodies[0].rows].map(row => [row.className, ...[...row.cells].map(c => c.textContent)].join(' | ')).join(' / ');)"),
        " | 10.0.0.1:8080 | 22 | 0 | 12,345 | 50 % | 1.1 ms | 1 ms | 1.8 ms | 3.5 ms | 7 ms | 11 ms | "
        "connection reset 3 / "
        "failing | 10.0.0.2:8080 slow | 22 | 0 | 12,300 | 50 % | 22 ms | 20 ms | 36 ms | 70 ms | 140 ms | "
        "220 ms | connection reset 3 / "
        "failing | 10.0.0.3:8080 dead | 0 | 21 | 0 | 0 % | – | – | – | – | – | – | "
        "connect: Connection refused 21");
    EXPECT_THAT(visit.dom, HasSubstr("The largest p99 is 20 times that of the median address."));
}

TEST(report_in_browser, the_figures_of_each_request_are_told) {
    json result = fixture::staircase({});
    result["targets"]["ingest"]["requests"] = {
        {{"name", "read"},
         {"offered", 900},
         {"sent", 900},
         {"outcomes", {{"ok", 900}}},
         {"response",
          {{"mean_us", 1100.0},
           {"p50_us", 1000.0},
           {"p90_us", 1800.0},
           {"p99_us", 3500.0},
           {"p999_us", 7000.0},
           {"max_us", 11000.0}}}},
        {{"name", "write"},
         {"offered", 100},
         {"sent", 90},
         {"outcomes", {{"ok", 75}, {"http_5xx", 15}, {"connect_error", 10}}},
         {"response", {{"p50_us", nullptr}}}}};
    const browser::visit visit = browser::open(page_of({result}));
    expect_quiet(visit);
    const auto told = browser::told_by({result}, R"(
        const table = [...document.querySelectorAll('table')].find(t => t.caption.textContent === 'By request');
        return [...table.tBodies[0].rows].map(row => [...row.cells].map(c => c.textContent).join(' | ')).join(' / ');)");
    EXPECT_THAT(told,
                HasSubstr("read | 900 | 900 | 100 % | 1.1 ms | 1 ms | 1.8 ms | 3.5 ms | 7 ms | 11 ms | "));
    EXPECT_THAT(told, HasSubstr("write | 100 | 90 | 75.00 % | – |"));
    EXPECT_THAT(told, HasSubstr("no connection 10, HTTP 5xx 15"));
}

TEST(report_in_browser, follows_the_preferred_theme_and_the_chosen_one) {
    const std::string page = page_of({fixture::staircase({})});
    std::map<std::string, std::string> backgrounds;
    const auto see = [&](const char* fragment, browser::preference preferred, const std::string& expected) {
        const browser::visit visit = browser::open(page, fragment, preferred);
        expect_quiet(visit);
        EXPECT_EQ(visit.self_check->at("theme"), expected);
        expect_drawn(visit, "target-1-cpu", {"ingest", "memcached", "postgres", "loadgen"}, 40);
        backgrounds[expected] = visit.self_check->at("background");
    };
    see("ink", browser::preference::light, "light");
    see("ink", browser::preference::dark, "dark");
    see("ink&light", browser::preference::dark, "light");
    EXPECT_EQ(backgrounds["light"], "rgb(246, 247, 249)");
    EXPECT_EQ(backgrounds["dark"], "rgb(18, 22, 28)");
}

TEST(report_in_browser, the_theme_button_repaints_the_charts) {
    const std::string script =
        "document.getElementById('theme').click();"
        "document.title = Object.values(Chart.instances).every(c => c.data.datasets.every("
        "s => s.borderColor !== '#0b63ce')) + ' ' + document.documentElement.dataset.theme;";
    const browser::visit visit = browser::open(with_script(page_of({fixture::staircase({})}), script));
    EXPECT_EQ(visit.title(), "true dark");
}

TEST(report_in_browser, hostile_strings_stay_text) {
    const std::string hostile = "</script><script>document.title='taken'</script><img src=x "
                                "onerror=\"document.title='taken'\">{{results}}";
    json result = fixture::staircase({.target = hostile});
    result["targets"][hostile]["url"] = hostile;
    result["targets"][hostile]["totals"]["errors"] = {{hostile, 3}};
    result["targets"][hostile]["totals"]["outcomes"][hostile] = 3;
    result["targets"][hostile]["totals"]["statuses"][hostile] = 3;
    result["run"]["stopped"] = {{"target", hostile}, {"condition", hostile}, {"at_s", 3.0}};
    result["manifest"]["command"] = hostile;
    result["manifest"]["labels"] = {{hostile, hostile}, {"__proto__", "x"}, {"constructor", "y"}};
    result["manifest"]["host"]["name"] = hostile;
    result["manifest"]["placement"] = {{{"name", hostile}, {"pid", hostile}, {"cpus", hostile}}};
    result["watched"]["__proto__"] = result["watched"]["loadgen"];
    result["watched"]["constructor"] = result["watched"]["loadgen"];
    result["scraped"][hostile]["series"][0]["labels"]["db_operation_name"] = hostile;
    result["scraped"][hostile]["last_failure"] = hostile;
    result["targets"][hostile]["addresses"] = {
        {"list", {{{"address", hostile}, {"errors", {{hostile, 3}}}, {"outcomes", {{hostile, 1}}}}}},
        {"findings", {{{"address", hostile}, {"kind", hostile}, {"text", hostile}}}}};
    result["targets"][hostile]["requests"] = {{{"name", hostile}, {"outcomes", {{hostile, 1}}}}};
    const std::vector<json> results{result};
    const browser::visit visit = browser::open(loadgen::render_report(results, {.title = "<b>" + hostile}));
    expect_quiet(visit);
    EXPECT_THAT(visit.dom, Not(HasSubstr("<img")));
    EXPECT_NE(visit.title(), "taken");
    EXPECT_THAT(visit.dom, HasSubstr("&lt;/script&gt;&lt;script&gt;document.title='taken'"));
    EXPECT_EQ(visit.self_check->at("charts").size(), 10U);
}

TEST(report_in_browser, odd_results_leave_gaps_and_no_error) {
    json bare{{"schema", "loadgen.result/1"}, {"targets", {{"t", {{"totals", json::object()}}}}}};
    json wrong = fixture::staircase({});
    wrong["manifest"] = 7;
    wrong["config"] = json::array();
    wrong["run"] = "run";
    wrong["targets"]["ingest"]["addresses"] = {{"list", {nullptr, 3, {{"response", "x"}, {"outcomes", 7}}}},
                                               {"findings", {nullptr, 1}}};
    wrong["targets"]["ingest"]["requests"] = {nullptr, 3, {{"response", "x"}, {"outcomes", 7}}};
    wrong["watched"] = {
        {"a", nullptr}, {"b", {{"t_s", "x"}}}, {"c", {{"t_s", {1, nullptr, 3}}, {"cpu_cores", {nullptr}}}}};
    wrong["scraped"] = {{"a", 1},
                        {"b", {{"series", {nullptr, 1, {{"name", "db_client_connection_count"}}}}}}};
    wrong["targets"]["ingest"]["stages"] = {nullptr, json::object(), 3};
    wrong["targets"]["ingest"]["timeline"] = {nullptr, {{"t_s", 1.0}}, {{"t_s", "2"}}};
    const browser::visit visit = browser::open(page_of({fixture::empty(), bare, wrong}));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("sections"), 3);
    EXPECT_THAT(visit.dom, HasSubstr("Nothing was sent."));
    EXPECT_THAT(visit.dom, HasSubstr("The run recorded nothing of this."));
}

TEST(report_in_browser, one_second_is_a_visible_point) {
    const browser::visit visit = browser::open(
        page_of({fixture::staircase({.stages = 1, .seconds_per_stage = 1, .with_database = false})}));
    expect_quiet(visit);
    const json ink = visit.chart("target-1-rate", "ink");
    ASSERT_EQ(ink.at("series").size(), 2U);
    for (const json& series : ink.at("series"))
        EXPECT_GT(series.at("pixels"), 8) << series.at("label");
}

TEST(report_in_browser, eight_hours_are_thinned_without_losing_a_spike_or_a_gap) {
    json result = fixture::staircase(
        {.stages = 24, .seconds_per_stage = 1'200, .step_rps = 100, .with_database = false});
    json& timeline = result["targets"]["ingest"]["timeline"];
    ASSERT_EQ(timeline.size(), 28'800U);
    timeline[12'345]["response"]["p99_us"] = 9e6;
    timeline[20'001]["response"]["p99_us"] = nullptr;
    const std::string script = "const points = Chart.getChart(document.querySelector('#target-1-latency "
                               "canvas')).data.datasets[1].data;"
                               "document.title = points.length + ' ' + points.filter(p => p.y === 9000 && "
                               "p.x === 12345.5).length + ' ' +"
                               "points.filter(p => Number.isNaN(p.y)).length;";
    const browser::visit visit = browser::open(with_script(page_of({result}), script), "");
    expect_quiet(visit);
    EXPECT_THAT(visit.title(), ::testing::MatchesRegex("(1|2)[0-9][0-9][0-9] 1 1"));
}

TEST(report_in_browser, the_pointed_time_is_shown_in_every_chart_of_the_target) {
    const std::string script = R"(
        const canvas = document.querySelector('#target-1-rate canvas');
        const scale = Chart.getChart(canvas).scales.x;
        const box = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + scale.getPixelForValue(12.5), clientY: box.top + 50}));
        const value = (chart, line) => document.querySelectorAll(`#target-1-${chart} .legend .value`)[line].textContent;
        document.title = [value('rate', 1), value('availability', 0), value('pool-1', 0),
            document.querySelector('.tip p').textContent].join(' | ').replaceAll('\u00a0', ' ');)";
    const browser::visit visit = browser::open(with_script(page_of({fixture::staircase({})}), script), "");
    expect_quiet(visit);
    EXPECT_THAT(visit.dom,
                HasSubstr("<title>3k/s | 100 % | 4 connections | 0:13 · 3k requests/s asked</title>"));
}

TEST(report_in_browser, a_legend_entry_hides_its_line) {
    const std::string script =
        "const entry = document.querySelectorAll('#target-1-cpu .legend button')[1]; entry.click();"
        "document.title = entry.getAttribute('aria-pressed') + ' ' +"
        "Chart.getChart(document.querySelector('#target-1-cpu canvas')).isDatasetVisible(1);";
    const browser::visit visit = browser::open(with_script(page_of({fixture::staircase({})}), script), "");
    EXPECT_EQ(visit.title(), "false false");
}

TEST(report_in_browser, charts_have_descriptions_and_tables_headings) {
    const std::string script =
        "const all = (what) => [...document.querySelectorAll(what)];"
        "document.title = all('canvas').length + ' ' + all('canvas[role=img][aria-label]').length + ' ' +"
        "all('table').every(t => t.caption && t.tHead.querySelectorAll('th[scope=col]').length > 0);";
    const browser::visit visit = browser::open(with_script(page_of({fixture::staircase({})}), script), "");
    EXPECT_EQ(visit.title(), "10 10 true");
    EXPECT_THAT(visit.dom, HasSubstr("aria-label=\"CPU over time: ingest up to"));
}

TEST(browser_harness, sees_what_a_broken_page_says) {
    const browser::visit visit =
        browser::open(with_script(page_of({fixture::empty()}), "no_such_function();"), "");
    ASSERT_EQ(visit.console.size(), 1U);
    EXPECT_THAT(visit.console[0], HasSubstr("no_such_function is not defined"));
}

} // namespace
} // namespace beastmark
