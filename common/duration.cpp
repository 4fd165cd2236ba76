#include "common/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace beastmark {

namespace {

struct unit {
    std::string_view name;
    std::int64_t ns;
};

// Largest first: format_duration() takes them in this order.
constexpr std::array<unit, 6> units{{{"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

const unit* find_unit(std::string_view name) {
    for (const unit& candidate : units) {
        if (candidate.name == name) {
            return &candidate;
        }
    }
    return nullptr;
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") {
        return std::chrono::nanoseconds{0};
    }
    if (text.empty()) {
        return std::nullopt;
    }
    double total_ns = 0;
    while (!text.empty()) {
        double amount = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
        if (error != std::errc{} || !(amount >= 0)) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit_length = std::min(text.find_first_of("0123456789."), text.size());
        const unit* const found = find_unit(text.substr(0, unit_length));
        if (found == nullptr) {
            return std::nullopt;
        }
        text.remove_prefix(unit_length);
        total_ns += amount * static_cast<double>(found->ns);
    }
    if (!(total_ns < 9.2e18)) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds{std::llround(total_ns)};
}

std::string format_duration(std::chrono::nanoseconds duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) {
        return "0s";
    }
    std::string text;
    if (rest < 0) {
        text = "-";
        rest = -rest;
    }
    for (const unit& each : units) {
        if (const std::int64_t amount = rest / each.ns; amount > 0) {
            text += std::to_string(amount);
            text += each.name;
            rest -= amount * each.ns;
        }
    }
    return text;
}

} // namespace beastmark
