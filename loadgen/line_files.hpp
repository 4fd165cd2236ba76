// The files of {{pick FILE}}, from whose lines each request takes one.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// A text as lines: they end with LF or CRLF, the last one also with the text. Empty ones are left out.
class line_file {
public:
    /// Throws std::invalid_argument with one line that names `path`: no line, or one above longest_line.
    line_file(std::string path, std::string text);
    line_file(const line_file&) = delete;
    line_file& operator=(const line_file&) = delete;

    static constexpr std::size_t longest_line = 64 * 1024;

    [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }

    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept { return lines_[i]; }

    /// Bytes of its longest line.
    [[nodiscard]] std::size_t longest() const noexcept { return longest_; }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// All of it, as it was read.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// Which line of the file this is, from 1, the empty ones counted. Linear in the size of the file.
    [[nodiscard]] std::size_t number_of(std::string_view line) const noexcept;

private:
    std::string path_;
    std::string text_;
    std::vector<std::string_view> lines_; // into text_
    std::size_t longest_ = 0;
};

/// Reads each file once, for all templates that name it.
class line_files {
public:
    using reader = std::function<std::string(const std::string& path)>;

    /// From the file system, relative to where the program was started.
    line_files();

    /// Relative to the folder of `file`, which names them.
    static line_files beside(const std::string& file);

    explicit line_files(reader read) : read_(std::move(read)) {}

    /// Throws std::runtime_error with one clear line when it cannot be read, and as line_file().
    std::shared_ptr<const line_file> get(const std::string& path);

private:
    reader read_;
    std::map<std::string, std::shared_ptr<const line_file>> known_;
};

} // namespace beastmark::loadgen
