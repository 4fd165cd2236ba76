// Bodies that are no device: JSON (RFC 8259) and the two fields of the contract. A target that only serves
// GET refuses the same requests by their method.

#include "tests/contract/bad_input.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace beastmark::testing {

namespace {

using namespace std::string_literals;

std::string posted(const std::string& content, const std::string& type = "application/json") {
    return request("POST", "/api/devices", content,
                   {"Content-Type: " + type, content.empty() ? "Content-Length: 0" : "X-Test: 1"});
}

class contract_bad_devices : public ::testing::TestWithParam<bad_request> {};

TEST_P(contract_bad_devices, are_refused) {
    bad_request bad = GetParam();
    if (the_target().kind == target_kind::get) {
        bad.statuses.insert(405);
        bad.connection = afterwards::as_announced;
    }
    expect_refused(bad);
}

const std::string good_mac = R"("mac":"EF-2B-C4-F5-D6-34")";
const std::string good_firmware = R"("firmware":"2.1.5")";

std::string with_mac(const std::string& json) {
    return "{\"mac\":" + json + "," + good_firmware + "}";
}

std::string with_firmware(const std::string& json) {
    return "{" + good_mac + ",\"firmware\":" + json + "}";
}

bad_request refused(const std::string& name, const std::string& content) {
    return {name, posted(content), {400}, afterwards::keeps};
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

std::vector<bad_request> not_json() {
    const std::string device = "{" + good_mac + "," + good_firmware + "}";
    std::vector<bad_request> table = {
        refused("no_body", ""),
        refused("white_space", " \r\n\t "),
        refused("word", "hello"),
        refused("form", "mac=EF-2B-C4-F5-D6-34&firmware=2.1.5"),
        refused("trailing_comma", "{" + good_mac + "," + good_firmware + ",}"),
        refused("no_comma", "{" + good_mac + " " + good_firmware + "}"),
        refused("no_colon", R"({"mac" "EF-2B-C4-F5-D6-34",)" + good_firmware + "}"),
        refused("single_quotes", "{'mac':'EF-2B-C4-F5-D6-34','firmware':'2.1.5'}"),
        refused("unquoted_key", "{mac:\"EF-2B-C4-F5-D6-34\"," + good_firmware + "}"),
        refused("comment", "{" + good_mac + ",/* */" + good_firmware + "}"),
        refused("two_documents", device + device),
        refused("text_after_it", device + " x"),
        refused("brace_after_it", device + "}"),
        refused("nul_after_it", device + "\0"s),
        refused("closed_by_a_bracket", "{" + good_mac + "," + good_firmware + "]"),
        refused("nan", "{" + good_mac + "," + good_firmware + ",\"x\":NaN}"),
        refused("number_with_leading_zero", "{" + good_mac + "," + good_firmware + ",\"x\":01}"),
        refused("number_without_digits", "{" + good_mac + "," + good_firmware + ",\"x\":-}"),
        refused("literal_in_capitals", "{" + good_mac + "," + good_firmware + ",\"x\":True}"),
        refused("raw_newline_in_string", with_firmware("\"2.1\n.5\"")),
        refused("raw_control_character", with_firmware("\"2.1\x01.5\"")),
        refused("raw_nul", with_firmware("\"2.1\0.5\""s)),
        refused("unknown_escape", with_firmware(R"("2\.1")")),
        refused("short_unicode_escape", with_firmware(R"("\u00e")")),
        refused("bad_unicode_escape", with_firmware(R"("\u00zz")")),
        refused("utf_16", "\xff\xfe{\0}\0"s),
        refused("sixteen_kibibytes_of_brackets", std::string(16 * 1024, '[')),
        refused("sixteen_kibibytes_of_objects", repeated("{\"a\":", 3276)),
    };
    for (std::size_t size = 1; size < device.size(); ++size)
        table.push_back(refused("truncated_to_" + std::to_string(size), device.substr(0, size)));
    return table;
}

std::vector<bad_request> not_an_object() {
    std::vector<bad_request> table;
    for (const std::string text : {"[]", "[{}]", "\"text\"", "1", "null", "true"})
        table.push_back(refused("document_" + std::to_string(table.size()), text));
    table.push_back(refused("array_of_devices", "[{" + good_mac + "," + good_firmware + "}]"));
    return table;
}

std::vector<bad_request> fields() {
    std::vector<bad_request> table = {
        refused("empty_object", "{}"),
        refused("no_mac", "{" + good_firmware + "}"),
        refused("no_firmware", "{" + good_mac + "}"),
        refused("keys_in_capitals", R"({"MAC":"EF-2B-C4-F5-D6-34","Firmware":"2.1.5"})"),
        refused("fields_one_level_down", "{\"device\":{" + good_mac + "," + good_firmware + "}}"),
        refused("last_mac_counts", "{" + good_mac + "," + good_firmware + ",\"mac\":\"x\"}"),
        refused("last_firmware_counts", "{" + good_mac + "," + good_firmware + ",\"firmware\":\"\"}"),
        refused("last_type_counts", "{" + good_mac + "," + good_firmware + ",\"firmware\":null}"),
    };
    for (const std::string value :
         {"1", "1.5", "null", "true", "[]", "{}", "[\"EF-2B-C4-F5-D6-34\"]", "\"\""}) {
        table.push_back(refused("mac_of_type_" + std::to_string(table.size()), with_mac(value)));
        table.push_back(refused("firmware_of_type_" + std::to_string(table.size()), with_firmware(value)));
    }
    return table;
}

std::vector<bad_request> macs() {
    std::vector<bad_request> table;
    for (const std::string mac : {"EF:2B:C4:F5:D6:34",
                                  "EF2BC4F5D634",
                                  "EF-2B-C4-F5-D6",
                                  "EF-2B-C4-F5-D6-",
                                  "EF-2B-C4-F5-D6-3",
                                  "EF-2B-C4-F5-D6-345",
                                  "EF-2B-C4-F5-D6-34-56",
                                  "-EF-2B-C4-F5-D6-34",
                                  "EF-2B-C4-F5-D6-3G",
                                  "EF-2B-C4-F5-D6--4",
                                  " EF-2B-C4-F5-D6-34",
                                  "EF-2B-C4-F5-D6-34 ",
                                  "EF-2B-C4-F5-D6-34\\n",
                                  "EF-2B-C4-F5-D6-34\\u0000",
                                  "EF-2B-C4-F5-D6\\u002d3 ",
                                  "E-F2B-C4-F5-D6-34",
                                  "EF-2B-C4-F5-D6-3\xef\xbc\x94",
                                  "EF\xe2\x80\x90"
                                  "2B-C4-F5-D6-34",
                                  "0x-2B-C4-F5-D6-34",
                                  "' OR 1=1; --",
                                  "EF-2B-C4-F5-D6-\xff\xff"})
        table.push_back(refused("mac_" + std::to_string(table.size()), with_mac("\"" + mac + "\"")));
    return table;
}

std::vector<bad_request> firmwares() {
    const std::string smile = "\xf0\x9f\x98\x80";
    return {
        refused("empty", with_firmware("\"\"")),
        refused("sixty_five_characters", with_firmware("\"" + std::string(65, 'x') + "\"")),
        refused("sixty_five_two_byte_characters", with_firmware("\"" + repeated("\xc3\xa9", 65) + "\"")),
        refused("sixty_five_four_byte_characters", with_firmware("\"" + repeated(smile, 65) + "\"")),
        refused("sixty_five_escapes", with_firmware("\"" + repeated("\\u00e9", 65) + "\"")),
        refused("sixty_five_surrogate_pairs", with_firmware("\"" + repeated("\\ud83d\\ude00", 65) + "\"")),
        refused("sixteen_thousand_characters", with_firmware("\"" + std::string(16'000, 'x') + "\"")),
        refused("nul_escape", with_firmware(R"("\u0000")")),
        refused("nul_escape_inside", with_firmware(R"("2.1\u0000.5")")),
        refused("lone_high_surrogate", with_firmware(R"("\ud83d")")),
        refused("lone_low_surrogate", with_firmware(R"("\ude00")")),
        refused("high_surrogate_then_letter", with_firmware(R"("\ud83dx")")),
        refused("high_surrogate_then_other_escape", with_firmware(R"("\ud83d\u0041")")),
        refused("two_high_surrogates", with_firmware(R"("\ud83d\ud83d")")),
        refused("surrogates_in_wrong_order", with_firmware(R"("\ude00\ud83d")")),
        refused("utf_8_lone_continuation", with_firmware("\"\x80\"")),
        refused("utf_8_invalid_byte", with_firmware("\"\xff\"")),
        refused("utf_8_cut_short", with_firmware("\"\xf0\x9f\x98\"")),
        refused("utf_8_overlong_slash", with_firmware("\"\xc0\xaf\"")),
        refused("utf_8_overlong_nul", with_firmware("\"\xc0\x80\"")),
        refused("utf_8_overlong_three_bytes", with_firmware("\"\xe0\x80\xaf\"")),
        refused("utf_8_surrogate", with_firmware("\"\xed\xa0\x80\"")),
        refused("utf_8_above_unicode", with_firmware("\"\xf4\x90\x80\x80\"")),
        refused("utf_8_invalid_after_63_good", with_firmware("\"" + std::string(63, 'x') + "\xff\"")),
        refused("utf_8_invalid_key", "{" + good_mac + "," + good_firmware + ",\"\xff\":1}"),
        refused("utf_8_invalid_ignored_value", "{" + good_mac + "," + good_firmware + ",\"x\":\"\xff\"}"),
        refused("lone_surrogate_in_ignored_value",
                "{" + good_mac + "," + good_firmware + R"(,"x":"\ud800","firmware":""})"),
    };
}

std::vector<bad_request> content_types() {
    std::vector<bad_request> table;
    for (const std::string type :
         {"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json",
          "application/xml", "multipart/form-data; boundary=x", "json", "application", "x-application/json"})
        table.push_back({"type_" + std::to_string(table.size()),
                         posted("{" + good_mac + "," + good_firmware + "}", type),
                         {415},
                         afterwards::keeps});
    return table;
}

INSTANTIATE_TEST_SUITE_P(not_json, contract_bad_devices, ::testing::ValuesIn(not_json()), name_of);
INSTANTIATE_TEST_SUITE_P(not_an_object, contract_bad_devices, ::testing::ValuesIn(not_an_object()), name_of);
INSTANTIATE_TEST_SUITE_P(field, contract_bad_devices, ::testing::ValuesIn(fields()), name_of);
INSTANTIATE_TEST_SUITE_P(mac, contract_bad_devices, ::testing::ValuesIn(macs()), name_of);
INSTANTIATE_TEST_SUITE_P(firmware, contract_bad_devices, ::testing::ValuesIn(firmwares()), name_of);
INSTANTIATE_TEST_SUITE_P(content_type, contract_bad_devices, ::testing::ValuesIn(content_types()), name_of);

} // namespace

} // namespace beastmark::testing
