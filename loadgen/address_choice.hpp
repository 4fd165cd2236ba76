// Which of a target's addresses a connection tries.
#pragma once

#include <cstddef>
#include <cstdint>

namespace beastmark::loadgen {

/// Each attempt, counted from 0, up to `count`, tries another address: `home` first, then the others in
/// turn. With which of them it begins depends on the connection, so that those of a dead address do not all
/// go to the one after it.
/// @param home,count of addresses.
/// @param number of the connection; the home of one that was never connected is number % count.
constexpr std::size_t address_to_try(std::size_t home, std::size_t attempt, std::uint64_t number,
                                     std::size_t count) noexcept {
    if (attempt == 0)
        return home;
    const auto others = count - 1;
    return (home + 1 + (number / count + attempt - 1) % others) % count;
}

} // namespace beastmark::loadgen
