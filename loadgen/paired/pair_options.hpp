// How two targets are to be compared by one run.
#pragma once

#include "loadgen/paired/turns.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::paired {

enum class pair_kind {
    concurrent, // the same arrivals for both at the same moments
    abba,       // in turn
};

/// "concurrent", "abba".
constexpr std::string_view name_of(pair_kind kind) noexcept {
    return kind == pair_kind::concurrent ? "concurrent" : "abba";
}

struct pair_options {
    pair_kind kind = pair_kind::concurrent;
    bool null = false;         // --aa: both are the same, for the noise floor
    std::string noise_floor{}; // result of such a run
    std::chrono::nanoseconds turn_length = std::chrono::seconds(1); // concurrent: a row
    std::vector<turn> turns{};                                      // of abba; without the warm-up
};

} // namespace beastmark::loadgen::paired
