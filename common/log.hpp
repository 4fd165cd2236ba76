// Logging for programs: one line per event on stderr.
#pragma once

#include <string>
#include <vector>

namespace beastmark {

/// The levels that init_logging() takes, least severe first.
const std::vector<std::string>& log_levels();

/// Sends spdlog's default logger to stderr at `level` (one of log_levels()), with a UTC timestamp on each
/// line. Call once, first thing in main.
void init_logging(const std::string& level);

} // namespace beastmark
