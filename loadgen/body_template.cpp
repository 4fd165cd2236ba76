#include "loadgen/body_template.hpp"

#include "common/number.hpp"
#include "loadgen/arrival_random.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t uuid_size = 36;
constexpr std::size_t mac_size = 17;
constexpr std::size_t number_size = 20;                // of a 64-bit number with its sign
constexpr std::size_t most_padding = 16 * 1024 * 1024; // each connection has room for a whole body
constexpr std::size_t most_in_head = 8 * 1024;         // of a line or padding: servers refuse longer heads

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

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

[[noreturn]] void fail(std::string_view content, std::size_t position, std::string_view why) {
    throw std::invalid_argument(
        fmt::format("placeholder {{{{{}}}}} at byte {}: {}", content, position + 1, why));
}

// What is picked must stay within its line of the head: a line break would end it, and begin another.
bool may_hold(template_place where, char c) {
    const auto byte = static_cast<unsigned char>(c);
    switch (where) {
    case template_place::body:
        return true;
    case template_place::header:
        return c == '\t' || (byte >= ' ' && byte != 0x7f);
    case template_place::target:
        return byte > ' ' && byte < 0x7f && c != '#';
    }
    return false;
}

void require_lines_for(template_place where, const line_file& lines) {
    if (where == template_place::body)
        return;
    const auto* const place = where == template_place::header ? "header" : "URL";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto wrong = [&](std::string_view what) {
            return std::invalid_argument(
                fmt::format("{}, line {}: {}", lines.path(), lines.number_of(lines[i]), what));
        };
        if (lines[i].size() > most_in_head)
            throw wrong(fmt::format("it has {} bytes, above the limit of {} in a {}", lines[i].size(),
                                    most_in_head, place));
        for (const char c : lines[i])
            if (!may_hold(where, c))
                throw wrong(fmt::format("a {} cannot hold byte 0x{:02x}{}", place,
                                        static_cast<unsigned char>(c),
                                        where == template_place::target ? ": percent-encode it" : ""));
    }
}

std::size_t read_padding(std::string_view text, std::string_view content, std::size_t position,
                         template_place where) {
    const auto most = where == template_place::body ? most_padding : most_in_head;
    const auto size = parse_number<std::size_t>(text);
    if (!size || *size > most)
        fail(content, position, fmt::format("write {{{{pad N}}}} with a number of bytes up to {}", most));
    return *size;
}

} // namespace

body_template::body_template(std::string_view text) {
    line_files files;
    compile(text, template_place::body, files);
}

body_template::body_template(std::string_view text, template_place where, line_files& files) {
    compile(text, where, files);
}

body_template body_template::literal(std::string_view text) {
    body_template made;
    made.append(text);
    return made;
}

void body_template::compile(std::string_view text, template_place where, line_files& files) {
    std::size_t position = 0;
    while (position < text.size()) {
        const auto open = std::min(text.find("{{", position), text.size());
        append(text.substr(position, open - position));
        if (open == text.size())
            break;
        const auto close = text.find("}}", open + 2);
        if (close == std::string_view::npos)
            throw std::invalid_argument(fmt::format("placeholder '{}' at byte {}: no '}}}}' closes it",
                                                    text.substr(open, 20), open + 1));
        add_placeholder(text.substr(open + 2, close - open - 2), open, where, files);
        position = close + 2;
    }
}

void body_template::append(std::string_view literal) {
    if (literal.empty())
        return;
    if (parts_.empty() || parts_.back().what != kind::literal)
        parts_.emplace_back();
    parts_.back().literal += literal;
    max_size_ += literal.size();
}

void body_template::append(const body_template& other) {
    for (const auto& p : other.parts_)
        add(p);
}

void body_template::add(part p) {
    switch (p.what) {
    case kind::literal:
        append(p.literal);
        return;
    case kind::uuid:
        max_size_ += uuid_size;
        break;
    case kind::seq:
    case kind::rand:
        max_size_ += number_size;
        break;
    case kind::mac:
        max_size_ += mac_size;
        break;
    case kind::pick:
        max_size_ += p.lines->longest();
        break;
    }
    parts_.push_back(std::move(p));
}

void body_template::add_placeholder(std::string_view content, std::size_t position, template_place where,
                                    line_files& files) {
    auto rest = content;
    const auto name = next_word(rest);
    part p;
    if (name == "uuid") {
        p.what = kind::uuid;
    } else if (name == "seq") {
        p.what = kind::seq;
    } else if (name == "mac") {
        p.what = kind::mac;
    } else if (name == "rand") {
        p.what = kind::rand;
        const auto low = parse_number<std::int64_t>(next_word(rest));
        const auto high = parse_number<std::int64_t>(next_word(rest));
        if (!low || !high || *low > *high)
            fail(content, position, "write {{rand A B}} with whole numbers, A not above B");
        p.low = *low;
        p.high = *high;
    } else if (name == "pick") {
        const auto path = trimmed(std::exchange(rest, {})); // which may hold blanks
        if (path.empty())
            fail(content, position, "write {{pick FILE}} with a file of a line for each");
        p.what = kind::pick;
        p.lines = files.get(std::string(path));
        require_lines_for(where, *p.lines);
    } else if (name == "pad") {
        const auto size = read_padding(next_word(rest), content, position, where);
        if (max_size_ + size > most_padding)
            fail(content, position, fmt::format("there is more than {} bytes in all", most_padding));
        p.literal.assign(size, 'x');
    } else {
        fail(content, position, "unknown; there are uuid, seq, rand A B, mac, pick FILE, pad N");
    }
    if (!next_word(rest).empty())
        fail(content, position, "there is more than it takes");
    add(std::move(p));
}

bool body_template::constant() const noexcept {
    return std::all_of(parts_.begin(), parts_.end(), [](const part& p) { return p.what == kind::literal; });
}

std::string_view body_template::constant_text() const noexcept {
    return parts_.empty() ? std::string_view() : parts_.front().literal;
}

char* body_template::render(char* out, std::uint64_t seed, std::uint64_t i) const noexcept {
    arrival_random random(seed, i);
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
        case kind::pick: {
            const auto line = (*p.lines)[arrival_random::scaled(random.next(), p.lines->size()).whole];
            std::memcpy(out, line.data(), line.size());
            out += line.size();
            break;
        }
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

std::uint32_t body_template::checksum(std::uint32_t crc) const {
    const auto add = [&](std::string_view text) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): zlib's bytes are unsigned
        const auto* const bytes = reinterpret_cast<const Bytef*>(text.data());
        crc = static_cast<std::uint32_t>(crc32_z(crc, bytes, text.size()));
    };
    for (const auto& p : parts_) {
        add(fmt::format("{} {} {} {}\n", static_cast<int>(p.what), p.low, p.high, p.literal.size()));
        add(p.literal);
        if (p.lines)
            add(p.lines->text());
    }
    return crc;
}

} // namespace beastmark::loadgen
