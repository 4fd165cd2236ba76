// Shell completion, of the flags themselves.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::manual {

/// Completes subcommands, flags, values where they are few, and files where there is nothing else.
std::string bash_completion(const CLI::App& app);

/// The same for zsh, with descriptions: a file _loadgen in a folder of $fpath, or sourced after compinit.
std::string zsh_completion(const CLI::App& app);

} // namespace beastmark::loadgen::manual
