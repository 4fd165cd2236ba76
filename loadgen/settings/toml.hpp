// The TOML library, to read with: its headers alone, so that nothing has to be linked or shipped.
#pragma once

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include <toml++/toml.h>

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
        return toml::parse(text);
    } catch (const toml::parse_error& wrong) {
        refuse(place(path, wrong.source()), wrong.description());
    }
}

} // namespace beastmark::loadgen::settings
