// A comparison in words.
#pragma once

#include "loadgen/comparison.hpp"

#include <string>
#include <vector>

namespace beastmark::loadgen {

/// What came out, a sentence or two each; the first is what to read if only one is read.
std::vector<std::string> headline_of(const comparison& all);

/// What the figures have to be read with: why a rate is not exact, what was left out, what is not known.
std::vector<std::string> notes_of(const comparison& all);

} // namespace beastmark::loadgen
