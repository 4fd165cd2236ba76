// The table of the contract (docs/design.md section 2).
#pragma once

#include <string>

namespace beastmark::ingest {

/// Creates the table `device` if it is missing. Blocks; for use before a service starts.
/// @param conninfo libpq's connection string. @throws std::runtime_error with one line.
void create_schema(const std::string& conninfo);

} // namespace beastmark::ingest
