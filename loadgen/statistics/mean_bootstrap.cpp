#include "loadgen/statistics/mean_bootstrap.hpp"

#include "loadgen/statistics/block_length.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

namespace beastmark::loadgen::statistics {
namespace {

// With fewer the spread between blocks is hardly known.
constexpr std::size_t fewest_blocks = 8;

// A minute is too short to see a weak memory in it, which nearly all load tests have: without blocks of some
// seconds intervals would be too narrow by a tenth. What this costs a series without memory is less.
std::size_t block_of(std::span<const double> series) {
    const auto longest = series.size() / fewest_blocks;
    const auto usual = static_cast<std::size_t>(std::ceil(2 * std::cbrt(static_cast<double>(series.size()))));
    return std::max(block_length(series, fewest_blocks), std::min(longest, usual));
}

// The mean of each block, one beginning at each value; the last ones go round the end.
std::vector<double> block_means(std::span<const double> series, std::size_t length) {
    std::vector<double> means(series.size());
    for (std::size_t begin = 0; begin < series.size(); ++begin) {
        for (std::size_t i = 0; i < length; ++i)
            means[begin] += series[(begin + i) % series.size()];
        means[begin] /= static_cast<double>(length);
    }
    return means;
}

// The standard error of the mean of `drawn` blocks' means, from their spread.
double error_of(double sum, double squares, double drawn) {
    const auto variance = std::max(0.0, squares / drawn - (sum / drawn) * (sum / drawn));
    return std::sqrt(variance / (drawn - 1));
}

// std::uniform_int_distribution is another one in each library.
std::size_t below(std::mt19937_64& random, std::size_t limit) {
    return static_cast<std::size_t>(((random() >> 32U) * limit) >> 32U);
}

// What the draws can tell. Further out they are draws of nearly the same block again and again, whose own
// error is next to nothing.
constexpr double most_resolved = 0.95;

double student_quantile(double confidence, std::size_t blocks) {
    const boost::math::students_t law(static_cast<double>(blocks - 1));
    return boost::math::quantile(law, (1 + confidence) / 2);
}

double quantile(const std::vector<double>& ascending, double share) {
    const auto at = share * static_cast<double>(ascending.size() - 1);
    const auto before = std::min(static_cast<std::size_t>(at), ascending.size() - 2);
    const auto part = at - static_cast<double>(before);
    return ascending[before] + part * (ascending[before + 1] - ascending[before]);
}

} // namespace

mean_bootstrap::mean_bootstrap(std::span<const double> series, std::uint64_t seed, std::size_t resamples) {
    if (series.size() < fewest_values)
        throw std::invalid_argument("a bootstrap needs at least 12 values");
    block_ = block_of(series);
    mean_ = std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(series.size());
    auto means = block_means(series, block_);
    for (auto& m : means)
        m -= mean_; // small numbers: their squares lose nothing
    blocks_ = series.size() / block_;
    const auto drawn = static_cast<double>(blocks_);
    const auto squares = std::inner_product(means.begin(), means.end(), means.begin(), 0.0);
    error_ = std::sqrt(squares / static_cast<double>(means.size()) / (drawn - 1));
    const auto nothing = 1e-12 * std::abs(mean_); // rounding
    if (error_ <= nothing) {
        error_ = 0;
        return;
    }
    std::mt19937_64 random(seed);
    studied_.reserve(resamples);
    for (std::size_t i = 0; i < resamples; ++i) {
        double sum = 0;
        double of_squares = 0;
        for (std::size_t b = 0; b < blocks_; ++b) {
            const auto m = means[below(random, means.size())];
            sum += m;
            of_squares += m * m;
        }
        // A draw of one block again and again says nothing of its own error.
        const auto error = std::max(error_of(sum, of_squares, drawn), error_ / 10);
        studied_.push_back(sum / drawn / error);
    }
    std::sort(studied_.begin(), studied_.end());
}

interval mean_bootstrap::at(double confidence) const {
    if (error_ == 0)
        return {mean_, mean_};
    const auto resolved = std::min(confidence, most_resolved);
    const auto tail = (1 - resolved) / 2;
    const auto unit = error_ * student_quantile(confidence, blocks_) / student_quantile(resolved, blocks_);
    return {mean_ - quantile(studied_, 1 - tail) * unit, mean_ - quantile(studied_, tail) * unit};
}

} // namespace beastmark::loadgen::statistics
