// The TOML library, to read with: its headers alone, so that nothing has to be linked or shipped.
#pragma once

#include "loadgen/settings/toml_text.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

// Version 3.3 asserts what a file that is no TOML breaks ("[:"), and tells the same as an error a few lines
// later: without assertions, and without the assumptions that clang makes of them in a release build.
#define TOML_ASSERT(expr) static_assert(true)
#pragma push_macro("NDEBUG")
#undef NDEBUG
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace beastmark::loadgen::settings {

inline std::string place(const std::string& path, const toml::source_region& source) {
    return fmt::format("{}, line {}", path, source.begin.line);
}

[[noreturn]] inline void refuse(const std::string& where, std::string_view why) {
    throw std::invalid_argument(fmt::format("{}: {}", where, why));
}

/// Throws std::invalid_argument with one clear line.
inline toml::table parse_toml(std::string_view text, const std::string& path) {
    try {
        return toml::parse(ascii_toml(text, path));
    } catch (const toml::parse_error& wrong) {
        refuse(place(path, wrong.source()), wrong.description());
    }
}

} // namespace beastmark::loadgen::settings
