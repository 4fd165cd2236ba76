// The flags of a subcommand as a table for documents.
#pragma once

#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::manual {

/// Markdown: a line for each flag with its default and what it does.
std::string flag_table(const CLI::App& app, const std::string& subcommand);

} // namespace beastmark::loadgen::manual
