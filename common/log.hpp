// Logging for programs: one line per event on stderr.
#pragma once

#include <string>
#include <vector>

namespace beastmark {

/// The levels that init_logging() takes, least severe first.
const std::vector<std::string>& log_levels();

/// The formats that init_logging() takes: "text", and "json" for one object a line: time, level, message.
const std::vector<std::string>& log_formats();

/// Sends spdlog's default logger to stderr at `level` (one of log_levels()) in `format`, with a UTC timestamp
/// on each line. Call once, first thing in main.
void init_logging(const std::string& level, const std::string& format = "text");

} // namespace beastmark
