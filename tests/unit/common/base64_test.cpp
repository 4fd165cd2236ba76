#include "common/base64.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace beastmark {
namespace {

TEST(base64, agrees_with_the_vectors_of_rfc_4648) {
    const std::vector<std::pair<std::string, std::string>> vectors{
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(to_base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(base64, every_byte_survives_at_every_place) {
    std::string bytes;
    for (int round = 0; round < 4; ++round) {
        for (int byte = 0; byte < 256; ++byte)
            bytes.push_back(static_cast<char>(byte));
        bytes.push_back('x');
        const auto text = to_base64(bytes);
        EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
                  std::string::npos);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(base64, refuses_all_but_the_canonical_text) {
    for (const auto* text : {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "=", "==", "Zm=v", "=m9v",
                             "Zm9v=", "Zm9v====", "Zm9 ", "Zm9v\n", "Zm-_", "Zm9\x80", "Zh==", "Zm9="})
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    EXPECT_EQ(from_base64(std::string("Zm9\0", 4)), std::nullopt);
}

} // namespace
} // namespace beastmark
