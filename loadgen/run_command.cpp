#include "loadgen/run_command.hpp"

#include "common/histogram_encoding.hpp"
#include "common/process_metrics.hpp"
#include "loadgen/live_metrics.hpp"
#include "loadgen/metrics_endpoint.hpp"
#include "loadgen/observer.hpp"
#include "loadgen/progress.hpp"
#include "loadgen/report.hpp"
#include "loadgen/result.hpp"
#include "loadgen/run.hpp"
#include "loadgen/slo.hpp"
#include "loadgen/summary.hpp"
#include "loadgen/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace beastmark::loadgen {

namespace {

void write_results(const run_options& options, const run_record& record, const nlohmann::json& result) {
    const std::filesystem::path folder(options.output);
    write_file(folder / "result.json",
               result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    write_file(folder / "report.html", render_report(std::span(&result, 1), {.title = options.name}));
    const auto* const note =
        record.what.arrivals.closed_loop() ? "#[Closed loop: coordinated, understates]\n" : "";
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        write_file(folder / (record.what.targets[i].name + ".hgrm"),
                   percentile_distribution(record.targets[i].total().times.response) + note);
    fmt::print("\nwritten: {}  {}\n", (folder / "result.json").string(), (folder / "report.html").string());
}

// Of a run before this one: beside a timeline of this run they would tell of another.
void remove_results(const std::filesystem::path& folder, const run_record& record) {
    std::error_code ignored;
    std::filesystem::remove(folder / "result.json", ignored);
    std::filesystem::remove(folder / "report.html", ignored);
    for (const auto& t : record.what.targets)
        std::filesystem::remove(folder / (t.name + ".hgrm"), ignored);
}

void require_folder(const std::string& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        throw std::runtime_error(fmt::format("cannot make the folder {}: {}", folder, code.message()));
}

// docs/design.md section 4. A run cut short by a signal is not judged.
int exit_code_of(const run_record& record, std::span<const slo_result> objectives) {
    constexpr int objective_missed = 3;
    constexpr int not_to_be_believed = 4;
    if (record.signal != 0)
        return 128 + record.signal;
    if (!record.believable())
        return not_to_be_believed;
    const auto kept = std::all_of(objectives.begin(), objectives.end(), [](const auto& r) { return r.pass; });
    return kept ? 0 : objective_missed;
}

observer make_observer(const run_options& options) {
    std::vector<watch_spec> watches;
    for (const auto& text : options.watches)
        watches.push_back(parse_watch(text));
    std::vector<scrape_spec> scrapes;
    for (const auto& text : options.scrapes)
        scrapes.push_back(parse_scrape(text));
    return {std::move(watches), std::move(scrapes)};
}

// Nothing without --metrics.
std::unique_ptr<metrics_endpoint> serve(std::shared_ptr<live_metrics> live, const run_options& options) {
    if (!options.metrics)
        return nullptr;
    auto endpoint = std::make_unique<metrics_endpoint>(*options.metrics);
    endpoint->serve(std::move(live));
    endpoint->serve(std::make_shared<process_collector>());
    fmt::print(stderr, "metrics: {}\n", endpoint->url());
    return endpoint;
}

} // namespace

int run_command(const run_options& options) {
    auto what = make_plan(options);
    auto beside = make_observer(options);
    if (!options.output.empty())
        require_folder(options.output);
    std::optional<timeline> seconds;
    const auto live = std::make_shared<live_metrics>(what, options.method);
    const auto endpoint = serve(live, options);
    progress line(options.plain);
    const run_observer tell{
        .started =
            [&](const run_record& record, std::chrono::steady_clock::time_point t0) {
                beside.start(t0);
                if (!options.output.empty()) {
                    remove_results(options.output, record);
                    seconds.emplace(options.output, record);
                }
                line.started(record);
            },
        .tick =
            [&](const run_record& record, run_time now) {
                line.tick(record, now);
                if (endpoint)
                    live->tick(record, now);
            },
        .interrupted = [&] { line.interrupted(); },
        .row_closed =
            [&](const run_record& record, std::size_t target, const latencies& times) {
                if (seconds)
                    seconds->add(record, target, times);
            },
    };
    const auto record = run(std::move(what), options.stop_when, tell);
    if (endpoint)
        live->finish(record);
    beside.stop();
    line.finish();
    std::vector<slo_result> objectives;
    if (record.signal == 0)
        objectives = judge_slos(options.slos, record);
    const auto exit_code = exit_code_of(record, objectives);
    fmt::print("{}", summarize(record));
    for (const auto& r : objectives)
        fmt::print("  {}\n", text_of(r));
    const auto write = [&] {
        seconds->close();
        auto result = make_result(record, options, exit_code);
        result["slo"] = slos_json(objectives);
        result["watched"] = beside.watched();
        result["scraped"] = beside.scraped();
        result["manifest"]["placement"] = beside.placement();
        write_results(options, record, result);
    };
    const auto linger = [&] {
        std::fflush(stdout);
        if (endpoint && record.signal == 0 && options.linger.count() > 0)
            endpoint->linger(options.linger);
    };
    try {
        if (!options.output.empty())
            write();
    } catch (...) {
        linger(); // what could not be written can still be scraped
        throw;
    }
    linger();
    return exit_code;
}

} // namespace beastmark::loadgen
