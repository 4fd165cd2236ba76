// The body of POST /api/devices: JSON in, checked fields out. No socket.
#pragma once

#include "server/http_error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beastmark::ingest {

/// What a client sends of a device. Meant to be used again: the strings keep their memory.
struct device_request {
    std::string mac;
    std::string firmware;
};

/// Reads `{"mac": "...", "firmware": "..."}`: `mac` is six two-digit hex groups joined by '-', `firmware` is
/// 1 to 64 characters of UTF-8 without NUL. Other keys are ignored; of a key given twice the last counts.
/// @return why it is refused (400), or nothing when `into` holds the fields.
std::optional<server::http_error> read_device_request(std::string_view body, device_request& into);

} // namespace beastmark::ingest
