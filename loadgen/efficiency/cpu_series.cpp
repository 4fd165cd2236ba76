#include "loadgen/efficiency/cpu_series.hpp"

#include <cstddef>

namespace beastmark::loadgen::efficiency {

std::optional<double> cpu_series::mean_cores(double start_s, double end_s) const {
    double sum = 0;
    std::size_t samples = 0;
    for (std::size_t i = 0; i < t_s.size(); ++i) {
        if (t_s[i] - look_back_s < start_s - slack_s || t_s[i] > end_s + slack_s)
            continue;
        sum += cores[i];
        ++samples;
    }
    return samples > 0 ? std::optional(sum / static_cast<double>(samples)) : std::nullopt;
}

} // namespace beastmark::loadgen::efficiency
