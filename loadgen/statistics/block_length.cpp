#include "loadgen/statistics/block_length.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace beastmark::loadgen::statistics {
namespace {

// At lags 0, 1, ... most_lag.
std::vector<double> autocovariances(std::span<const double> series, std::size_t most_lag) {
    const auto count = static_cast<double>(series.size());
    const auto mean = std::accumulate(series.begin(), series.end(), 0.0) / count;
    std::vector<double> found(most_lag + 1);
    for (std::size_t lag = 0; lag <= most_lag; ++lag) {
        for (std::size_t i = lag; i < series.size(); ++i)
            found[lag] += (series[i] - mean) * (series[i - lag] - mean);
        found[lag] /= count;
    }
    return found;
}

// The last lag before `in_a_row` that cannot be told from no correlation.
std::size_t memory_of(const std::vector<double>& covariances, std::size_t in_a_row, double noise) {
    std::size_t quiet = 0;
    for (std::size_t lag = 1; lag < covariances.size(); ++lag) {
        quiet = std::abs(covariances[lag]) < noise * covariances[0] ? quiet + 1 : 0;
        if (quiet == in_a_row)
            return lag - in_a_row;
    }
    return covariances.size() - 1 - quiet;
}

// The flat-top window: 1 up to a half, then down to 0 at 1.
double weight(double at) {
    return std::clamp(2 * (1 - at), 0.0, 1.0);
}

} // namespace

std::size_t block_length(std::span<const double> series, std::size_t fewest_blocks) {
    const auto count = static_cast<double>(series.size());
    const auto longest = std::max<std::size_t>(1, series.size() / std::max<std::size_t>(1, fewest_blocks));
    if (longest == 1)
        return 1;
    const auto in_a_row = static_cast<std::size_t>(std::max(5.0, std::ceil(std::sqrt(std::log10(count)))));
    const auto most_lag = std::min(series.size() - 1, static_cast<std::size_t>(std::sqrt(count)) + in_a_row);
    const auto covariances = autocovariances(series, most_lag);
    if (!(covariances[0] > 0))
        return 1;
    const auto memory = memory_of(covariances, in_a_row, 2 * std::sqrt(std::log10(count) / count));
    const auto window = std::min(2 * memory, most_lag);
    double spectrum = covariances[0];
    double slope = 0;
    for (std::size_t lag = 1; lag <= window; ++lag) {
        const auto weighted =
            2 * weight(static_cast<double>(lag) / static_cast<double>(window)) * covariances[lag];
        spectrum += weighted;
        slope += weighted * static_cast<double>(lag);
    }
    if (!(spectrum > 0))
        return 1;
    const auto best = std::cbrt(1.5 * slope * slope / (spectrum * spectrum) * count);
    return std::clamp(static_cast<std::size_t>(std::lround(best)), std::size_t{1}, longest);
}

} // namespace beastmark::loadgen::statistics
