// How long to wait before the next attempt to reach a backend.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace beastmark::ingest {

/// Waits of first * 2^k up to a cap, each shortened by up to half at random, so that the connections that
/// were lost together do not come back together. Half of the cap and one attempt bound how late a backend's
/// return is noticed.
class backoff {
public:
    explicit backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, std::uint32_t seed)
        : first_(first), cap_(cap), next_(first), random_(seed) {}

    std::chrono::milliseconds next() {
        const auto whole = next_;
        next_ = std::min(cap_, next_ * 2);
        return std::chrono::milliseconds(
            std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(random_));
    }

    /// To be called when a connection has proven usable.
    void reset() noexcept { next_ = first_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds cap_;
    std::chrono::milliseconds next_;
    std::minstd_rand random_;
};

} // namespace beastmark::ingest
