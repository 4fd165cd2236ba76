#include "device/device.hpp"

#include "common/json.hpp"

namespace beastmark::device {

void append_json(std::string& out, const device& shown) {
    out += R"({"id":)";
    append_integer(out, shown.id);
    out += R"(,"uuid":)";
    append_json_string(out, shown.uuid);
    out += R"(,"mac":)";
    append_json_string(out, shown.mac);
    out += R"(,"firmware":)";
    append_json_string(out, shown.firmware);
    out += R"(,"created_at":)";
    append_json_string(out, shown.created_at);
    out += R"(,"updated_at":)";
    append_json_string(out, shown.updated_at);
    out += '}';
}

} // namespace beastmark::device
