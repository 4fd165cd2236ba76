#include "device/device.hpp"

#include "common/json.hpp"

namespace beastmark::device {

void append_json(std::string& out, const device& shown) {
    constexpr std::size_t names = 100;
    json_writer json{out, names + json_writer::room_for_integer + shown.uuid.size() + shown.mac.size() +
                              shown.firmware.size() + shown.created_at.size() + shown.updated_at.size()};
    json.literal(R"({"id":)");
    json.integer(shown.id);
    json.literal(R"(,"uuid":")");
    json.characters(shown.uuid);
    json.literal(R"(","mac":")");
    json.characters(shown.mac);
    json.literal(R"(","firmware":")");
    json.characters(shown.firmware);
    json.literal(R"(","created_at":")");
    json.characters(shown.created_at);
    json.literal(R"(","updated_at":")");
    json.characters(shown.updated_at);
    json.literal(R"("})");
}

} // namespace beastmark::device
