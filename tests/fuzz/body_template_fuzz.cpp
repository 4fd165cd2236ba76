// Body templates: any text is refused with one line or renders, within the room it asked for and the same
// each time.
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

namespace {

using beastmark::loadgen::body_template;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::optional<body_template> read(std::string_view text) {
    try {
        return body_template(text);
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
        return std::nullopt;
    }
}

// In a block of exactly the size asked for: the sanitizer sees what is written behind it.
template <class Template>
std::string rendered(const Template& what, std::uint64_t seed, std::uint64_t i) {
    const auto room = std::make_unique<char[]>(what.max_size());
    if constexpr (std::is_same_v<Template, body_template>) {
        return {room.get(), what.render(room.get(), seed, i)};
    } else {
        what.prepare(room.get());
        return {room.get(), what.render(room.get(), seed, i)};
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto body = read(text);
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
            require(once == text);
            require(request.constant() && request.constant_bytes().ends_with("\r\n\r\n" + once));
            continue;
        }
        const auto whole = rendered(request, i ^ 7, i);
        require(whole.ends_with("\r\nContent-Length: " + std::to_string(once.size()) + "\r\n\r\n" + once));
    }
    return 0;
}
