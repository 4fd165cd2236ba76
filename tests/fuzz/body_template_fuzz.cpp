// Body templates: any text is refused with one line or renders, within the room it asked for and the same
// each time. The same text as a header and as a target stays within its line.
#include "loadgen/body_template.hpp"
#include "loadgen/request.hpp"
#include "loadgen/url.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using beastmark::loadgen::body_template;
using beastmark::loadgen::line_files;
using beastmark::loadgen::template_place;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// Any path names the same file.
line_files fixed_files() {
    return line_files([](const std::string&) { return std::string("one\r\n\ntwo%20three\nfour"); });
}

std::optional<body_template> read(std::string_view text, template_place where = template_place::body) {
    auto files = fixed_files();
    try {
        return body_template(text, where, files);
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
        return std::nullopt;
    }
}

// In a block of exactly the size asked for: the sanitizer sees what is written behind it.
template <class Template>
std::string rendered(const Template& what, std::uint64_t seed, std::uint64_t i) {
    const auto room = std::make_unique<char[]>(what.max_size());
    return {room.get(), what.render(room.get(), seed, i)};
}

// Behind "X: ", as one line: whatever was picked, no other header begins.
void require_one_line(std::string_view text) {
    const auto where = beastmark::loadgen::parse_target("http://127.0.0.1/x").where;
    const std::string plain = "GET /x HTTP/1.1\r\n";
    const std::vector<std::string> headers{"Host: h", "User-Agent: a", "X: " + std::string(text)};
    auto files = fixed_files();
    try {
        const beastmark::loadgen::request_template request("GET", where, body_template::literal(where.target),
                                                           headers, body_template(), files);
        const auto bytes =
            request.constant() ? std::string(request.constant_bytes()) : rendered(request, 1, 1);
        std::size_t lines = 0;
        for (const char c : bytes) {
            lines += c == '\n' ? 1 : 0;
        }
        require(lines == 5 && bytes.starts_with(plain) && bytes.ends_with("\r\n\r\n"));
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto body = read(text);
    require_one_line(text);
    if (!body) {
        require(text.find("{{") != std::string_view::npos);
        return 0;
    }
    const auto where = beastmark::loadgen::parse_target("http://127.0.0.1/x").where;
    const beastmark::loadgen::request_template request("POST", where, {}, *body);
    for (const std::uint64_t i : std::array<std::uint64_t, 4>{0, 1, 1'000'000, UINT64_MAX}) {
        const auto once = rendered(*body, i ^ 7, i);
        require(once.size() <= body->max_size());
        require(once == rendered(*body, i ^ 7, i) && once == body->render(i ^ 7, i));
        if (body->constant()) {
            require(once == text || text.find("{{pad") != std::string_view::npos ||
                    text.find("{{ ") != std::string_view::npos ||
                    text.find("{{\t") != std::string_view::npos);
            require(request.constant() && request.constant_bytes().ends_with("\r\n\r\n" + once));
            continue;
        }
        const auto whole = rendered(request, i ^ 7, i);
        require(whole.ends_with("\r\nContent-Length: " + std::to_string(once.size()) + "\r\n\r\n" + once));
    }
    return 0;
}
