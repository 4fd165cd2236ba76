// Random numbers of an arrival: what they are depends on nothing but a seed and the arrival's index, so that
// any thread, or any process, draws the same for it.
#pragma once

#include <cstdint>

namespace beastmark::loadgen {

/// SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195): every state gives a well mixed number,
/// so an arrival's index can be the seed. Other seeds give other, unrelated numbers.
class arrival_random {
public:
    arrival_random(std::uint64_t seed, std::uint64_t i) noexcept : state_(mix(seed) ^ mix(i + gamma)) {}

    std::uint64_t next() noexcept {
        state_ += gamma;
        return mix(state_);
    }

    /// From low to high, both included, by multiplication: without a division, and as even as 64 bits allow.
    std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
        const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
        const auto random = next();
        if (span == 0)
            return static_cast<std::int64_t>(random);
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + scaled(random, span).whole);
    }

    /// `random` as a share of 2^64, times `n`: its whole part, below n, and what is left, of 2^64.
    struct parts {
        std::uint64_t whole;
        std::uint64_t rest;
    };

    static parts scaled(std::uint64_t random, std::uint64_t n) noexcept {
        __extension__ using wide = unsigned __int128;
        const auto product = static_cast<wide>(random) * n;
        return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
    }

private:
    static constexpr std::uint64_t gamma = 0x9e3779b97f4a7c15;

    static std::uint64_t mix(std::uint64_t z) noexcept {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

} // namespace beastmark::loadgen
