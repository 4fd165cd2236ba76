// What the page shows of several targets that were loaded alone, by the same rates.
#include "tests/browser/browser.hpp"
#include "tests/browser/comparison_fixture.hpp"
#include "tests/browser/fixture.hpp"
#include "tests/browser/page_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark {
namespace {

using browser::expect_quiet;
using browser::labels_of;
using browser::lines;
using browser::page_of;
using browser::with_script;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const lines targets{"cpp", "go", "cpp-2"};

/// `of(panel)`: its chart.
const std::string helpers = R"(
    const of = (name) => Chart.getChart(document.querySelector(`#comparison-${name} canvas`));
)";

std::string told(const std::vector<json>& results, const std::string& script) {
    return browser::told_by(results, helpers + script);
}

TEST(comparison_in_browser, each_figure_has_one_chart_with_a_line_for_each_target) {
    const browser::visit visit = browser::open(page_of(fixture::compared_targets(false)));
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 6U) << "those of the runs are not made yet";
    for (const char* name :
         {"achieved-rps", "p99-us", "availability", "cpu-cores", "cpu-us-per-request", "memory-bytes"}) {
        const json chart = visit.chart(std::string("comparison-") + name);
        ASSERT_EQ(labels_of(chart), targets) << name;
        EXPECT_EQ(chart.at("series")[0].at("marks"), 8) << name << ": all that cpp was asked for";
        EXPECT_EQ(chart.at("series")[1].at("marks"), 3) << name << ": go was stopped";
        const json ink = visit.chart(std::string("comparison-") + name, "ink");
        for (const json& series : ink.at("series"))
            EXPECT_GT(series.at("pixels"), 40) << name << " " << series.at("label");
    }
    EXPECT_EQ(visit.chart("comparison-p99-us").at("layer").at("bands"), 3);
}

TEST(comparison_in_browser, the_write_path_has_its_own_charts) {
    const browser::visit visit = browser::open(page_of(fixture::compared_targets(true)), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 12U);
    for (const char* name : {"throttled-share", "insert-p99-us", "set-p99-us", "postgres-cpu-cores",
                             "memcached-cpu-cores", "pool-used"})
        EXPECT_EQ(labels_of(visit.chart(std::string("comparison-") + name)), targets) << name;
}

TEST(comparison_in_browser, throttling_is_drawn_only_when_there_was_any) {
    auto results = fixture::compared_targets(true);
    for (json& result : results)
        for (auto& [name, endpoint] : result["scraped"].items())
            if (endpoint["series"].back()["name"] == "cgroup_cpu_throttled_seconds_total")
                endpoint["series"].erase(endpoint["series"].size() - 1);
    const browser::visit visit = browser::open(page_of(results), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.self_check->at("charts").size(), 11U);
    EXPECT_TRUE(visit.chart("comparison-throttled-share").is_null());
}

TEST(comparison_in_browser, the_words_and_the_tables_come_first) {
    EXPECT_EQ(told(fixture::compared_targets(false), R"(
        const article = document.querySelector('main').firstElementChild;
        const order = [...article.querySelectorAll('.verdict, table, .panel')].map(e => e.className || e.localName);
        return [article.id, order.slice(0, 4).join(' '), document.querySelector('.verdict').textContent].join(' | ');)"),
              "comparison-of-targets | verdict table table card panel | "
              "cpp holds 6,000 requests/s (6,000 to 7,000), 3 times go (3 to 3.5).");
    const browser::visit visit = browser::open(page_of(fixture::compared_targets(false)), "");
    EXPECT_THAT(visit.dom, HasSubstr("cpp-2 (noise floor)"));
    EXPECT_THAT(visit.dom, HasSubstr("no difference shown"));
    EXPECT_THAT(visit.dom, Not(HasSubstr(">Overview<")));
}

TEST(comparison_in_browser, a_target_has_one_colour_and_the_axes_have_units) {
    EXPECT_EQ(told(fixture::compared_targets(true), R"(
        const names = ['achieved-rps', 'p99-us', 'insert-p99-us', 'pool-used', 'memory-bytes'];
        const same = names.every(n => of(n).data.datasets.every((d, i) => d.borderColor === dom.theme_colour(`series-${i + 1}`)));
        const titled = [...document.querySelectorAll('#comparison-of-targets canvas')].map(c => Chart.getChart(c).options.scales)
            .every(({ x, y }) => x.title.display && y.title.display && x.title.text === 'requests per second asked (logarithmic)' && y.title.text);
        const better = [...document.querySelectorAll('#comparison-of-targets h3 small')].filter(s => /is better/.test(s.textContent)).length;
        return [same, titled, better, of('p99-us').scales.x.type, of('p99-us').scales.x.ticks.map(t => t.label).join(' ')].join(' | ');)"),
              "true | true | 11 | logarithmic | 1k 2k 5k");
}

TEST(comparison_in_browser, the_pointer_shows_all_targets_at_that_rate_with_their_range) {
    EXPECT_EQ(told(fixture::compared_targets(false), R"(
        const { canvas, scales } = of('cpu-cores');
        const box = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + scales.x.getPixelForValue(2060), clientY: box.top + 50 }));
        return [...document.querySelectorAll('.tip p, .tip .name, .tip .value')].map(e => e.textContent.replace(/[0-9.]+/g, '#')).join(' | ') +
            ' ' + document.querySelector('.tip p').textContent;)"),
              "#k requests/s asked | cpp | # cores | go | # cores | cpp-# | # cores | cpp range | # cores to "
              "# cores | "
              "go range | # cores to # cores | cpp-# range | # cores to # cores 2k requests/s asked");
}

TEST(comparison_in_browser, one_legend_hides_a_target_in_all_charts) {
    EXPECT_EQ(told(fixture::compared_targets(false), R"(
        const buttons = [...document.querySelectorAll('#comparison-of-targets .legend button')];
        const hidden = () => [...document.querySelectorAll('#comparison-of-targets canvas')].map(c => Number(Chart.getChart(c).isDatasetVisible(1))).join('');
        const before = hidden();
        buttons[1].click();
        const after = hidden();
        buttons[1].click();
        return [buttons.map(b => b.textContent).join(' '), before, after, hidden(), buttons[1].getAttribute('aria-pressed')].join(' | ');)"),
              "cpp go cpp-2 | 111111 | 000000 | 111111 | true");
}

TEST(comparison_in_browser, the_band_is_the_range_and_the_objective_is_marked) {
    EXPECT_EQ(told(fixture::compared_targets(false), R"(
        const chart = of('achieved-rps');
        const inked = (x, y, target) => {
            const { scales, currentDevicePixelRatio: ratio } = target;
            const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            Object.assign(copy.canvas, { width: target.canvas.width, height: target.canvas.height });
            copy.drawImage(target.canvas, 0, 0);
            return copy.getImageData(scales.x.getPixelForValue(x) * ratio, scales.y.getPixelForValue(y) * ratio - 1, 1, 3).data.some((v) => v > 0);
        };
        [chart, of('p99-us')].forEach(c => { c.data.datasets.forEach((_, i) => c.setDatasetVisibility(i, i === 0)); c.options.scales.y.grid.display = false; });
        chart.data.datasets[0].borderWidth = 0;
        chart.data.datasets[0].pointRadius = 0;
        chart.update();
        of('p99-us').update();
        const line = Array.from({ length: 30 }, (_, i) => inked(1100 + i * 10, 50, of('p99-us'))).filter(Boolean).length;
        return [inked(7000, 6800, chart), inked(7000, 6000, chart), inked(5000, 4700, chart), line > 5 && line < 30].join(' ');)"),
              "true false false true");
}

TEST(comparison_in_browser, a_run_is_drawn_when_it_is_opened) {
    const std::string script = R"(
        const runs = [...document.querySelectorAll('details.run')];
        const drawn = () => document.querySelectorAll('canvas').length;
        const before = drawn();
        const finish = () => {
            const once = drawn();
            runs[4].open = false;
            document.title = [runs.length, runs[4].querySelector('.name').textContent, before, once - before,
                runs[4].querySelector('h2').textContent.split(' (')[0], document.querySelector('#target-5-rate canvas').width > 0].join(' | ');
        };
        runs[4].addEventListener('toggle', () => setTimeout(finish, 0), { once: true });
        runs[4].open = true;)";
    const browser::visit visit =
        browser::open(with_script(page_of(fixture::compared_targets(false)), script), "");
    expect_quiet(visit);
    EXPECT_EQ(visit.title(), "9 | go, round 2 | 6 | 8 | go | true");
}

TEST(comparison_in_browser, a_point_that_no_round_makes_believable_is_hollow) {
    auto results = fixture::compared_targets(false);
    for (std::size_t i = 0; i < 3; ++i)
        results[i]["targets"]["cpp"]["stages"][1]["validity"] = {
            {"verdict", "disturbed"}, {"cause", "steal"}, {"believable", i == 9}, {"measured_s", 3.0}};
    EXPECT_EQ(told(results, R"(
        const card = dom.theme_colour('card');
        return of('p99-us').data.datasets[0].pointBackgroundColor.map(c => (c === card ? 'o' : '*')).join('');)"),
              "*o******");
}

TEST(comparison_in_browser, results_with_other_rates_are_shown_as_before_and_the_reason_is_said) {
    const auto other = fixture::staircase({.target = "go", .step_rps = 700});
    const browser::visit visit = browser::open(page_of({fixture::staircase({}), other}), "");
    expect_quiet(visit);
    EXPECT_THAT(visit.dom, HasSubstr("Not compared: the rates differ: "));
    EXPECT_THAT(visit.dom, HasSubstr(">Overview<"));
    EXPECT_THAT(visit.dom, Not(HasSubstr("<details")));
    EXPECT_EQ(visit.self_check->at("sections"), 2);
}

TEST(comparison_in_browser, odd_results_leave_no_error) {
    json odd = fixture::measured_staircase({});
    odd["config"] = {{"loop", 7}};
    json& stages = odd["targets"]["ingest"]["stages"];
    stages[0]["totals"] = nullptr;
    stages[1]["latency"] = 3;
    stages[2]["validity"] = "none";
    stages[3]["from_rps"] = "many";
    odd["watched"]["ingest"]["cpu_cores"] = nullptr;
    odd["manifest"] = nullptr;
    const std::string script =
        "document.querySelectorAll('details').forEach((run) => { run.open = true; });"
        "setTimeout(() => { document.title = document.querySelectorAll('canvas').length; }, 500);";
    const browser::visit visit =
        browser::open(with_script(page_of({odd, odd, fixture::empty()}), script), "");
    expect_quiet(visit);
    EXPECT_EQ(labels_of(visit.chart("comparison-p99-us")), (lines{"ingest"}));
    EXPECT_GT(std::stoi(visit.title()), 30) << "charts of the comparison and of two runs";
}

TEST(comparison_in_browser, names_are_text) {
    auto results = std::vector<json>{fixture::staircase({.target = "<b>|x", .with_database = false}),
                                     fixture::staircase({.target = "__proto__", .with_database = false})};
    const browser::visit visit = browser::open(page_of(results), "dark");
    expect_quiet(visit);
    EXPECT_EQ(labels_of(visit.chart("comparison-p99-us")), (lines{"<b>|x", "__proto__"}));
    EXPECT_EQ(visit.self_check->at("theme"), "dark");
}

} // namespace
} // namespace beastmark
