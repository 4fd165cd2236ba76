// Series whose truth is known, as seconds of a load test look: they remember, and are skewed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace beastmark::loadgen::statistics {

class simulated_series {
public:
    explicit simulated_series(std::uint64_t seed) : random_(seed) {}

    /// Mean 0, deviation 1; each value remembers `memory` of the one before.
    std::vector<double> noise(std::size_t count, double memory) {
        std::vector<double> values;
        double before = normal_(random_);
        for (std::size_t i = 0; i < count; ++i) {
            before = memory * before + std::sqrt(1 - memory * memory) * normal_(random_);
            values.push_back(before);
        }
        return values;
    }

    /// Skewed as latencies are: its mean is `mean`, its deviation about `spread` of that.
    std::vector<double> latency(std::size_t count, double memory, double mean, double spread) {
        auto values = noise(count, memory);
        for (auto& v : values)
            v = mean * std::exp(spread * v - spread * spread / 2);
        return values;
    }

    /// How many of `of` fail in each second, as a share.
    std::vector<double> failures(std::size_t count, double probability, int of) {
        std::binomial_distribution<int> failed(of, probability);
        std::vector<double> values;
        for (std::size_t i = 0; i < count; ++i)
            values.push_back(static_cast<double>(failed(random_)) / of);
        return values;
    }

private:
    std::mt19937_64 random_;
    std::normal_distribution<double> normal_;
};

} // namespace beastmark::loadgen::statistics
