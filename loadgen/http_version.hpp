// What is spoken with a target.
#pragma once

#include <cstdint>

namespace beastmark::loadgen {

enum class http_version : std::uint8_t { http_1_1, http_2 };

} // namespace beastmark::loadgen
