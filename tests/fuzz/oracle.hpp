// What fuzzers with a model of their own share.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace beastmark::fuzz {

/// What does not hold is a finding.
inline void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Numbers that an input can choose by its seed: the same on each machine.
struct dice {
    std::uint32_t state;

    std::uint32_t operator()() {
        state = state * 1664525 + 1013904223;
        return state >> 16;
    }
};

} // namespace beastmark::fuzz
