// How long a connection is used.
#pragma once

#include <cstdint>

namespace beastmark::loadgen {

struct connection_rules {
    std::uint32_t requests = 0; // that a connection carries before it is made anew; 0: as many as come
};

} // namespace beastmark::loadgen
