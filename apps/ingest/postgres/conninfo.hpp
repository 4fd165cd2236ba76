// The connection string of libpq, checked and completed.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace beastmark::postgres {

/// @param conninfo either form, "key=value ..." or "postgresql://..."
/// @return "key='value' ..." of the same, each of `more` in place of what it says of that keyword.
/// @throws std::invalid_argument when it cannot be parsed (the message does not quote it: it may hold a
/// password).
std::string completed_conninfo(const std::string& conninfo,
                               std::initializer_list<std::pair<std::string_view, std::string>> more = {});

} // namespace beastmark::postgres
