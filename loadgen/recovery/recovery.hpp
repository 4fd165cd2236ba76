// What became of a service after a ramp: whether the same rate is served as well on the way down as on the
// way up (hysteresis), and when it was back to normal after it had been overloaded.
#pragma once

#include "loadgen/recovery/legs.hpp"
#include "loadgen/recovery/overload.hpp"
#include "loadgen/run.hpp"

#include <cstddef>
#include <optional>

namespace beastmark::loadgen::recovery {

struct ramp_recovery {
    two_legs legs;
    std::optional<overload> over;
    std::size_t overloaded = 0; // seconds, to be believed
    std::size_t doubtful = 0;   // seconds that are not
};

/// Of one target. Nothing in a closed loop, and without a way up and a way down.
std::optional<ramp_recovery> find_recovery(const run_record& record, std::size_t target);

} // namespace beastmark::loadgen::recovery
