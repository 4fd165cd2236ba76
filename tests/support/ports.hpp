// Ports for servers that a test starts.
#pragma once

#include <cstdint>

namespace beastmark::testing {

/// A TCP port that nothing listens on at 127.0.0.1 and that no other test of this machine was given while its
/// process lives. Taken from below the kernel's ephemeral range, so that no outgoing connection lands on it.
/// A stranger may still take it before the caller does: whoever starts a server retries with another port.
std::uint16_t free_port();

} // namespace beastmark::testing
