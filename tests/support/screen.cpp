#include "tests/support/screen.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace beastmark::testing {

void screen::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto first = static_cast<unsigned char>(bytes.front());
        std::size_t used = 1;
        if (first == 0x1B) {
            used = escape(bytes);
        } else if (first == '\r') {
            column_ = 0;
        } else if (first == '\n') {
            line_feed();
        } else if (first < 0x20 || first == 0x7F) {
            throw std::runtime_error("control character " + std::to_string(first));
        } else {
            while (used < bytes.size() && (static_cast<unsigned char>(bytes[used]) & 0xC0U) == 0x80U)
                ++used;
            put(std::string(bytes.substr(0, used)));
        }
        bytes.remove_prefix(used);
    }
}

std::size_t screen::escape(std::string_view from) {
    const auto end = from.find_first_of("ABCDEFGHJKSTfhlmnsu", 2);
    if (!from.starts_with("\x1b[") || end == std::string_view::npos)
        throw std::runtime_error("no escape of loadgen's: " + std::string(from.substr(1, 10)));
    const std::string parameter(from.substr(2, end - 2));
    auto& line = lines_[line_];
    switch (from[end]) {
    case 'A':
        line_ -= std::min<std::size_t>(line_ - top_, std::stoul(parameter));
        break;
    case 'J':
        lines_.resize(line_ + 1);
        [[fallthrough]];
    case 'K':
        if (!parameter.empty())
            throw std::runtime_error("erases the wrong way");
        line.resize(std::min(line.size(), column_));
        break;
    case 'm':
        break;
    default:
        throw std::runtime_error("no escape of loadgen's: " + std::string(from.substr(1, end)));
    }
    return end + 1;
}

void screen::put(std::string code_point) {
    if (column_ == columns_) {
        wrapped_ = true;
        column_ = 0;
        line_feed();
    }
    auto& line = lines_[line_];
    line.resize(std::max(line.size(), column_ + 1), " ");
    line[column_++] = std::move(code_point);
}

void screen::line_feed() {
    if (++line_ == lines_.size())
        lines_.emplace_back();
    top_ = std::max(top_, line_ + 1 - std::min(line_ + 1, rows_));
}

void screen::become(std::size_t columns, std::size_t rows) {
    std::vector<cells> broken;
    std::size_t line_of_cursor = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (i == line_)
            line_of_cursor = broken.size();
        auto rest = std::span(lines_[i]);
        for (; rest.size() > columns; rest = rest.subspan(columns))
            broken.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(columns));
        broken.emplace_back(rest.begin(), rest.end());
    }
    lines_ = std::move(broken);
    line_ = line_of_cursor;
    columns_ = columns;
    rows_ = rows;
    top_ = lines_.size() - std::min(lines_.size(), rows_);
}

std::vector<std::string> screen::lines() const {
    std::vector<std::string> all;
    for (const auto& line : lines_) {
        auto& text = all.emplace_back();
        for (const auto& code_point : line)
            text += code_point;
        text.erase(text.find_last_not_of(' ') + 1);
    }
    while (!all.empty() && all.back().empty())
        all.pop_back();
    return all;
}

} // namespace beastmark::testing
