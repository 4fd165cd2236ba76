#include "loadgen/capacity_command.hpp"

#include "common/duration.hpp"
#include "common/number.hpp"
#include "loadgen/capacity_output.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/make_observer.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/result.hpp"
#include "loadgen/tell.hpp"
#include "loadgen/timeline.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace beastmark::loadgen {

namespace {

using namespace std::chrono_literals;

constexpr double least_precision = 0.005; // a probe of seconds tells no finer
constexpr double most_precision = 0.5;

run_time read_seconds(const char* option, const std::string& text, run_time least) {
    const auto duration = parse_duration(text);
    if (!duration || *duration < least || *duration > 10min || *duration % 1s != 0s)
        throw std::invalid_argument(
            fmt::format("{} '{}': give whole seconds from {} to 10m", option, text, format_duration(least)));
    return *duration;
}

void read_range(const std::string& text, capacity_search::settings& into) {
    const auto dots = text.find("..");
    if (dots == std::string::npos)
        throw std::invalid_argument(
            fmt::format("--range '{}': write LOW..HIGH, in requests per second, e.g. 1k..100k", text));
    into.low = parse_rate(std::string_view(text).substr(0, dots));
    into.high = parse_rate(std::string_view(text).substr(dots + 2));
    constexpr double lowest = 1;
    if (into.low < lowest || into.high < 1.1 * into.low || into.high > 1e4 * into.low)
        throw std::invalid_argument(fmt::format(
            "--range '{}': give 1 at least, and a highest rate from 1.1 to 10,000 times the lowest", text));
}

double read_precision(const std::string& text) {
    std::string_view percent = text;
    if (percent.ends_with('%'))
        percent.remove_suffix(1);
    const auto value = parse_number<double>(percent);
    const bool within = value && *value >= 100 * least_precision && *value <= 100 * most_precision;
    if (!within || percent.size() == text.size())
        throw std::invalid_argument(
            fmt::format("--precision '{}': give a percentage from 0.5% to 50%, e.g. 3%", text));
    return *value / 100;
}

// "p99<50ms && error_rate<0.1%".
std::vector<condition> read_objectives(const std::vector<std::string>& texts) {
    std::vector<condition> objectives;
    for (const std::string_view text : texts) {
        for (std::size_t begin = 0; begin <= text.size();) {
            const auto end = std::min(text.find("&&", begin), text.size());
            auto part = std::string(text.substr(begin, end - begin));
            part.erase(0, part.find_first_not_of(' '));
            part.erase(part.find_last_not_of(' ') + 1);
            auto& c = objectives.emplace_back(parse_slo(part));
            if (c.right)
                throw std::invalid_argument(
                    fmt::format("--slo '{}': compare with a value, e.g. 'p99<50ms'", c.text));
            if (c.left.what == metric::rps)
                throw std::invalid_argument(
                    fmt::format("--slo '{}': the rate is what is searched: give p50, p90, p99, p99.9, "
                                "availability or error_rate",
                                c.text));
            begin = end + 2;
        }
    }
    return objectives;
}

// Fast failures flatter every percentile: without an objective of its own a rate is not held that a hundredth
// of the requests do not survive.
void require_answers(std::vector<condition>& objectives) {
    const bool asked = std::any_of(objectives.begin(), objectives.end(), [](const condition& c) {
        return c.left.what == metric::availability || c.left.what == metric::error_rate;
    });
    if (!asked)
        objectives.push_back(parse_slo("error_rate<1%"));
}

// The line on stderr while a probe goes on; on a terminal only.
class probe_line {
public:
    explicit probe_line(bool plain) : drawn_(!plain && ::isatty(STDERR_FILENO) != 0) {}

    void begin(std::size_t number, const stage& probe) const {
        if (!drawn_)
            return;
        tell("\r\x1b[Kprobe {}: {:.6g}/s for {} ...", number, probe.from_rps,
             format_duration(probe.duration));
        std::fflush(stderr);
    }

    void end(const std::string& text) const {
        tell("{}{}\n", drawn_ ? "\r\x1b[K" : "", text);
        std::fflush(stderr);
    }

private:
    bool drawn_;
};

int exit_code_of(const run_record& record, const capacity_answer& found) {
    if (record.signal != 0)
        return 128 + record.signal;
    switch (found.kind) {
    case capacity_kind::found:
    case capacity_kind::at_least:
        return 0;
    case capacity_kind::below:
        return exits::objective_missed;
    default:
        return exits::not_to_be_believed;
    }
}

} // namespace

CLI::App* add_capacity_command(CLI::App& app, capacity_arguments& a) {
    auto* capacity = app.add_subcommand(
        "capacity", "Find the highest rate that a service holds: probes rates until it is known closely");
    capacity->add_option("URL", a.load.url, "http://HOST[:PORT][/PATH], or NAME=URL")->required();
    capacity
        ->add_option("--slo", a.slos,
                     "what has to be kept at a rate that is held, e.g. 'p99<50ms && error_rate<0.1%'; "
                     "repeatable. Without error_rate or availability error_rate<1% goes with it")
        ->required()
        ->allow_extra_args(false);
    capacity->add_option("--range", a.range, "LOW..HIGH: the rates to search, requests per second in total")
        ->capture_default_str();
    capacity
        ->add_option("--probe-duration", a.probe_duration,
                     "how long a rate is held; up to four times as long where that does not tell; 2s to 10m")
        ->capture_default_str();
    capacity
        ->add_option("--precision", a.precision,
                     "how wide the answer may be: what 95 % of the belief lie within; 0.5% to 50%")
        ->capture_default_str();
    capacity->add_option("--max-probes", a.max_probes, "end with what is known after so many")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    capacity
        ->add_option("--settle", a.settle,
                     "how long nothing is sent after a probe, at least, for the service to recover")
        ->capture_default_str();
    add_request_options(capacity, a.load);
    add_recording_options(capacity, a.load);
    settings::add_source_options(*capacity, a.load.sources);
    capacity->add_flag("--plain", a.load.plain, "only whole lines, also on a terminal");
    return capacity;
}

capacity_options check(const capacity_arguments& a, std::vector<std::string> argv) {
    capacity_options o;
    read_range(a.range, o.search.search);
    o.search.search.precision = read_precision(a.precision);
    o.search.search.most_probes = a.max_probes;
    o.search.probe = read_seconds("--probe-duration", a.probe_duration, 2s);
    o.search.settle = read_seconds("--settle", a.settle, 1s);
    o.search.objectives = read_objectives(a.slos);
    require_answers(o.search.objectives);
    auto load = a.load;
    load.rate = a.range.substr(0, a.range.find(".."));
    load.duration = a.probe_duration;
    o.load = check(load, std::move(argv));
    require_targets(o.search.objectives, std::vector{o.load.targets.front().name});
    o.search.arrivals = o.load.arrivals;
    return o;
}

int capacity_command(const capacity_options& options) {
    const auto& load = options.load;
    const probe_line line(load.plain);
    capacity_run search(options.search);
    auto asked = load; // with the stages that came to be
    asked.stages = search.stages();
    auto what = make_plan(asked);
    auto beside = make_observer(load);
    if (!load.output.empty())
        require_folder(load.output);
    std::optional<timeline> seconds;
    const auto begin = [&] { line.begin(search.probes().size() + 1, search.probe()); };
    const run_observer tell{
        .started =
            [&](const run_record& record, std::chrono::steady_clock::time_point t0) {
                beside.start(t0);
                if (!load.output.empty()) {
                    remove_results(load.output, record);
                    seconds.emplace(load.output, record);
                }
                begin();
            },
        .interrupted = [&] { line.end("ending early; press Ctrl-C again to quit at once"); },
        .row_closed =
            [&](const run_record& record, std::size_t target, const latencies& times) {
                if (seconds)
                    seconds->add(record, target, times);
            },
    };
    const auto more = [&](const run_record& record, run_time now) {
        const auto before = search.probes().size();
        auto longer = search.more(record, now);
        if (search.probes().size() > before) {
            line.end(fmt::format("{}   [{}]", probe_text(search.probes().back(), before + 1),
                                 interval_text(search.answer())));
            if (!search.over())
                begin();
        }
        return longer;
    };
    auto record = run(std::move(what), std::nullopt, tell, more);
    beside.stop();
    search.cut(record.duration);
    asked.stages = search.stages();
    record.what.arrivals = schedule(asked.stages, asked.arrivals);
    const bool interrupted = record.signal != 0;
    const auto exit_code = exit_code_of(record, search.answer());
    show("\n{}  {}\n{}\n", record.what.targets.front().name, record.what.targets.front().where.text,
         answer_text(search, interrupted));
    if (seconds) {
        seconds->close();
        auto result = make_result(record, asked, exit_code);
        add_observed(result, observed(beside));
        result["capacity"] = capacity_json(search, interrupted);
        write_results(asked.output, asked.name, record, result);
    }
    return exit_code;
}

} // namespace beastmark::loadgen
