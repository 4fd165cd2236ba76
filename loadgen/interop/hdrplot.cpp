#include "loadgen/interop/hdrplot.hpp"

#include "common/percentile_spectrum.hpp"

#include <fmt/format.h>

namespace beastmark::loadgen::interop {

std::string hdrplot(const histogram& values) {
    constexpr double at_the_end = 1e7;
    auto text =
        fmt::format("{:<12}{:<12}{:<12}{}\n", "Value(ms)", "Percentile", "TotalCount", "1/(1-Percentile)");
    for (const auto& point : percentile_spectrum(values))
        text += fmt::format("{:<11.6f} {:<11.6f} {:<11} {:.6f}\n", static_cast<double>(point.value_ns) / 1e6,
                            1 - point.above, point.count, point.above > 0 ? 1 / point.above : at_the_end);
    return text;
}

} // namespace beastmark::loadgen::interop
