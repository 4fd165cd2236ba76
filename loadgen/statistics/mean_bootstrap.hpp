// The mean of a series whose values depend on those before them, and how sure it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace beastmark::loadgen::statistics {

struct interval {
    double low = 0;
    double high = 0;

    [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }

    bool operator==(const interval&) const = default;
};

/// A studentised moving-block bootstrap (blocks go round the end, so that each value counts alike): blocks of
/// the series are drawn and put together again and again, and each time it is seen how many of its own
/// standard errors the new mean lies from the true one. Such intervals keep their promise also for a few
/// dozen skewed values with memory, where the plain percentile method is too narrow: Götze and Künsch,
/// "Second-order correctness of the blockwise bootstrap" (1996).
///
/// The same series and seed give the same interval on every machine of this C++ library.
class mean_bootstrap {
public:
    /// Fewer values than this say nothing of how sure their mean is.
    static constexpr std::size_t fewest_values = 12;

    /// @param series at least `fewest_values`, else std::invalid_argument
    explicit mean_bootstrap(std::span<const double> series, std::uint64_t seed = 1,
                            std::size_t resamples = 4000);

    [[nodiscard]] double mean() const noexcept { return mean_; }

    /// Of values that go together.
    [[nodiscard]] std::size_t block() const noexcept { return block_; }

    /// Holds the true mean in that share of all series; `confidence` between 0 and 1. Beyond 95 %, which so
    /// few blocks cannot tell, that interval is widened as Student's law with as many would have it. A series
    /// without any variation gives its value twice.
    [[nodiscard]] interval at(double confidence) const;

private:
    std::size_t block_ = 1;
    std::size_t blocks_ = 0; // in a series
    double mean_ = 0;
    double error_ = 0;            // standard error of the mean
    std::vector<double> studied_; // (resampled mean - mean) / its standard error, ascending
};

} // namespace beastmark::loadgen::statistics
