// How long to wait before the next attempt to reach a backend.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace beastmark::ingest {

/// Waits of first * 2^k up to a cap, each shortened by up to half at random, so that the connections that
/// were lost together do not come back together. Half of the cap and one attempt bound how late a backend's
/// return is noticed. A link that was up begins anew with the first wait if it had lasted; one that flaps is
/// waited for longer each time, but never for more than half of the cap.
class backoff {
public:
    using clock = std::chrono::steady_clock;

    /// How long a link has to be up to have lasted.
    static constexpr std::chrono::seconds lasting{1};

    explicit backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, std::uint32_t seed)
        : first_(first), cap_(cap), next_(first), random_(seed) {}

    /// The link is lost, or could not be made, at `now`.
    std::chrono::milliseconds next(clock::time_point now) {
        if (up_since_)
            next_ = now - *up_since_ >= lasting ? first_ : std::min(next_, std::max(first_, cap_ / 2));
        up_since_.reset();
        const auto whole = next_;
        next_ = std::min(cap_, next_ * 2);
        return std::chrono::milliseconds(
            std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(random_));
    }

    /// The link has proven usable.
    void up(clock::time_point now) noexcept { up_since_ = now; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds cap_;
    std::chrono::milliseconds next_;
    std::optional<clock::time_point> up_since_;
    std::minstd_rand random_;
};

} // namespace beastmark::ingest
