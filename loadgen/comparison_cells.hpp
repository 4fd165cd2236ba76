// The tables of a comparison, cell by cell, as they are shown everywhere.
#pragma once

#include "loadgen/comparison.hpp"

#include <string>
#include <vector>

namespace beastmark::loadgen {

struct text_cell {
    std::string value;  // "90,000"
    std::string range;  // "81,000 to 96,000", or empty
    std::string remark; // "no difference shown", or empty
};

struct text_row {
    std::string title;
    std::string note;
    std::vector<text_cell> cells;
};

struct text_table {
    std::string title;
    std::vector<std::string> columns; // without that of the rows' titles
    std::vector<text_row> rows;
};

/// The figures; where there are any also the ratios to the first target.
std::vector<text_table> tables_of(const comparison& all);

} // namespace beastmark::loadgen
