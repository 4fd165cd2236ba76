// What the page shows of whether its figures can be believed, and whose doing they are.
#include "tests/browser/browser.hpp"
#include "tests/browser/fixture.hpp"
#include "tests/browser/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark {
namespace {

using browser::expect_drawn;
using browser::expect_quiet;
using browser::labels_of;
using browser::lines;
using browser::page_of;
using browser::with_script;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

/// Gives the page behind(chart): `marked(from_s, to_s)`: is there more than one colour behind the lines,
/// above the strip; `strip(at_s)`: has the bottom another colour than what is above.
const std::string look_behind = R"(
    const behind = (name) => {
        const chart = Chart.getChart(document.querySelector(`#target-1-${name} canvas`));
        chart.data.datasets.forEach((_, i) => chart.setDatasetVisibility(i, false));
        chart.options.scales.y.grid.display = false;
        chart.update();
        const ratio = chart.currentDevicePixelRatio;
        const { top, bottom } = chart.chartArea;
        const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        Object.assign(copy.canvas, { width: chart.canvas.width, height: chart.canvas.height });
        copy.drawImage(chart.canvas, 0, 0);
        const pixels = (from, to, high, low) => {
            const left = chart.scales.x.getPixelForValue(from);
            const width = Math.max(1, chart.scales.x.getPixelForValue(to) - left);
            const { data } = copy.getImageData(left * ratio, high * ratio, width * ratio, (low - high) * ratio);
            const seen = new Set();
            for (let p = 0; p < data.length; p += 4) seen.add(data.slice(p, p + 4).join());
            return seen;
        };
        return {
            marked: (from, to) => pixels(from, to, top + 5, bottom - 10).size > 1,
            strip: (at) => [...pixels(at, at, bottom - 3, bottom - 2)][0] !== [...pixels(at, at, bottom - 12, bottom - 11)][0],
        };
    };
)";

TEST(judged_report_in_browser, the_new_panels_are_drawn) {
    const browser::visit visit = browser::open(page_of({fixture::judged_staircase({})}));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 12U);
    expect_drawn(visit, "target-1-outcomes", {"as wanted", "HTTP 5xx", "timed out", "connection reset"}, 40);
    expect_drawn(
        visit, "target-1-generator",
        {"CPU, busiest thread", "ready but not run", "stopped by its quota", "stolen by the hypervisor"}, 40);
    EXPECT_EQ(labels_of(visit.chart("target-1-lag")),
              (lines{"generator lag p99", "wait for a connection p99", "longest stall of an event loop"}));
    EXPECT_EQ(visit.chart("target-1-lag")["series"][0]["marks"], 40);
    EXPECT_EQ(visit.chart("target-1-lag")["series"][1]["marks"], 15) << "a logarithmic axis has no zero";
}

TEST(judged_report_in_browser, seconds_not_to_be_believed_are_hatched_in_every_chart) {
    const std::string script = look_behind + R"(
        const one_by_one = ['rate', 'outcomes', 'lag', 'cpu', 'pool-1'].map((name) => {
            const { marked, strip } = behind(name);
            return [marked(11.1, 13.9), marked(21.1, 23.9), marked(5.2, 9.8), marked(14.1, 14.9), marked(25.2, 29.8), strip(27), strip(7)].map(Number).join('');
        });
        document.title = one_by_one.join(' ');)";
    for (const char* theme : {"light", "dark"}) {
        const browser::visit visit =
            browser::open(with_script(page_of({fixture::judged_staircase({})}), script), theme);
        expect_quiet(visit);
        EXPECT_EQ(visit.title(), "1100010 1100010 1100010 1100010 1100010") << theme;
        EXPECT_THAT(visit.dom, HasSubstr("Hatched seconds are not to be believed"));
        EXPECT_THAT(visit.dom, HasSubstr("A strip at the bottom: the service was saturated"));
    }
}

TEST(judged_report_in_browser, thinned_lines_on_top_of_each_other_keep_the_same_times) {
    const json result = fixture::judged_staircase(
        {.stages = 8, .seconds_per_stage = 1'200, .capacity_rps = 5'990, .with_database = false});
    const std::string script = R"(
        const lines = Chart.getChart(document.querySelector('#target-1-outcomes canvas')).data.datasets.map(set => set.data);
        const reset = lines[3].filter(p => p.y > 0)[0];
        document.title = [lines.length, lines[0].length < 9600, lines.every(l => l.length === lines[0].length &&
            l.every((p, i) => p.x === lines[0][i].x)), reset.x > 6000].join(' ');)";
    const browser::visit visit = browser::open(with_script(page_of({result}), script), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.title(), "4 true true true");
}

TEST(judged_report_in_browser, the_tip_says_what_was_judged) {
    const std::string script = R"(
        const canvas = document.querySelector('#target-1-rate canvas');
        const scale = Chart.getChart(canvas).scales.x;
        const box = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + scale.getPixelForValue(12.5), clientY: box.top + 50}));
        document.title = document.querySelector('.tip .judged').textContent;)";
    const browser::visit visit =
        browser::open(with_script(page_of({fixture::judged_staircase({})}), script), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.title(), "disturbed: the hypervisor took CPU time");
}

TEST(judged_report_in_browser, a_shard_that_is_missing_has_a_banner) {
    auto result = fixture::judged_staircase({});
    result["shards"] = {
        {"complete", false},
        {"parts",
         {{{"index", 0}, {"state", "complete"}, {"host", "a"}, {"not_offered", {{"ingest", 0}}}},
          {{"index", 1}, {"state", "missing"}, {"not_offered", {{"ingest", 1234}}}}}}};
    const std::string script = "document.title = document.querySelectorAll('.banner')[1].textContent;";
    const browser::visit visit = browser::open(with_script(page_of({result}), script), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.title(), "!Of 2 shards shard 1 is missing, and did not offer 1,234 requests.");
}

TEST(judged_report_in_browser, the_banner_has_a_look_and_a_sign_for_each_class) {
    const auto banner = [](const json& validity) {
        json result = fixture::judged_staircase({});
        result["targets"]["ingest"]["validity"].update(validity);
        const std::string script =
            "const banner = document.querySelector('.banner');"
            "document.title = banner.className + ' | ' + [...banner.children].map(c => "
            "c.textContent).join(' | ');";
        const browser::visit visit = browser::open(with_script(page_of({result}), script), "");
        expect_quiet(visit);
        return visit.title();
    };
    EXPECT_THAT(
        banner(json::object()),
        HasSubstr("banner warning | ! | NOT TO BE BELIEVED: generator-limited in 3 of 40 s: the load"));
    EXPECT_EQ(banner({{"verdict", "valid"}, {"believable", true}, {"text", "VALID: 38 of 40 s <b>"}}),
              "banner good | ✓ | VALID: 38 of 40 s &lt;b&gt;");
    EXPECT_EQ(banner({{"verdict", "server-saturated"}, {"believable", true}, {"text", "VALID: 38 of 40 s"}}),
              "banner information | i | VALID: 38 of 40 s");
    EXPECT_EQ(banner({{"verdict", "disturbed"}, {"cause", "steal"}, {"text", nullptr}}),
              "banner warning | ! | NOT TO BE BELIEVED: disturbed: the hypervisor took CPU time");
}

TEST(judged_report_in_browser, a_stage_not_to_be_believed_was_not_held) {
    const browser::visit visit = browser::open(page_of({fixture::judged_staircase({})}), "");
    expect_quiet(visit);
    EXPECT_THAT(visit.dom, HasSubstr("Held 4k requests/s with 100&nbsp;% availability"));
    EXPECT_THAT(visit.dom, HasSubstr("Stage 5, with 5k requests/s, is left out: its figures are not to be "
                                     "believed (generator-limited: a load thread used a whole core)."));
    json none = fixture::judged_staircase({});
    for (json& stage : none["targets"]["ingest"]["stages"])
        stage["validity"]["believable"] = false;
    const browser::visit other = browser::open(page_of({none}), "");
    EXPECT_THAT(other.dom, HasSubstr("No stage that can be believed was held with 99 % availability."));
    EXPECT_THAT(other.dom, HasSubstr("Highest rate reached"));
}

TEST(judged_report_in_browser, tables_have_the_kinds_that_were_counted_and_the_verdicts) {
    const std::string script = R"(
        const table = (caption) => [...document.querySelectorAll('table')].find(t => t.caption.textContent === caption);
        const first = (caption) => [...table(caption).tBodies[0].rows].map(r => r.cells[0].firstChild.firstChild.textContent);
        const last = (caption) => [...table(caption).tBodies[0].rows].map(r => r.cells[r.cells.length - 1].textContent);
        document.title = [first('Latency').join(', '), last('Stages')[0], last('Stages')[4], last('Overview').join(', ')].join(' | ').replaceAll('\u00a0', ' ');)";
    const browser::visit visit = browser::open(
        with_script(page_of({fixture::judged_staircase({}), fixture::staircase({.step_rps = 900})}), script),
        "");
    expect_quiet(visit);
    EXPECT_EQ(
        visit.title(),
        "response, response, believable, service, failed, first byte, generator lag, wait for a connection"
        " | valid"
        " | ! generator-limited: a load thread used a whole core 2 s of 5 s to be believed"
        " | ! generator-limited: a load thread used a whole core 34 s of 40 s to be believed, –");
}

TEST(judged_report_in_browser, a_result_without_verdicts_has_none_of_it) {
    const browser::visit visit = browser::open(page_of({fixture::staircase({})}), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 10U);
    EXPECT_TRUE(visit.chart("target-1-lag").is_null());
    EXPECT_TRUE(visit.chart("target-1-generator").is_null());
    for (const char* absent : {"class=\"banner", ">Hatched seconds", ">A strip at the bottom", ">Verdict<"})
        EXPECT_THAT(visit.dom, Not(HasSubstr(absent)));
}

TEST(judged_report_in_browser, odd_verdicts_leave_no_error) {
    json odd = fixture::judged_staircase({});
    json& target = odd["targets"]["ingest"];
    target["validity"] = {{"verdict", "</script>"}, {"cause", 7}};
    target["stages"][0]["validity"] = 3;
    target["stages"][1]["validity"] = {{"verdict", nullptr}};
    target["latency_believable"] = json::array();
    target["timeline"][0]["evidence"] = "none";
    target["timeline"][1]["verdict"] = "constructor";
    target["timeline"][2]["cause"] = "__proto__";
    target["timeline"][3]["outcomes"] = {{"__proto__", 3}, {"<b>", 2}};
    target["timeline"][4]["generator_lag"] = nullptr;
    const browser::visit visit = browser::open(page_of({odd}), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 12U);
}

} // namespace
} // namespace beastmark
