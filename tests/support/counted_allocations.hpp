// What operator new is asked for, counted. A test that links beastmark_counted_allocations has all forms of
// it replaced, and of operator delete; what calls malloc itself is not counted.
#pragma once

#include <cstdint>

namespace beastmark::testing {

/// By the calling thread, so far.
std::uint64_t allocations() noexcept;

/// By loadgen's load threads, so far, those that have ended included.
std::uint64_t allocations_of_load_threads() noexcept;

} // namespace beastmark::testing
