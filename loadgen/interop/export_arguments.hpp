// Which files of a run other tools are to read.
#pragma once

#include <string>

namespace beastmark::loadgen::interop {

/// Paths; empty: not wanted.
struct export_arguments {
    std::string k6_summary;
    std::string k6_summary_export;
    std::string hdrplot;
};

} // namespace beastmark::loadgen::interop
