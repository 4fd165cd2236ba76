// What a program wrote as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace beastmark::testing {

/// Throws nlohmann::json::parse_error, also when there is no such file.
inline nlohmann::json read_json(const std::filesystem::path& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
}

} // namespace beastmark::testing
