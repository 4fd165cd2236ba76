// What a target is asked for, as the command line says.
#pragma once

#include "loadgen/request_set.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/url.hpp"

namespace beastmark::loadgen {

/// The one request of -m, -b and -H; those of --requests, each with the headers of -H that it has none of
/// itself; or those of --replay. `files`: of {{pick}}, for all targets. Throws std::invalid_argument and
/// std::runtime_error with one clear line.
request_set make_requests(const run_options& options, const url& where, line_files& files);

/// Where {{pick}} looks for its files: beside the file of --requests, else where the program was started.
line_files pick_files(const run_options& options);

} // namespace beastmark::loadgen
