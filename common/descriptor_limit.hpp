// The limit on open descriptors (RLIMIT_NOFILE): a program that keeps thousands of connections hits it first.
#pragma once

#include <cstdint>

namespace beastmark {

/// Raises the soft limit on open descriptors to the hard limit. Programs do this first thing: 1024, the usual
/// soft limit, exists for programs that use select(2).
/// @return the limit now in force.
std::uint64_t raise_descriptor_limit();

} // namespace beastmark
