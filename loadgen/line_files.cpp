#include "loadgen/line_files.hpp"

#include "loadgen/output_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace beastmark::loadgen {

namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30; // it is kept in memory

std::string read_lines(const std::filesystem::path& path) {
    std::error_code not_known; // of a pipe
    const auto size = std::filesystem::file_size(path, not_known);
    if (!not_known && size > largest_file)
        throw std::invalid_argument(fmt::format("{} has {} bytes, above the limit of {} for {{{{pick}}}}: "
                                                "take a part of its lines",
                                                path.string(), size, largest_file));
    return read_file(path);
}

} // namespace

line_file::line_file(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {
    for (std::string_view rest = text_; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty())
            continue;
        if (line.size() > longest_line)
            throw std::invalid_argument(fmt::format("{}, line {}: it has {} bytes, above the limit of {}",
                                                    path_, number_of(line), line.size(), longest_line));
        longest_ = std::max(longest_, line.size());
        lines_.push_back(line);
    }
    if (lines_.empty())
        throw std::invalid_argument(fmt::format("{} is empty: there is no line to pick", path_));
}

std::size_t line_file::number_of(std::string_view line) const noexcept {
    const auto before =
        std::string_view(text_).substr(0, static_cast<std::size_t>(line.data() - text_.data()));
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

line_files::line_files() : line_files([](const std::string& path) { return read_lines(path); }) {}

line_files line_files::beside(const std::string& file) {
    return line_files([folder = std::filesystem::path(file).parent_path()](const std::string& path) {
        return read_lines(folder / path);
    });
}

std::shared_ptr<const line_file> line_files::get(const std::string& path) {
    auto& known = known_[path];
    if (!known)
        known = std::make_shared<const line_file>(path, read_(path));
    return known;
}

} // namespace beastmark::loadgen
