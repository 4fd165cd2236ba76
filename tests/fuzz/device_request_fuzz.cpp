// The request reader against nlohmann's document model: what it accepts must be what the document says.
#include "ingest/device_request.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    beastmark::ingest::device_request fields;
    if (beastmark::ingest::read_device_request(body, fields)) {
        return 0;
    }
    const auto document = nlohmann::json::parse(body, nullptr, false);
    const bool same = document.is_object() && document.at("mac") == fields.mac &&
                      document.at("firmware") == fields.firmware;
    const bool sane = fields.mac.size() == 17 && !fields.firmware.empty() &&
                      fields.firmware.size() <= 64 * 4 && fields.firmware.find('\0') == std::string::npos;
    if (!same || !sane) {
        std::abort();
    }
    return 0;
}
