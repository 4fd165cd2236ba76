#include "ingest/device_request.hpp"

#include <gtest/gtest.h>

namespace beastmark::ingest {
namespace {

using namespace std::string_literals;

// The detail of the refusal, or "ok".
std::string read(std::string_view body) {
    device_request into;
    const auto wrong = read_device_request(body, into);
    return wrong ? std::string{wrong->detail} : "ok";
}

std::string with_firmware(const std::string& firmware) {
    return R"({"mac":"EF-2B-C4-F5-D6-34","firmware":")" + firmware + R"("})";
}

TEST(device_request, gives_the_fields) {
    device_request into;
    EXPECT_FALSE(read_device_request(R"( {"firmware":"2.1 \u00e9\n","mac":"ef-2B-c4-F5-D6-34"} )", into));
    EXPECT_EQ(into.mac, "ef-2B-c4-F5-D6-34");
    EXPECT_EQ(into.firmware, "2.1 \xc3\xa9\n");
}

TEST(device_request, ignores_other_keys_whatever_they_hold) {
    EXPECT_EQ(
        read(
            R"({"x":{"mac":1,"firmware":[{}]},"mac":"EF-2B-C4-F5-D6-34","y":[["mac"]],"firmware":"1","z":null})"),
        "ok");
}

TEST(device_request, of_a_key_given_twice_the_last_counts) {
    device_request into;
    EXPECT_FALSE(
        read_device_request(R"({"mac":1,"mac":"EF-2B-C4-F5-D6-34","firmware":"1","firmware":"2"})", into));
    EXPECT_EQ(into.firmware, "2");
    EXPECT_EQ(read(R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"1","firmware":{"a":"b"}})"),
              "the field firmware must be a string");
}

TEST(device_request, a_field_of_the_request_before_does_not_stay) {
    device_request into;
    EXPECT_FALSE(read_device_request(with_firmware("1"), into));
    EXPECT_TRUE(read_device_request("{}", into));
}

TEST(device_request, refuses_what_is_not_an_object_in_json) {
    for (const auto& body :
         {""s, "{"s, R"({"mac":)"s, "{}{}"s, "{'mac':1}"s, R"({"mac":"\ud800"})"s, "{\"mac\":\"\xff\"}"s,
          "{\"mac\":\"\xc0\xaf\"}"s, "{\"mac\":\"a\nb\"}"s, R"({"mac":1e999})"s}) {
        EXPECT_EQ(read(body), "the body is not valid JSON in UTF-8") << body;
    }
    for (const char* const body :
         {"[]", "1", "null", "\"mac\"", R"([{"mac":"EF-2B-C4-F5-D6-34","firmware":"1"}])"}) {
        EXPECT_EQ(read(body), "the body must be a JSON object") << body;
    }
}

TEST(device_request, survives_deep_nesting) {
    EXPECT_EQ(read(std::string(16'000, '[')), "the body is not valid JSON in UTF-8");
    EXPECT_EQ(read(std::string(8'000, '[') + std::string(8'000, ']')), "the body must be a JSON object");
}

TEST(device_request, names_the_field_that_is_missing_or_ill_typed) {
    EXPECT_EQ(read(R"({"firmware":"1"})"), "the field mac is missing");
    EXPECT_EQ(read(R"({"mac":"EF-2B-C4-F5-D6-34"})"), "the field firmware is missing");
    for (const char* const value :
         {"1", "-1", "1.5", "true", "null", "[]", "{}", R"(["EF-2B-C4-F5-D6-34"])"}) {
        EXPECT_EQ(read(R"({"firmware":"1","mac":)"s + value + "}"), "the field mac must be a string")
            << value;
    }
}

TEST(device_request, refuses_an_ill_formed_mac) {
    for (const char* const mac : {"", "EF-2B-C4-F5-D6", "EF-2B-C4-F5-D6-34-00", "EF:2B:C4:F5:D6:34",
                                  "EG-2B-C4-F5-D6-34", "EF-2B-C4-F5-D6-3", "EF2BC4F5D634",
                                  " EF-2B-C4-F5-D6-34", "EF-2B-C4-F5-D6-34 ", "-EF-2B-C4-F5-D6-3"}) {
        EXPECT_EQ(read(R"({"firmware":"1","mac":")"s + mac + "\"}"),
                  "the field mac must be six two-digit hex groups joined by '-'")
            << mac;
    }
}

TEST(device_request, counts_characters_of_firmware_and_not_bytes) {
    EXPECT_EQ(read(with_firmware(std::string(64, 'x'))), "ok");
    EXPECT_EQ(read(with_firmware(std::string(65, 'x'))), "the field firmware must have 1 to 64 characters");
    EXPECT_EQ(read(with_firmware("")), "the field firmware must have 1 to 64 characters");
    std::string four_byte_characters;
    for (int i = 0; i < 64; ++i) {
        four_byte_characters += "\xf0\x9f\x98\x80";
    }
    EXPECT_EQ(read(with_firmware(four_byte_characters)), "ok");
    EXPECT_EQ(read(with_firmware(four_byte_characters + "x")),
              "the field firmware must have 1 to 64 characters");
}

TEST(device_request, refuses_nul_in_firmware) {
    EXPECT_EQ(read(with_firmware("1\\u0000")), "the field firmware must not hold a NUL character");
}

} // namespace
} // namespace beastmark::ingest
