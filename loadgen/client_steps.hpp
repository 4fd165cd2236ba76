// The clients of a closed loop: how many there are when, and how long each thinks before its next request.
#pragma once

#include <chrono>
#include <cstdint>

namespace beastmark::loadgen {

struct client_steps {
    std::uint32_t first = 0; // from the start on; 0 of both: as many as there are connections
    std::uint32_t last = 0;
    std::chrono::nanoseconds every{}; // another one joins, until there are `last`
    std::chrono::nanoseconds since{}; // counted from here: the end of a warm-up
    std::chrono::nanoseconds think{}; // after an answer

    /// When client `index` (from 0) sends its first request.
    [[nodiscard]] std::chrono::nanoseconds begin_of(std::uint64_t index) const {
        return index < first || last == 0 ? std::chrono::nanoseconds{}
                                          : since + every * static_cast<std::int64_t>(index - first + 1);
    }
};

} // namespace beastmark::loadgen
