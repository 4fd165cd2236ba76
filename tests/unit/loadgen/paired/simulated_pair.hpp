// A minute of two services whose true differences are known. Good and bad seconds fall on both, as on one
// machine; each varies besides as the percentiles of 2,000 exponentially distributed answers do.
#pragma once

#include "paired_results.hpp"
#include "tests/unit/loadgen/statistics/simulated_series.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace beastmark::loadgen::paired {

class simulated_pair {
public:
    explicit simulated_pair(std::uint64_t seed, std::size_t seconds = 60)
        : seconds_(seconds), series_(seed), shared_(series_.latency(seconds, 0.6, 1, 0.1)) {}

    /// One side: latency and CPU `slower` times as large, and that much more errors.
    told_seconds side(double slower = 1, double more_errors = 0) {
        return {.p50_us = latency(1000 * slower, 0.032),
                .p99_us = latency(10'000 * slower, 0.048),
                .error_rate = series_.failures(seconds_, 0.01 + more_errors, 1000),
                .throughput_rps = series_.latency(seconds_, 0, 1000, 0.01),
                .cpu_us = series_.latency(seconds_, 0.3, 50 * slower, 0.03)};
    }

private:
    std::vector<double> latency(double mean, double spread) {
        auto values = series_.latency(seconds_, 0.3, mean, spread);
        for (std::size_t i = 0; i < seconds_; ++i)
            values[i] *= shared_[i];
        return values;
    }

    std::size_t seconds_;
    statistics::simulated_series series_;
    std::vector<double> shared_;
};

} // namespace beastmark::loadgen::paired
