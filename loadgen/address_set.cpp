#include "loadgen/address_set.hpp"

#include "loadgen/address_choice.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {

address_set::address_set(std::vector<endpoint> first) : known_(std::move(first)), current_(known_.size()) {
    std::iota(current_.begin(), current_.end(), std::size_t{0});
}

void address_set::update(const std::vector<endpoint>& now) {
    current_.clear();
    for (const auto& each : now) {
        auto at = std::find(known_.begin(), known_.end(), each);
        if (at == known_.end())
            at = known_.insert(at, each);
        current_.push_back(static_cast<std::size_t>(at - known_.begin()));
    }
}

bool address_set::has(std::size_t place) const noexcept {
    return std::find(current_.begin(), current_.end(), place) != current_.end();
}

std::size_t address_set::to_try(std::size_t home, std::size_t attempt, std::uint64_t number) const noexcept {
    const auto at = std::find(current_.begin(), current_.end(), home);
    const auto rank = at == current_.end() ? static_cast<std::size_t>(number % current_.size())
                                           : static_cast<std::size_t>(at - current_.begin());
    return current_[address_to_try(rank, attempt, number, current_.size())];
}

} // namespace beastmark::loadgen
