#include "loadgen/settings/toml_text.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen::settings {
namespace {

constexpr std::string_view three_double = R"(""")";
constexpr std::string_view three_single = "'''";

bool is_escapable(char c) {
    return c != '\n' && static_cast<unsigned char>(c) < 0x80;
}

enum class within { nothing, comment, string, long_string, literal, long_literal };

struct letter {
    std::uint32_t code = 0; // 0: not UTF-8
    std::size_t size = 1;
};

// Of more than one byte (RFC 3629).
letter letter_at(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size)
        return {};
    std::uint32_t code = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80)
            return {};
        code = code << 6U | (next & 0x3fU);
    }
    const bool overlong = code < (size == 2 ? 0x80U : size == 3 ? 0x800U : 0x10000U);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return overlong || surrogate || code > 0x10ffff ? letter{} : letter{code, size};
}

// Follows quotes and comments through a document; what is no TOML may be followed wrongly, and is refused
// later.
class scanner {
public:
    scanner(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

    std::string all() {
        while (!rest_.empty()) {
            if (static_cast<unsigned char>(rest_.front()) >= 0x80)
                beyond_ascii();
            else
                ascii();
        }
        return std::move(made_);
    }

private:
    void take(std::size_t size) {
        made_ += rest_.substr(0, size);
        rest_.remove_prefix(size);
    }

    void ascii() {
        std::size_t size = 1;
        const char c = rest_.front();
        if (c == '\n') {
            ++line_;
            if (where_ != within::long_string && where_ != within::long_literal)
                where_ = within::nothing;
        } else if (where_ == within::nothing) {
            size = open();
        } else if (c == '\\' && (where_ == within::string || where_ == within::long_string)) {
            size = rest_.size() > 1 && is_escapable(rest_[1]) ? 2 : 1;
        } else {
            size = close();
        }
        take(size);
    }

    std::size_t open() {
        const char c = rest_.front();
        if (c == '#')
            where_ = within::comment;
        else if (c == '"')
            where_ = rest_.starts_with(three_double) ? within::long_string : within::string;
        else if (c == '\'')
            where_ = rest_.starts_with(three_single) ? within::long_literal : within::literal;
        return where_ == within::long_string || where_ == within::long_literal ? 3 : 1;
    }

    std::size_t close() {
        const auto end = where_ == within::string         ? three_double.substr(0, 1)
                         : where_ == within::long_string  ? three_double
                         : where_ == within::literal      ? three_single.substr(0, 1)
                         : where_ == within::long_literal ? three_single
                                                          : std::string_view("\n");
        if (!rest_.starts_with(end))
            return 1;
        where_ = within::nothing;
        return end.size();
    }

    void beyond_ascii() {
        const auto [code, size] = letter_at(rest_);
        if (code == 0)
            refuse("is not UTF-8");
        if (where_ == within::comment)
            made_ += '?';
        else if (where_ == within::string || where_ == within::long_string)
            made_ += fmt::format("\\U{:08X}", code);
        else
            refuse(fmt::format("'{}' can only be in double quotes or in a comment", rest_.substr(0, size)));
        rest_.remove_prefix(size);
    }

    [[noreturn]] void refuse(std::string_view why) const {
        throw std::invalid_argument(fmt::format("{}, line {}: {}", path_, line_, why));
    }

    std::string_view rest_;
    const std::string& path_;
    std::string made_;
    within where_ = within::nothing;
    std::size_t line_ = 1;
};

} // namespace

std::string ascii_toml(std::string_view text, const std::string& path) {
    if (text.starts_with("\xef\xbb\xbf")) // a byte order mark
        text.remove_prefix(3);
    return scanner(text, path).all();
}

} // namespace beastmark::loadgen::settings
