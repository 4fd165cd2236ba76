#include "loadgen/json_parts.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace beastmark::loadgen {

using nlohmann::json;

json parse_shallow(std::string_view text) {
    constexpr int deepest = 32;
    bool too_deep = false;
    auto parsed = json::parse(
        text,
        [&](int depth, json::parse_event_t, json&) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        },
        false);
    return too_deep || parsed.is_discarded() ? json(nullptr) : std::move(parsed);
}

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
