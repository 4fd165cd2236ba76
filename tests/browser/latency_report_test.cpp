// Where the latencies lie: by percentile, against the rate, over time as a heat map; and what a request
// costs.
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
using nlohmann::json;
using ::testing::HasSubstr;

/// `of(panel)`: its chart; `tip_at(panel, x, y)`: what the tip says there, y in the chart's unit;
/// `colours(panel, from_x, to_x, height)`: those seen there, height in pixels.
const std::string pointing = R"(
    const of = (name) => Chart.getChart(document.querySelector(`#${name} canvas`));
    const tip_at = (name, x, y) => {
        const { canvas, scales } = of(name);
        const box = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + scales.x.getPixelForValue(x),
            clientY: box.top + (y === undefined ? 50 : scales.y.getPixelForValue(y)) }));
        return [...document.querySelectorAll('.tip p, .tip .name, .tip .value')].map(e => e.textContent).join(' | ');
    };
    const colours = (name, from, to, height) => {
        const { canvas, scales: { x }, currentDevicePixelRatio: ratio } = of(name);
        const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        Object.assign(copy.canvas, { width: canvas.width, height: canvas.height });
        copy.drawImage(canvas, 0, 0);
        const left = x.getPixelForValue(from);
        const { data } = copy.getImageData(left * ratio, height * ratio, (x.getPixelForValue(to) - left) * ratio, 4 * ratio);
        const seen = new Set();
        for (let p = 0; p < data.length; p += 4) seen.add(data.slice(p, p + 4).join());
        return [...seen];
    };
)";

std::string told(const std::vector<json>& results, const std::string& script) {
    return browser::told_by(results, pointing + script);
}

TEST(latency_report_in_browser, the_panels_are_drawn) {
    const browser::visit visit = browser::open(page_of({fixture::measured_staircase({})}));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 14U);
    expect_drawn(visit, "target-1-spectrum", {"response", "service"}, 86);
    expect_drawn(visit, "target-1-latency-by-rate", {"p50", "p99", "p99.9"}, 8);
    expect_drawn(visit, "target-1-cost", {"ingest", "memcached", "postgres", "loadgen"}, 40);
    const json heat = visit.chart("target-1-heatmap").at("layer");
    EXPECT_EQ(heat.at("columns"), 40);
    EXPECT_EQ(heat.at("low"), 25) << "one below that of 456 us, the least median";
    EXPECT_GT(heat.at("cells"), 250);
}

TEST(latency_report_in_browser, a_result_without_the_new_figures_has_what_it_can) {
    const browser::visit visit = browser::open(page_of({fixture::staircase({})}), "");
    expect_quiet(visit);
    EXPECT_TRUE(visit.chart("target-1-spectrum").is_null());
    EXPECT_TRUE(visit.chart("target-1-heatmap").is_null());
    EXPECT_EQ(labels_of(visit.chart("target-1-latency-by-rate")), (lines{"p50", "p99", "p99.9"}));
    EXPECT_EQ(told({fixture::staircase({})}, R"(
        const said = document.querySelector('main').textContent;
        return ['Latency by percentile', 'Response times', 'closed loop', 'warm-up', 'Knee at'].filter(text => said.includes(text));)"),
              "Knee at");
}

TEST(latency_report_in_browser, percentiles_are_as_far_apart_as_their_distance_to_100) {
    json result = fixture::measured_staircase({});
    json& latency = result["targets"]["ingest"]["latency"];
    latency["response"]["spectrum"] = {{0.0, 100.0},    {50.0, 1'000.0},   {90.0, 2'000.0},
                                       {99.0, 5'000.0}, {99.99, 70'000.0}, {100.0, 80'000.0}};
    latency["service"]["spectrum"] = {{0.0, 80.0}, {99.0, 4'000.0}, {100.0, 4'500.0}};
    EXPECT_EQ(told({result}, R"(
        const { x } = of('target-1-spectrum').scales;
        const [p90, p99, p999] = [10, 100, 1000].map(v => x.getPixelForValue(v));
        return [x.ticks.map(t => t.label).join(' '), Math.abs((p99 - p90) - (p999 - p99)) < 1,
            tip_at('target-1-spectrum', 97), tip_at('target-1-spectrum', 9999)].join(' / ');)"),
              "0 50 90 99 99.9 99.99 / true / 99 % of the requests | response | 5 ms | service | 4 ms / "
              "99.99 % of the requests | response | 70 ms | service | –");
}

TEST(latency_report_in_browser, the_cell_under_the_pointer_is_told) {
    json result = fixture::measured_staircase({});
    json& timeline = result["targets"]["ingest"]["timeline"];
    timeline[6]["response"]["buckets"] = {{30, 750}, {31, 250}};
    EXPECT_EQ(told({result}, "return tip_at('target-1-heatmap', 6.5, 1.3);"),
              "0:07 · 2k requests/s asked | 1.26 ms to 1.58 ms | 250 (25 %) | all | 1,000");
    EXPECT_EQ(told({result}, "return tip_at('target-1-heatmap', 6.5, 1.01);"),
              "0:07 · 2k requests/s asked | 1 ms to 1.26 ms | 750 (75 %) | all | 1,000");
    EXPECT_THAT(told({result}, "return tip_at('target-1-heatmap', 6.5, 100);"), HasSubstr("| 0 (0 %) | all"));
}

TEST(latency_report_in_browser, more_requests_are_another_colour_and_doubt_is_hatched_over_it) {
    json result = fixture::measured_staircase({});
    for (json& row : result["targets"]["ingest"]["timeline"])
        row["response"]["buckets"] = {{30, 1}, {31, 30}, {32, 900}};
    const std::string script = R"(
        const seen = (from, to, ms) => colours('target-1-heatmap', from, to, of('target-1-heatmap').scales.y.getPixelForValue(ms));
        const [few, some, many] = [1.12, 1.4, 1.8].map(ms => seen(5.5, 9.5, ms));
        return [few.length, some.length, many.length, new Set([few[0], some[0], many[0]]).size, seen(11.2, 13.8, 1.4).length > 1].join(' ');)";
    EXPECT_EQ(told({result}, script), "1 1 1 3 true");
}

TEST(latency_report_in_browser, eight_hours_are_a_heat_map_of_few_columns) {
    json result = fixture::staircase(
        {.stages = 24, .seconds_per_stage = 1'200, .step_rps = 100, .with_database = false});
    for (json& row : result["targets"]["ingest"]["timeline"])
        row["response"]["buckets"] = {{30, 1}};
    result["targets"]["ingest"]["timeline"][12'345]["response"]["buckets"] = {{30, 1}, {60, 1}};
    const browser::visit visit = browser::open(page_of({result}), "");
    expect_quiet(visit);
    const json heat = visit.chart("target-1-heatmap").at("layer");
    EXPECT_EQ(heat.at("columns"), 240);
    EXPECT_EQ(heat.at("cells"), 241) << "the spike is there";
    EXPECT_EQ(heat.at("most"), 120);
    EXPECT_THAT(visit.dom, HasSubstr("requests in 120 seconds, logarithmic"));
}

TEST(latency_report_in_browser, the_knee_is_the_highest_rate_with_p99_within_twice_that_of_the_lowest) {
    const std::string script = R"(
        const stages = (...p99s) => p99s.map((p99, i) => ({ rate: (i + 1) * 100, p99, availability: 1, doubtful: false }));
        const change = (list, i, what) => (Object.assign(list[i], what), list);
        return [
            stages(2, 2.2, 2.1, 3, 4.1, 4.5, 900), // 4.1 is within 2 * 2.1
            stages(2, 2.2, 2.1, 3, 4.1),           // no bend
            stages(2, 2, 900),                     // too few
            change(stages(2, 2, 2, 2, 2, 900), 4, { doubtful: true }),
            change(stages(2, 2, 2, 2, 2, 900), 4, { availability: 0.5 }),
            change(stages(2, 2, 2, 2, 2, 900), 4, { p99: null }),
            stages(2, 2, 30, 2, 2, 900),           // one that was disturbed
            [...stages(2, 2, 2, 900), ...stages(2, 2, 2, 900)],
            [...stages(2, 2, 900), ...stages(2, 2, 900)], // three rates, twice
            stages(null, null, null, null),
        ].map(knee.of).map(k => k.rate ?? k.reason).join(' ');)";
    EXPECT_EQ(told({fixture::empty()}, script), "500 flat few 400 400 400 500 300 few none");
}

TEST(latency_report_in_browser, the_knee_of_a_staircase_is_marked_and_said) {
    json result = fixture::measured_staircase({});
    for (json& stage : result["targets"]["ingest"]["stages"])
        stage.erase("validity");
    const browser::visit visit = browser::open(page_of({result}), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.chart("target-1-latency-by-rate").at("layer").at("knee"), 3'000);
    EXPECT_THAT(visit.dom, HasSubstr("Knee at 3k requests/s: the highest rate with p99 within twice that of "
                                     "the three lowest rates (median 2.14&nbsp;ms)."));
}

TEST(latency_report_in_browser, a_stage_that_is_not_what_it_seems_is_told_from_the_others) {
    json result = fixture::measured_staircase({});
    json& silent = result["targets"]["ingest"]["stages"][7];
    silent["latency"]["response"] = {{"count", 0}, {"p50_us", nullptr}, {"p99_us", nullptr}};
    silent["totals"]["achieved_rps"] = 0.0;
    const std::string script = R"(
        const set = of('target-1-latency-by-rate').data.datasets[1];
        const card = dom.theme_colour('card');
        return [set.data.map(p => p.x / 1000).join(''), set.pointBackgroundColor.map(c => (c === card ? 'o' : '*')).join(''),
            set.pointStyle.map(s => s[0]).join('')].join(' ');)";
    EXPECT_EQ(told({result}, script), "1234567 **o*o** ccccctt") << "3 and 5 are not to be believed";
    EXPECT_EQ(
        told({result}, "return tip_at('target-1-latency-by-rate', 7000);"),
        "7k requests/s asked | p50 | 826 ms | p99 | 2.89 s | p99.9 | 5.78 s | achieved | 5.47k/s (78.1 %) | "
        "availability | 78.10 % | server-saturated: requests failed");
    EXPECT_THAT(told({result}, "return tip_at('target-1-latency-by-rate', 8000);"),
                HasSubstr("p99 | – | p99.9 | – | achieved | 0/s (0 %) | availability |"));
    const browser::visit visit = browser::open(page_of({result}), "");
    for (const char* said : {"Hollow: not to be believed.", "Triangle: answered less", "Cross: no answer."})
        EXPECT_THAT(visit.dom, HasSubstr(said));
    EXPECT_EQ(visit.chart("target-1-latency-by-rate").at("layer").at("silent"), 1);
}

TEST(latency_report_in_browser, a_ramp_has_no_point_at_a_rate) {
    json result = fixture::measured_staircase({});
    for (json& stage : result["targets"]["ingest"]["stages"])
        stage["kind"] = "linear";
    const browser::visit visit = browser::open(page_of({result}), "");
    expect_quiet(visit);
    EXPECT_TRUE(visit.chart("target-1-latency-by-rate").is_null());
}

TEST(latency_report_in_browser, cpu_per_request_is_of_the_requests_each_process_worked_for) {
    json result = fixture::measured_staircase({});
    result["watched"] = json::object();
    for (const char* name : {"ingest", "other", "loadgen"})
        result["watched"][name] = {{"pid", 1}, {"t_s", {1.0, 2.0}}, {"cpu_cores", {0.5, nullptr}}};
    result["targets"]["other"] = result["targets"]["ingest"];
    result["targets"]["ingest"]["timeline"][0]["completed"] = 1'000;
    result["targets"]["other"]["timeline"][0]["completed"] = 4'000;
    EXPECT_EQ(told({result}, R"(
        return [1, 2].map(n => of(`target-${n}-cost`).data.datasets.map(s => [s.label, s.data[0].x, s.data[0].y,
            s.data[1].y].join(' ')).join(', ')).join(' / ');)"),
              "ingest 0.5 0.5 NaN, loadgen 0.5 0.1 NaN / other 0.5 0.125 NaN, loadgen 0.5 0.1 NaN");
}

TEST(latency_report_in_browser, a_closed_loop_is_said_wherever_there_is_a_latency) {
    json result = fixture::measured_staircase({});
    const std::string script = R"(
        const words = 'closed loop: coordinated, latency understates';
        return [...document.querySelectorAll('.banner, h3, caption')].filter(e => e.textContent.includes(words))
            .map(e => e.firstChild.textContent.split(' (')[0]).join(', ');)";
    EXPECT_EQ(told({result}, script), "");
    result["config"]["loop"] = "closed";
    EXPECT_EQ(told({result}, script),
              "!, Latency, Response times, Latency by percentile, Latency against rate, Latency");
    result["targets"]["ingest"].erase("validity");
    EXPECT_THAT(told({result}, script), ::testing::StartsWith("!, ")) << "needs no verdict beside it";
}

TEST(latency_report_in_browser, the_warm_up_is_shaded_and_its_stage_is_no_rate) {
    json result = fixture::measured_staircase({});
    const std::string script = R"(
        const ground = (name, t) => {
            const chart = of(`target-1-${name}`);
            chart.data.datasets.forEach((_, i) => chart.setDatasetVisibility(i, false));
            chart.options.scales.y.grid.display = false;
            chart.update();
            return colours(`target-1-${name}`, t, t + 0.5, (chart.chartArea.top + chart.chartArea.bottom) / 2).join();
        };
        return [...['cpu', 'lag', 'latency'].map(name => ground(name, 3.3) !== ground(name, 20.5) ? 'shaded' : 'plain'),
            of('target-1-latency-by-rate').data.datasets[1].data.map(p => p.x / 1000).join('')].join(' ');)";
    EXPECT_EQ(told({result}, script), "plain plain plain 12345678");
    result["config"]["warmup_s"] = 4.0;
    result["targets"]["ingest"]["stages"][0]["warmup"] = true;
    EXPECT_EQ(told({result}, script), "shaded shaded shaded 2345678");
    const browser::visit visit = browser::open(page_of({result}), "");
    EXPECT_THAT(visit.dom, HasSubstr("Shaded: warm-up, 4&nbsp;s, not in the totals."));
    EXPECT_THAT(visit.dom, HasSubstr("<small> warm-up</small>"));
}

TEST(latency_report_in_browser, a_warm_up_is_not_the_highest_rate_held) {
    json result = fixture::measured_staircase({});
    result["targets"]["ingest"]["stages"][3]["warmup"] = true;
    EXPECT_THAT(browser::open(page_of({result}), "").dom, HasSubstr("Held 2k requests/s"));
}

TEST(latency_report_in_browser, several_targets_are_laid_over_each_other) {
    json closed = fixture::measured_staircase({});
    closed["config"]["loop"] = "closed";
    const json other = fixture::measured_staircase({.target = "go", .with_database = false});
    const browser::visit visit =
        browser::open(page_of({fixture::measured_staircase({.capacity_rps = 4'500}), closed, other}));
    expect_quiet(visit);
    const lines labels{"ingest (1)", "ingest (2)", "go"};
    EXPECT_EQ(labels_of(visit.chart("compared-spectrum")), labels);
    EXPECT_EQ(labels_of(visit.chart("compared-rates")), labels);
    EXPECT_EQ(visit.chart("compared-rates")["series"][2]["marks"], 8);
    EXPECT_THAT(visit.dom, HasSubstr("ingest (2): closed loop: coordinated, latency understates"));
    EXPECT_THAT(visit.dom, HasSubstr("<a href=\"#target-2\">ingest (2)</a>"));
}

TEST(latency_report_in_browser, throttling_of_a_service_is_drawn_where_it_was_scraped) {
    json result = fixture::measured_staircase({});
    json& endpoint = result["scraped"]["ingest"];
    json rates = json::array();
    for (std::size_t i = 0; i < endpoint["t_s"].size(); ++i)
        rates.push_back(i == 5 ? 0.25 : 0.0);
    endpoint["series"].push_back({{"name", "cgroup_cpu_throttled_seconds_total"},
                                  {"labels", json::object()},
                                  {"type", "counter"},
                                  {"rate_per_s", rates}});
    const browser::visit visit = browser::open(page_of({result}), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 15U);
    EXPECT_EQ(labels_of(visit.chart("target-1-throttling")), (lines{"ingest"}));
    EXPECT_THAT(visit.dom, HasSubstr("CPU throttling over time: ingest up to 25&nbsp;%."));
}

TEST(latency_report_in_browser, odd_figures_leave_gaps_and_no_error) {
    json odd = fixture::measured_staircase({});
    odd["config"] = {{"loop", 7}, {"warmup_s", "long"}};
    json& target = odd["targets"]["ingest"];
    target["latency"]["response"]["spectrum"] = {nullptr,         {1},          {"a", 2},
                                                 {50.0, nullptr}, {100.0, 3.0}, {-1, 3}};
    target["latency"]["service"]["spectrum"] = "none";
    json& rows = target["timeline"];
    rows[0]["response"]["buckets"] = {nullptr, 3, {1}, {"a", 2}, {-1, 2}, {1e9, 2}, {30.5, 1}, {30, nullptr}};
    rows[1]["response"]["buckets"] = "none";
    rows[2]["completed"] = "many";
    target["stages"][0]["totals"] = nullptr;
    target["stages"][1]["latency"] = 3;
    target["stages"][2]["warmup"] = "yes";
    odd["watched"]["ingest"]["cpu_cores"] = nullptr;
    const browser::visit visit = browser::open(page_of({odd, fixture::empty()}), "");
    expect_quiet(visit);
    EXPECT_TRUE(visit.chart("target-1-spectrum").is_null());
    EXPECT_EQ(visit.chart("target-1-heatmap").at("layer").at("columns"), 40);
    EXPECT_LT(visit.chart("target-1-heatmap").at("layer").at("high"), 90);
}

} // namespace
} // namespace beastmark
