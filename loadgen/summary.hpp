// What a person reads when the run is over: at most 100 columns, on stdout.
#pragma once

#include "loadgen/run.hpp"

#include <string>

namespace beastmark::loadgen {

std::string summarize(const run_record& record);

} // namespace beastmark::loadgen
