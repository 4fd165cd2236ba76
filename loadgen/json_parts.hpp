// Reading JSON of which anything may be missing or of another type.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// Parses what a stranger sent: null for what is not JSON, or nested more than 32 deep, which would end in a
/// deep recursion wherever it is copied or written.
nlohmann::json parse_shallow(std::string_view text);

/// The part of that name; a null value when there is none. What is given must outlive what comes back.
const nlohmann::json& part_of(const nlohmann::json& object, const char* name);

/// Nothing for what is no finite number.
std::optional<double> number_of(const nlohmann::json& value);

/// Of an array: its numbers.
std::vector<double> numbers_of(const nlohmann::json& column);

} // namespace beastmark::loadgen
