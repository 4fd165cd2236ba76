// A run of loadgen and the result.json it wrote.
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace beastmark::testing {

/// `loadgen run --plain -o DIR ARGUMENTS...` in a directory of its own; not yet finished.
struct loadgen_run {
    explicit loadgen_run(std::vector<std::string> arguments);

    nlohmann::json result() const;
    std::string report() const;

    temporary_directory directory;
    process running;
};

/// The process's own options, for runs that never get as far as a result.
finished_process loadgen(std::vector<std::string> arguments, process_options options = {});

/// loadgen ran to its end, whether or not the machine was quiet enough for its figures to be believed.
bool ran(const std::optional<exit_status>& status);

/// What it says of itself: the figures of every target are to be believed.
bool believable(const nlohmann::json& result);

/// Every field of docs/result.md is there with its type, percentiles rise, and the parts of each total add
/// up.
void expect_valid_result(const nlohmann::json& result);

} // namespace beastmark::testing
