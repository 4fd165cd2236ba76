#include "loadgen/run_command.hpp"

#include "common/process_metrics.hpp"
#include "loadgen/efficiency/efficiency_output.hpp"
#include "loadgen/efficiency/run_efficiency.hpp"
#include "loadgen/interop/exports.hpp"
#include "loadgen/live_metrics.hpp"
#include "loadgen/make_observer.hpp"
#include "loadgen/metrics_endpoint.hpp"
#include "loadgen/output_folder.hpp"
#include "loadgen/paired/pair_result.hpp"
#include "loadgen/progress.hpp"
#include "loadgen/recovery/recovery_output.hpp"
#include "loadgen/result.hpp"
#include "loadgen/run.hpp"
#include "loadgen/service_quota.hpp"
#include "loadgen/shard_file.hpp"
#include "loadgen/shard_group.hpp"
#include "loadgen/slo.hpp"
#include "loadgen/summary.hpp"
#include "loadgen/tell.hpp"
#include "loadgen/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace {

// Nothing without --metrics.
std::unique_ptr<metrics_endpoint> serve(std::shared_ptr<live_metrics> live, const run_options& options) {
    if (!options.metrics)
        return nullptr;
    auto endpoint = std::make_unique<metrics_endpoint>(*options.metrics);
    endpoint->serve(std::move(live));
    endpoint->serve(std::make_shared<process_collector>());
    tell("metrics: {}\n", endpoint->url());
    return endpoint;
}

// With what was seen beside it, and what follows from both.
nlohmann::json result_of(const run_record& record, const run_options& options, int exit_code,
                         std::span<const slo_result> objectives, nlohmann::json seen,
                         const std::vector<efficiency::target_costs>& costs) {
    auto result = make_result(record, options, exit_code);
    result["slo"] = slos_json(objectives);
    add_observed(result, std::move(seen));
    add_service_quota(result);
    recovery::add_recovery(result, record);
    result["efficiency"] = efficiency::as_json(costs);
    return result;
}

} // namespace

int run_command(const run_options& options) {
    auto what = make_plan(options);
    std::vector<paired::comparison> noise;
    if (options.pair)
        noise = paired::read_noise_floor(*options.pair, config_json(what, options));
    auto beside = make_observer(options);
    if (!options.output.empty())
        require_folder(options.output);
    if (options.replay && !options.replay->note().empty())
        tell("{}\n", options.replay->note());
    const auto live = std::make_shared<live_metrics>(what, options.method);
    const auto endpoint = serve(live, options);
    std::optional<timeline> seconds;
    std::optional<shard_file> share; // one of several's
    std::unique_ptr<shard_group> group;
    if (options.barrier)
        group = make_shard_group(what, options, endpoint.get());
    progress line(options.plain);
    run_observer tell{
        .started =
            [&](const run_record& record, std::chrono::steady_clock::time_point t0) {
                beside.start(t0);
                if (!options.output.empty()) {
                    remove_results(options.output, record);
                    seconds.emplace(options.output, record);
                    if (options.share.of > 1 || group)
                        share.emplace(options.output, record, options,
                                      group ? std::optional(group->skew()) : std::nullopt);
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
        .noted = [&](const std::string& text) { line.note(text); },
        .row_closed =
            [&](const run_record& record, std::size_t target, const latencies& times) {
                if (seconds)
                    seconds->add(record, target, times);
            },
        .counted =
            [&](const report_block& block, const machine_evidence& machine) {
                if (share)
                    share->add(block, machine);
            },
    };
    if (group)
        tell.agree_on_start = [&] {
            const auto start = group->agree_on_start();
            live->set_skew(group->skew().seconds);
            return start;
        };
    const auto record = run(std::move(what), options.stop_when, tell);
    if (endpoint)
        live->finish(record);
    beside.stop();
    line.finish();
    std::vector<slo_result> objectives;
    if (record.signal == 0)
        objectives = judge_slos(options.slos, record);
    auto exit_code = exit_code_of(record, objectives);
    auto seen = observed(beside);
    const auto costs = efficiency::find_costs(record, options, seen);
    auto result = result_of(record, options, exit_code, objectives, std::move(seen), costs);
    show("{}{}{}", summarize(record), service_quota_text(result), recovery::summary_of(record));
    for (const auto& of_target : costs)
        show("{}", efficiency::text_of(of_target));
    for (const auto& r : objectives)
        show("  {}\n", text_of(r));
    if (options.pair)
        show("{}", paired::text_of(paired::add_comparison(result, options, noise), *options.pair));
    const auto write = [&] {
        seconds->close();
        if (share)
            share->end(record);
        write_results(options.output, options.name, record, result);
    };
    const auto linger = [&] {
        std::fflush(stdout);
        if (endpoint && record.signal == 0 && options.linger.count() > 0)
            endpoint->linger(options.linger, [&] { return group && group->fetched(); });
    };
    try {
        if (!options.output.empty())
            write();
        interop::write(options.exports, record, objectives);
        if (group)
            exit_code = group->finish(record, exit_code);
    } catch (...) {
        linger(); // what could not be written can still be scraped
        throw;
    }
    linger();
    return exit_code;
}

} // namespace beastmark::loadgen
