// What was counted of each request of a target with several, so that one that is slow or fails does not hide
// among the others.
#pragma once

#include "common/histogram.hpp"
#include "loadgen/outcome.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace beastmark::loadgen {

struct request_tally {
    std::uint64_t sent = 0;
    std::array<std::uint64_t, outcome_count> outcomes{}; // also of those that were never sent
    histogram response{};                                // as latencies::response

    [[nodiscard]] std::uint64_t of(outcome what) const noexcept {
        return outcomes[static_cast<std::size_t>(what)];
    }

    /// Of any outcome: when a run is over, all that were offered.
    [[nodiscard]] std::uint64_t settled() const noexcept;

    void merge(const request_tally& other) noexcept;
};

/// Of a thread, a second, a run: by the place of a request in its set. Made to be reused: what is reset keeps
/// its memory.
class request_tallies {
public:
    /// Of one of `of` requests. Allocates only the first time.
    request_tally& at(std::size_t index, std::size_t of) {
        if (used_ < of)
            use(of);
        return all_[index];
    }

    void merge(const request_tallies& other);
    void reset() noexcept;

    [[nodiscard]] bool empty() const noexcept { return used_ == 0; }

    [[nodiscard]] std::span<const request_tally> all() const noexcept { return {all_.data(), used_}; }

private:
    void use(std::size_t of);

    std::vector<request_tally> all_;
    std::size_t used_ = 0;
};

} // namespace beastmark::loadgen
