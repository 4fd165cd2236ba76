#include "loadgen/request_tally.hpp"

#include <algorithm>
#include <numeric>

namespace beastmark::loadgen {

std::uint64_t request_tally::settled() const noexcept {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

void request_tally::merge(const request_tally& other) noexcept {
    sent += other.sent;
    for (std::size_t i = 0; i < outcome_count; ++i)
        outcomes[i] += other.outcomes[i];
    response.merge(other.response);
}

void request_tallies::use(std::size_t of) {
    if (all_.size() < of)
        all_.resize(of);
    used_ = of;
}

void request_tallies::merge(const request_tallies& other) {
    if (used_ < other.used_)
        use(other.used_);
    for (std::size_t i = 0; i < other.used_; ++i)
        all_[i].merge(other.all_[i]);
}

void request_tallies::reset() noexcept {
    for (std::size_t i = 0; i < used_; ++i) {
        all_[i].sent = 0;
        all_[i].outcomes.fill(0);
        all_[i].response.reset();
    }
    used_ = 0;
}

} // namespace beastmark::loadgen
