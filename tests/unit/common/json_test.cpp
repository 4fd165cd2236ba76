#include "common/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>

namespace beastmark {
namespace {

std::string written(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(json, each_byte_below_128_reads_back_through_an_independent_parser) {
    for (int byte = 0; byte < 128; ++byte) {
        const std::string text{'a', static_cast<char>(byte), 'z'};
        EXPECT_EQ(nlohmann::json::parse(written(text)).get<std::string>(), text) << byte;
    }
}

TEST(json, random_texts_read_back) {
    std::mt19937 random{7};
    const std::u32string alphabet = U"\"\\/\b\f\n\r\t\x01\x1f az09\u00e9\u20ac\U0001f600";
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (auto length = random() % 40; length > 0; --length) {
            // The oracle encodes the character, so that the text is valid UTF-8.
            const char32_t c = alphabet[random() % alphabet.size()];
            text += c < 0x80      ? std::string(1, static_cast<char>(c))
                    : c < 0x800   ? "\xc3\xa9"
                    : c < 0x10000 ? "\xe2\x82\xac"
                                  : "\xf0\x9f\x98\x80";
        }
        EXPECT_EQ(nlohmann::json::parse(written(text)).get<std::string>(), text);
    }
}

TEST(json, finds_what_to_escape_at_every_place_of_a_long_text) {
    for (const char bad : {'"', '\\', '\x1f', '\0'}) {
        for (std::size_t length = 1; length <= 40; ++length) {
            for (std::size_t place = 0; place < length; ++place) {
                std::string text(length, '\x7f');
                text[place] = bad;
                EXPECT_EQ(nlohmann::json::parse(written(text)).get<std::string>(), text)
                    << place << " of " << length;
            }
        }
    }
}

TEST(json, escapes_only_what_must_be) {
    EXPECT_EQ(written("a/b \xc3\xa9"), "\"a/b \xc3\xa9\"");
    EXPECT_EQ(written("\n\"\\\x01"), R"("\n\"\\\u0001")");
}

TEST(json, integers_of_every_size) {
    std::string out;
    append_integer(out, std::numeric_limits<std::int64_t>::min());
    out += ' ';
    append_integer(out, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(out, "-9223372036854775808 18446744073709551615");
}

} // namespace
} // namespace beastmark
