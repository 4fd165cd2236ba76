#include "device/device.hpp"
#include "device/timestamp.hpp"
#include "device/uuid.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>
#include <unordered_set>

namespace beastmark::device {
namespace {

TEST(device, is_json_with_the_members_in_the_contracts_order) {
    std::string out;
    append_json(out, {7, "u", "m", "say \"hi\"", "c", "d"});
    EXPECT_EQ(out,
              R"({"id":7,"uuid":"u","mac":"m","firmware":"say \"hi\"","created_at":"c","updated_at":"d"})");
    EXPECT_EQ(nlohmann::json::parse(out).at("firmware"), "say \"hi\"");
}

TEST(device, has_room_when_every_character_is_escaped) {
    const std::string text(100, '\x01');
    std::string out;
    append_json(out, {-1, text, text, text, text, text});
    const auto read = nlohmann::json::parse(out);
    for (const auto* member : {"uuid", "mac", "firmware", "created_at", "updated_at"}) {
        EXPECT_EQ(read.at(member), text);
    }
}

TEST(timestamp, is_rfc_3339_in_utc_with_microseconds) {
    using namespace std::chrono;
    const sys_time<microseconds> time = sys_days{2024y / May / 28} + 15h + 21min + 51s + 137042us;
    EXPECT_EQ(timestamp{time}.text(), "2024-05-28T15:21:51.137042Z");
    EXPECT_STREQ(timestamp{time}.c_str(), "2024-05-28T15:21:51.137042Z");
    EXPECT_EQ(timestamp{sys_days{2000y / February / 29}}.text(), "2000-02-29T00:00:00.000000Z");
    EXPECT_EQ(timestamp{system_clock::time_point{1999ns}}.text(), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(timestamp{system_clock::time_point{1999ns}}.time(), sys_time<microseconds>{1us})
        << "as its text";
}

TEST(uuid, is_version_4_and_never_the_same) {
    const std::regex form{"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"};
    uuid_source source;
    std::unordered_set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) { // beyond one fetch from the kernel
        const auto made = source.next();
        if (i < 1000) {
            EXPECT_TRUE(std::regex_match(std::string{made.text()}, form)) << made.text();
        }
        EXPECT_TRUE(seen.insert(std::string{made.text()}).second);
    }
}

TEST(uuid, text_is_its_bytes_in_hex) {
    const std::array<std::uint8_t, 16> bytes{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77,
                                             0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    EXPECT_EQ(uuid_text{bytes}.text(), "00112233-4455-4677-8899-aabbccddeeff");
    EXPECT_STREQ(uuid_text{bytes}.c_str(), "00112233-4455-4677-8899-aabbccddeeff");
    EXPECT_EQ(uuid_text{bytes}.bytes(), bytes);
}

} // namespace
} // namespace beastmark::device
