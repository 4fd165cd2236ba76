#include "loadgen/slo.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

struct figure {
    std::optional<double> value;
    bool censored = false;
    std::uint64_t slowest_of = 0;
};

// Of fewer responses a percentile is the slowest of them.
std::uint64_t responses_for(metric what) {
    switch (what) {
    case metric::p50:
        return 2;
    case metric::p90:
        return 10;
    case metric::p99:
        return 100;
    case metric::p999:
        return 1000;
    default:
        return 0;
    }
}

figure figure_in(metric what, const row& figures, run_time timeout) {
    const auto value = value_of(what, figures);
    const auto timeout_us = std::chrono::duration<double, std::micro>(timeout).count();
    const auto count = figures.response.count;
    return {value, value && is_time(what) && figures.of(outcome::timeout) > 0 && *value >= timeout_us,
            count < responses_for(what) ? count : 0};
}

figure figure_of(const condition::figure& wanted, const std::string& target,
                 std::span<const judged_target> targets, run_time timeout) {
    const auto& name = wanted.target.empty() ? target : wanted.target;
    for (const auto& t : targets)
        if (t.name == name)
            return figure_in(wanted.what, t.figures, timeout);
    return {};
}

bool is_upper_bound(condition::comparison op) {
    return op == condition::comparison::less || op == condition::comparison::less_equal;
}

slo_result judged(const condition& c, const std::string& target, const figure& left,
                  std::optional<double> bound) {
    slo_result r{c.text, target, c.left.what, left.value, bound, left.censored, false, left.slowest_of};
    r.pass = r.value && r.bound && c.holds(*r.value, *r.bound) && !(r.censored && is_upper_bound(c.op));
    return r;
}

} // namespace

condition parse_slo(std::string_view text) {
    auto objective = condition::parse(text);
    if (objective.seconds)
        throw std::invalid_argument(
            fmt::format("--slo '{}': an objective is judged over the whole run, leave out 'for'", text));
    return objective;
}

void require_targets(std::span<const condition> objectives, std::span<const std::string> names) {
    const auto require = [&](const condition& c, const std::string& target) {
        if (!target.empty() && std::find(names.begin(), names.end(), target) == names.end())
            throw std::invalid_argument(fmt::format("'{}': there is no target '{}'; there are {}", c.text,
                                                    target, fmt::join(names, ", ")));
    };
    for (const auto& c : objectives) {
        require(c, c.left.target);
        if (c.right)
            require(c, c.right->target);
    }
}

std::vector<slo_result> judge_slos(std::span<const condition> objectives, const run_record& record) {
    std::vector<judged_target> targets;
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        targets.push_back({record.what.targets[i].name, record.targets[i].believable_row(record.duration)});
    return judge_slos(objectives, targets, record.what.timeout);
}

std::vector<slo_result> judge_slos(std::span<const condition> objectives,
                                   std::span<const judged_target> targets, run_time timeout) {
    std::vector<slo_result> results;
    for (const auto& c : objectives) {
        for (const auto& t : targets) {
            if (!c.left.target.empty() && c.left.target != t.name)
                continue;
            const auto bound =
                c.right ? figure_of(*c.right, t.name, targets, timeout).value : std::optional(c.bound);
            results.push_back(judged(c, t.name, figure_of(c.left, t.name, targets, timeout), bound));
        }
    }
    return results;
}

slo_result judge_slo(const condition& objective, const std::string& target, const row& figures,
                     run_time timeout) {
    return judged(objective, target, figure_in(objective.left.what, figures, timeout), objective.bound);
}

std::string text_of(const slo_result& r) {
    return fmt::format("{}  {}  {}  {}{}{}", r.pass ? "PASS" : "FAIL", r.target, r.text,
                       r.value ? text_of(r.what, *r.value) : "nothing to judge", r.censored ? "+" : "",
                       note_of_few(r));
}

std::string note_of_few(const slo_result& r) {
    if (r.slowest_of == 0)
        return {};
    return fmt::format(" (the slowest of {}; {} takes {})", r.slowest_of, name_of(r.what),
                       responses_for(r.what));
}

} // namespace beastmark::loadgen
