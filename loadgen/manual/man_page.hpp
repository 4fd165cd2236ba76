// The manual page, of the flags themselves.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::manual {

/// loadgen(1) in man(7) macros.
std::string man_page(const CLI::App& app);

} // namespace beastmark::loadgen::manual
