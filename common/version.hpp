// What was built: the project's version and the git revision, read when it was built.
#pragma once

#include <string_view>

namespace beastmark {

/// The project's version, e.g. "0.1.0".
std::string_view version();

/// `git describe --always --dirty` of the tree that was built, or "unknown" outside a checkout.
std::string_view revision();

} // namespace beastmark
