#include "loadgen/human_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace beastmark::loadgen {

namespace {

// Three digits, whatever the size.
std::string three_digits(double value) {
    if (value < 9.995)
        return fmt::format("{:.2f}", value);
    return value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

} // namespace

std::string human_us(double us) {
    if (us < 999.5)
        return three_digits(us) + " us";
    return us < 999'500 ? three_digits(us / 1e3) + " ms" : three_digits(us / 1e6) + " s";
}

std::string human_count(double value) {
    if (value < 9'999.5)
        return fmt::format("{:.0f}", value);
    return value < 999'500 ? three_digits(value / 1e3) + "k" : three_digits(value / 1e6) + "M";
}

std::string human_rate(double per_second) {
    return per_second < 99.95 ? fmt::format("{:.3g}", per_second) : human_count(per_second);
}

std::string human_response_us(double us, bool censored, double timeout_us) {
    return human_us(us) + (censored && us >= timeout_us ? "+" : "");
}

std::string human_clock(std::chrono::seconds t) {
    const auto s = std::max<std::int64_t>(t.count(), 0);
    return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                     : fmt::format("{}:{:02}", s / 60, s % 60);
}

} // namespace beastmark::loadgen
