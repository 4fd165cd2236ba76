// Files of a run that other tools read: k6's summary, vegeta's hdrplot.
#pragma once

#include "loadgen/interop/export_arguments.hpp"
#include "loadgen/run.hpp"
#include "loadgen/slo.hpp"

#include <cstddef>
#include <span>

namespace CLI { // NOLINT(readability-identifier-naming): CLI11's
class App;      // NOLINT(readability-identifier-naming)
}

namespace beastmark::loadgen::interop {

void add_export_options(CLI::App& run, export_arguments& arguments);

/// Before the run, not after it. Throws std::invalid_argument or std::runtime_error with one clear line: a
/// plot of several targets, a folder that is not there.
void check(const export_arguments& wanted, std::size_t targets);

/// Throws std::runtime_error with one clear line.
void write(const export_arguments& wanted, const run_record& record, std::span<const slo_result> objectives);

} // namespace beastmark::loadgen::interop
