#include "loadgen/comparison_numbers.hpp"

#include "loadgen/grouped.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace beastmark::loadgen {
namespace {

/// Three significant digits; whole numbers from 100 on, with groups.
std::string digits(double value) {
    constexpr double most = 1e15; // beyond which a double holds no single units, and no figure is real
    if (std::abs(value) >= most)
        return fmt::format("{:.3g}", value);
    if (value >= 99.95)
        return grouped(static_cast<std::uint64_t>(std::llround(value)));
    return fmt::format("{:.3g}", value);
}

std::string microseconds_text(double us) {
    if (us < 999.5)
        return digits(us) + " us";
    return us < 999'500 ? digits(us / 1e3) + " ms" : digits(us / 1e6) + " s";
}

std::string bytes_text(double bytes) {
    constexpr double step = 1024;
    if (bytes < step * step)
        return digits(bytes / step) + " KiB";
    return bytes < step * step * step ? digits(bytes / (step * step)) + " MiB"
                                      : digits(bytes / (step * step * step)) + " GiB";
}

/// Never rounds to 100 % what is not.
std::string share_text(double share) {
    const auto hundredths = std::floor(share * 1e4 + 1e-9) / 100;
    return hundredths == 100 || hundredths == 0 ? fmt::format("{:.0f} %", hundredths)
                                                : fmt::format("{:.2f} %", hundredths);
}

template <typename Text>
std::string range_of(const spread& figure, double no_low, const Text& text) {
    if (figure.rounds < 2)
        return {};
    const auto [low, high] = figure.range;
    if (std::isinf(high))
        return low == no_low ? std::string() : text(low) + " or more";
    if (low == no_low)
        return text(high) + " or less";
    return text(low) == text(high) ? "each round" : fmt::format("{} to {}", text(low), text(high));
}

} // namespace

std::string rate_text(double per_second) {
    return digits(per_second);
}

std::string quantity_text(double value, quantity unit) {
    switch (unit) {
    case quantity::rate:
        return digits(value);
    case quantity::microseconds:
        return microseconds_text(value);
    case quantity::bytes:
        return bytes_text(value);
    case quantity::share:
        return share_text(value);
    }
    return {};
}

std::string figure_text(const bounds& figure, quantity unit) {
    auto low = quantity_text(figure.low, unit);
    if (figure.exact())
        return low;
    return std::isinf(figure.high) ? "at least " + low : low + " to " + quantity_text(figure.high, unit);
}

bool is_unknown(const bounds& ratio) {
    return ratio.low == 0 && std::isinf(ratio.high);
}

std::string ratio_text(const bounds& ratio) {
    if (is_unknown(ratio))
        return "not known";
    if (ratio.exact())
        return digits(ratio.low);
    if (ratio.low == 0)
        return "at most " + digits(ratio.high);
    return std::isinf(ratio.high) ? "at least " + digits(ratio.low)
                                  : fmt::format("{} to {}", digits(ratio.low), digits(ratio.high));
}

std::string range_text(const spread& figure, quantity unit) {
    return range_of(figure, -1, [&](double value) { return quantity_text(value, unit); }); // 0 is a figure
}

std::string ratio_range_text(const spread& ratio) {
    return range_of(ratio, 0, digits);
}

} // namespace beastmark::loadgen
