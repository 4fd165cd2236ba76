#include "loadgen/secrets.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace beastmark::loadgen {

std::string_view header_name(std::string_view line) {
    return line.substr(0, line.find(':'));
}

bool is_secret(std::string_view name) {
    constexpr std::array<std::string_view, 8> marks{"authorization", "cookie", "token",   "secret",
                                                    "password",      "apikey", "api-key", "api_key"};
    const auto lower = boost::to_lower_copy(std::string(name));
    return std::ranges::any_of(marks,
                               [&](std::string_view mark) { return lower.find(mark) != std::string::npos; });
}

std::string without_value(std::string_view line) {
    return fmt::format("{}: {}", header_name(line), left_out);
}

std::vector<std::string> without_secrets(std::vector<std::string> argv,
                                         std::span<const std::string> headers) {
    for (const auto& line : headers) {
        if (!is_secret(header_name(line)))
            continue;
        for (auto& word : argv) // "-HLINE", "--header=LINE", or the line alone
            if (word.ends_with(line))
                word.replace(word.size() - line.size(), line.size(), without_value(line));
    }
    return argv;
}

} // namespace beastmark::loadgen
