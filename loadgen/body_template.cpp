#include "loadgen/body_template.hpp"

#include "common/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t uuid_size = 36;
constexpr std::size_t mac_size = 17;
constexpr std::size_t number_size = 20; // of a 64-bit number with its sign

// SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195): every state gives a well mixed number,
// so an arrival's index can be the seed.
class generator {
public:
    generator(std::uint64_t seed, std::uint64_t i) : state_(mix(seed) ^ mix(i + gamma)) {}

    std::uint64_t next() {
        state_ += gamma;
        return mix(state_);
    }

    // From low to high, both included, by multiplication: without a division, and as even as 64 bits allow.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
        const auto random = next();
        if (span == 0)
            return static_cast<std::int64_t>(random);
        __extension__ using wide = unsigned __int128;
        const auto offset = static_cast<std::uint64_t>((static_cast<wide>(random) * span) >> 64);
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
    }

private:
    static constexpr std::uint64_t gamma = 0x9e3779b97f4a7c15;

    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

char* write_hex(char* out, std::uint64_t value, unsigned digits, const char* alphabet) {
    for (unsigned i = 0; i < digits; ++i)
        *out++ = alphabet[(value >> (4 * (digits - 1 - i))) & 0xf];
    return out;
}

// RFC 9562 section 5.4.
char* write_uuid(char* out, std::uint64_t high, std::uint64_t low) {
    constexpr auto* alphabet = "0123456789abcdef";
    high = (high & 0xffffffffffff0fff) | 0x0000000000004000;
    low = (low & 0x3fffffffffffffff) | 0x8000000000000000;
    out = write_hex(out, high >> 32, 8, alphabet);
    *out++ = '-';
    out = write_hex(out, high >> 16, 4, alphabet);
    *out++ = '-';
    out = write_hex(out, high, 4, alphabet);
    *out++ = '-';
    out = write_hex(out, low >> 48, 4, alphabet);
    *out++ = '-';
    return write_hex(out, low, 12, alphabet);
}

char* write_mac(char* out, std::uint64_t value) {
    for (unsigned group = 0; group < 6; ++group) {
        if (group > 0)
            *out++ = '-';
        out = write_hex(out, value >> (8 * group), 2, "0123456789ABCDEF");
    }
    return out;
}

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    return word;
}

[[noreturn]] void fail(std::string_view content, std::size_t position, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("placeholder {{{{{}}}}} at byte {}: {}", content, position + 1, why));
}

} // namespace

body_template::body_template(std::string_view text) {
    std::size_t position = 0;
    while (position < text.size()) {
        const auto open = std::min(text.find("{{", position), text.size());
        add_literal(text.substr(position, open - position));
        if (open == text.size())
            break;
        const auto close = text.find("}}", open + 2);
        if (close == std::string_view::npos)
            throw std::invalid_argument(fmt::format("placeholder '{}' at byte {}: no '}}}}' closes it",
                                                    text.substr(open, 20), open + 1));
        add_placeholder(text.substr(open + 2, close - open - 2), open);
        position = close + 2;
    }
}

void body_template::add_literal(std::string_view text) {
    if (text.empty())
        return;
    parts_.push_back({kind::literal, std::string(text), 0, 0});
    max_size_ += text.size();
}

void body_template::add_placeholder(std::string_view content, std::size_t position) {
    auto rest = content;
    const auto name = next_word(rest);
    part p;
    if (name == "uuid") {
        p.what = kind::uuid;
        max_size_ += uuid_size;
    } else if (name == "seq") {
        p.what = kind::seq;
        max_size_ += number_size;
    } else if (name == "mac") {
        p.what = kind::mac;
        max_size_ += mac_size;
    } else if (name == "rand") {
        p.what = kind::rand;
        max_size_ += number_size;
        const auto low = parse_number<std::int64_t>(next_word(rest));
        const auto high = parse_number<std::int64_t>(next_word(rest));
        if (!low || !high || *low > *high)
            fail(content, position, "write {{rand A B}} with whole numbers, A not above B");
        p.low = *low;
        p.high = *high;
    } else {
        fail(content, position, "unknown; there are uuid, seq, rand A B, mac");
    }
    if (!next_word(rest).empty())
        fail(content, position, "there is more than it takes");
    parts_.push_back(std::move(p));
}

bool body_template::constant() const noexcept {
    return std::all_of(parts_.begin(), parts_.end(), [](const part& p) { return p.what == kind::literal; });
}

char* body_template::render(char* out, std::uint64_t seed, std::uint64_t i) const noexcept {
    generator random(seed, i);
    for (const auto& p : parts_) {
        switch (p.what) {
        case kind::literal:
            std::memcpy(out, p.literal.data(), p.literal.size());
            out += p.literal.size();
            break;
        case kind::uuid: {
            const auto high = random.next();
            out = write_uuid(out, high, random.next());
            break;
        }
        case kind::seq:
            out = std::to_chars(out, out + number_size, i).ptr;
            break;
        case kind::rand:
            out = std::to_chars(out, out + number_size, random.between(p.low, p.high)).ptr;
            break;
        case kind::mac:
            out = write_mac(out, random.next());
            break;
        }
    }
    return out;
}

std::string body_template::render(std::uint64_t seed, std::uint64_t i) const {
    std::string result(max_size_, '\0');
    const auto* const end = render(result.data(), seed, i);
    result.resize(static_cast<std::size_t>(end - result.data()));
    return result;
}

} // namespace beastmark::loadgen
