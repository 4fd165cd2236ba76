#include "loadgen/run_command.hpp"

#include "common/process_metrics.hpp"
#include "loadgen/live_metrics.hpp"
#include "loadgen/metrics_endpoint.hpp"
#include "loadgen/progress.hpp"
#include "loadgen/result.hpp"
#include "loadgen/run.hpp"
#include "loadgen/run_files.hpp"
#include "loadgen/slo.hpp"
#include "loadgen/summary.hpp"
#include "loadgen/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace beastmark::loadgen {

namespace {

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
