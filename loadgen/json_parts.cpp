#include "loadgen/json_parts.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace beastmark::loadgen {

using nlohmann::json;

const json& part_of(const json& object, const char* name) {
    static const json nothing;
    if (!object.is_object())
        return nothing;
    const auto found = object.find(name);
    return found == object.end() ? nothing : *found;
}

std::optional<double> number_of(const json& value) {
    if (!value.is_number())
        return std::nullopt;
    const auto number = value.get<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::vector<double> numbers_of(const json& column) {
    std::vector<double> numbers;
    if (column.is_array())
        for (const json& value : column)
            if (const auto number = number_of(value))
                numbers.push_back(*number);
    return numbers;
}

} // namespace beastmark::loadgen
