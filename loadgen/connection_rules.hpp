// Where connections come from, and how long one is used.
#pragma once

#include "loadgen/source_addresses.hpp"

#include <cstdint>

namespace beastmark::loadgen {

struct connection_rules {
    bool automatic = false;     // as many as there is need for, up to the plan's
    bool keep_alive = true;     // between requests; else each request makes one of its own
    std::uint32_t requests = 0; // that a connection carries before it is made anew; 0: as many as come
    source_addresses sources{};
};

} // namespace beastmark::loadgen
