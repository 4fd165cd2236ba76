#include "loadgen/efficiency/prometheus_cpu.hpp"

#include "loadgen/efficiency/prometheus_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace beastmark::loadgen::efficiency {
namespace {

using namespace std::chrono_literals;

struct record {
    const char* name;
    double window_s; // of its rate()
};

constexpr std::array<record, 2> records{
    {{"beastmark:process_cpu:cores", 20}, {"beastmark:app_cpu:cores", 40}}};
constexpr double interval_s = 5;       // between two evaluations of a rule: how old what a query finds may be
constexpr double most_points = 10'000; // Prometheus answers 11,000 at most
constexpr auto patience = 5s;

cpu_series as_series(std::string of, double look_back_s, range_answer answer, double from_s) {
    cpu_series series{.source = "prometheus",
                      .of = std::move(of),
                      .look_back_s = look_back_s,
                      .slack_s = 0.001, // times are rounded to it
                      .t_s = std::move(answer.t_s),
                      .cores = std::move(answer.values)};
    for (double& t : series.t_s)
        t -= from_s;
    return series;
}

} // namespace

found_cpu prometheus_cpu(const url& prometheus, const std::string& target,
                         std::chrono::system_clock::time_point from, std::chrono::nanoseconds length) {
    const double from_s = std::chrono::duration<double>(from.time_since_epoch()).count();
    const double length_s = std::chrono::duration<double>(length).count();
    for (const auto& [name, window_s] : records) {
        const auto query = fmt::format("sum({}{{job=\"{}\"}})", name, target); // a name has nothing to escape
        auto answer =
            ask(prometheus, {query, from_s, from_s + length_s, std::max(interval_s, length_s / most_points)},
                patience);
        if (!answer.error.empty())
            return {std::nullopt, fmt::format("the Prometheus at {} did not answer {}: {}", prometheus.text,
                                              query, answer.error)};
        if (!answer.t_s.empty())
            return {as_series(fmt::format("{} at {}", query, prometheus.text), window_s + interval_s,
                              std::move(answer), from_s),
                    {}};
    }
    return {
        std::nullopt,
        fmt::format("the Prometheus at {} has neither {} nor {} of job=\"{}\" for the time of the run: it "
                    "needs deploy/monitoring/rules, and a scrape job with the target's name",
                    prometheus.text, records[0].name, records[1].name, target)};
}

} // namespace beastmark::loadgen::efficiency
