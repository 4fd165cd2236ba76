// The device of the HTTP contract (docs/design.md section 2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace beastmark::device {

/// A view of a device; whoever makes it keeps the texts alive.
struct device {
    std::int64_t id;             ///< from the database
    std::string_view uuid;       ///< version 4, lower case
    std::string_view mac;        ///< six two-digit hex groups joined by '-'
    std::string_view firmware;   ///< UTF-8 without NUL
    std::string_view created_at; ///< UTC, RFC 3339
    std::string_view updated_at; ///< UTC, RFC 3339
};

/// Appends the device as a JSON object, members in the contract's order.
void append_json(std::string& out, const device& shown);

} // namespace beastmark::device
