// Large numbers as people read them.
#pragma once

#include <concepts>
#include <string>

namespace beastmark::loadgen {

/// "61,000".
template <std::unsigned_integral Integer>
std::string grouped(Integer value) {
    auto digits = std::to_string(value);
    for (auto at = digits.size(); at > 3;)
        digits.insert(at -= 3, 1, ',');
    return digits;
}

} // namespace beastmark::loadgen
