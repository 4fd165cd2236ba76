#include "loadgen/efficiency/efficiency.hpp"

#include "loadgen/slo.hpp"
#include "loadgen/stage_figures.hpp"

#include <chrono>
#include <utility>

namespace beastmark::loadgen::efficiency {

namespace {

constexpr double us_per_s = 1e6;
constexpr double s_per_hour = 3600;
constexpr double million = 1e6;

/// What was used and answered in several stages.
struct sums {
    double cpu_s = 0;
    double length_s = 0;
    double answered = 0;

    void add(const stage_figures& stage, double cores) {
        cpu_s += cores * stage.length_s();
        length_s += stage.length_s();
        answered += stage.achieved_rps() * stage.length_s();
    }

    [[nodiscard]] double cores() const { return length_s > 0 ? cpu_s / length_s : 0; }

    [[nodiscard]] double achieved_rps() const { return length_s > 0 ? answered / length_s : 0; }
};

/// By the figures of each target in that stage: an objective may compare targets.
std::optional<bool> kept_objectives(const run_record& record, std::span<const condition> objectives,
                                    const std::string& target,
                                    std::span<const std::vector<stage_figures>> stages, std::size_t stage) {
    std::vector<judged_target> figures;
    for (std::size_t i = 0; i < stages.size(); ++i)
        figures.push_back({record.what.targets[i].name, stages[i][stage].figures});
    std::optional<bool> kept;
    for (const auto& judged : judge_slos(objectives, figures, record.what.timeout))
        if (judged.target == target)
            kept = kept.value_or(true) && judged.pass;
    return kept;
}

/// The last of `found.stages` is that stage's.
bool may_stand_for_objectives(const stage_figures& stage, const target_costs& found) {
    const auto& last = found.stages.back();
    return stage.holds() && stage.complete && stage.believable && last.kept_objectives.value_or(false) &&
           (!found.at_objectives || last.rate_rps > found.stages[*found.at_objectives].rate_rps);
}

} // namespace

costs costs_of(std::optional<double> cpu_cores, double achieved_rps, std::optional<double> price_per_hour) {
    costs found{.cpu_cores = cpu_cores, .cpu_us_per_request = {}, .rps_per_core = {}, .cost_per_million = {}};
    if (!(achieved_rps > 0))
        return found;
    if (cpu_cores && *cpu_cores > 0) { // below the clock's tick it is not known
        found.cpu_us_per_request = *cpu_cores * us_per_s / achieved_rps;
        found.rps_per_core = achieved_rps / *cpu_cores;
    }
    if (price_per_hour)
        found.cost_per_million = *price_per_hour / s_per_hour / achieved_rps * million;
    return found;
}

target_costs find_costs(const run_record& record, std::size_t target, std::span<const condition> objectives,
                        found_cpu cpu, std::optional<double> price_per_hour) {
    std::vector<std::vector<stage_figures>> stages;
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        stages.push_back(stage_figures_of(record, i));
    target_costs found{.target = record.what.targets[target].name,
                       .cpu = std::move(cpu),
                       .price_per_hour = price_per_hour,
                       .stages = {},
                       .total = {},
                       .at_objectives = {}};
    sums all;
    sums with_cpu;
    for (const auto& stage : stages[target]) {
        if (stage.warmup)
            continue;
        const auto start_s = std::chrono::duration<double>(stage.where.start).count();
        const auto cores = found.cpu.series
                               ? found.cpu.series->mean_cores(start_s, start_s + stage.length_s())
                               : std::nullopt;
        all.add(stage, 0);
        if (cores)
            with_cpu.add(stage, *cores);
        found.stages.push_back(
            {.stage = stage.index,
             .rate_rps = (stage.where.from_rps + stage.where.to_rps) / 2,
             .achieved_rps = stage.achieved_rps(),
             .believable = stage.believable,
             .kept_objectives = kept_objectives(record, objectives, found.target, stages, stage.index),
             .figures = costs_of(cores, stage.achieved_rps(), price_per_hour)});
        if (may_stand_for_objectives(stage, found))
            found.at_objectives = found.stages.size() - 1;
    }
    if (with_cpu.length_s > 0)
        found.total = costs_of(with_cpu.cores(), with_cpu.achieved_rps(), {});
    found.total.cost_per_million = costs_of({}, all.achieved_rps(), price_per_hour).cost_per_million;
    return found;
}

} // namespace beastmark::loadgen::efficiency
