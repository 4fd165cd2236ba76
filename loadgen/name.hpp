// The names that a user gives to targets, processes and endpoints: they become keys of result.json and metric
// labels.
#pragma once

#include <algorithm>
#include <string_view>

namespace beastmark::loadgen {

/// The rule, for error messages.
inline constexpr std::string_view name_rule = "1 to 64 of A-Z a-z 0-9 _ . -";

constexpr bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-';
    });
}

} // namespace beastmark::loadgen
