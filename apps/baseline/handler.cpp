#include "baseline/handler.hpp"

#include "device/device.hpp"

#include <array>

namespace beastmark::baseline {

namespace {

constexpr std::array<device::device, 3> devices{{
    {1, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "EF-2B-C4-F5-D6-34", "2.1.5", "2024-05-28T15:21:51.137Z",
     "2024-05-28T15:21:51.137Z"},
    {2, "d2293412-36eb-46e7-9231-af7e9249fffe", "E7-34-96-33-0C-4C", "1.0.3", "2024-01-28T15:20:51.137Z",
     "2024-01-28T15:20:51.137Z"},
    {3, "eee58ca8-ca51-47a5-ab48-163fd0e44b77", "68-93-9B-B5-33-B9", "4.3.1", "2024-08-28T15:18:21.137Z",
     "2024-08-28T15:18:21.137Z"},
}};

} // namespace

void devices_handler::handle(server::exchange& request) {
    body_.clear();
    char separator = '[';
    for (const auto& each : devices) {
        body_ += separator;
        append_json(body_, each);
        separator = ',';
    }
    body_ += ']';
    request.respond(server::response{.body = body_});
}

} // namespace beastmark::baseline
