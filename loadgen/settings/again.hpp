// --again RESULT.json: the options of a run that was.
#pragma once

#include "loadgen/settings/setting.hpp"

#include <string>
#include <vector>

namespace beastmark::loadgen::settings {

struct earlier_run {
    std::vector<setting> settings;
    std::string note; // what of it is left out, in a line; empty: nothing
};

/// What `manifest.argv` of a result of the same subcommand says, but for what belongs to that run alone: its
/// folder (-o), which would be overwritten, and process ids (--watch). What a body's @FILE, requests and
/// replay name is taken from `manifest.directory`. Throws std::invalid_argument with one clear line: not such
/// a result, or flags that are not known here; std::runtime_error when it cannot be read.
earlier_run read_again(const std::string& path, const CLI::App& command);

/// Headers given beside a result take the place of those of the same name only: adds the others of `before`
/// to those of `now`. Throws std::invalid_argument with one clear line for one whose value the result leaves
/// out.
void keep_headers(std::vector<setting>& now, std::vector<setting>& before, const std::string& path);

} // namespace beastmark::loadgen::settings
