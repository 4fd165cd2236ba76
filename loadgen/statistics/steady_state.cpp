#include "loadgen/statistics/steady_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace beastmark::loadgen::statistics {
namespace {

constexpr std::size_t most_batches = 20; // of a short series
constexpr std::size_t largest_batch = 5;

// Of noise what is left near the end is by chance often more alike than all of it, but seldom by so much: its
// mean is of fewer values. A series that goes on falling or rising is: by a half.
constexpr double clearly_less = 0.65;

// A change of the mean that is smaller than that is none worth a name.
constexpr double matters = 0.05;

std::vector<double> batch_means(std::span<const double> series, std::size_t batch) {
    std::vector<double> means;
    for (; series.size() >= batch; series = series.subspan(batch))
        means.push_back(
            std::accumulate(series.begin(), series.begin() + static_cast<std::ptrdiff_t>(batch), 0.0) /
            static_cast<double>(batch));
    return means;
}

double mean_from(std::span<const double> values, std::size_t first) {
    const auto rest = values.subspan(first);
    return std::accumulate(rest.begin(), rest.end(), 0.0) / static_cast<double>(rest.size());
}

// The square of the standard error of their mean.
double squared_error(std::span<const double> values) {
    const auto count = static_cast<double>(values.size());
    const auto mean = mean_from(values, 0);
    double squares = 0;
    for (const auto v : values)
        squares += (v - mean) * (v - mean);
    return squares / (count * count);
}

struct cut {
    std::size_t at = 0;
    double error = std::numeric_limits<double>::infinity();
};

// The best from `first` to `last`.
cut best_cut(std::span<const double> means, std::size_t first, std::size_t last) {
    cut best;
    for (auto at = first; at <= last; ++at)
        if (const auto error = squared_error(means.subspan(at)); error < best.error)
            best = {at, error};
    return best;
}

} // namespace

std::optional<std::size_t> steady_from(std::span<const double> series) {
    if (series.size() < fewest_to_judge)
        return std::nullopt;
    const auto batch = std::clamp<std::size_t>(series.size() / most_batches, 1, largest_batch);
    const auto means = batch_means(series, batch);
    const auto best = best_cut(means, 0, means.size() / 2);
    const auto later = best_cut(means, means.size() / 2 + 1, means.size() * 3 / 4);
    const auto mean = mean_from(means, best.at);
    const auto change = std::abs(mean_from(means, later.at) - mean);
    if (later.error < clearly_less * best.error && change > matters * std::abs(mean))
        return std::nullopt;
    return best.at * batch;
}

} // namespace beastmark::loadgen::statistics
