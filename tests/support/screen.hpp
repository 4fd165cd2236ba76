// What a terminal shows after what was written to it. Knows the escapes that loadgen may use, and no other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

class screen {
public:
    screen(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}

    /// Throws std::runtime_error at an escape or a control character that is not known.
    void write(std::string_view bytes);

    /// Breaks the lines that are longer, as most terminals do.
    void become(std::size_t columns, std::size_t rows);

    /// From the first ever written on, those that have left the screen at its top too; without blanks at
    /// their ends, and without empty ones at the end.
    [[nodiscard]] std::vector<std::string> lines() const;

    /// A line was longer than the screen is wide.
    [[nodiscard]] bool wrapped() const { return wrapped_; }

    [[nodiscard]] std::size_t cursor_column() const { return column_; }

private:
    using cells = std::vector<std::string>; // of a line, a code point each

    std::size_t escape(std::string_view from);
    void put(std::string code_point);
    void line_feed();
    std::size_t columns_;
    std::size_t rows_;
    std::vector<cells> lines_{1};
    std::size_t top_ = 0; // the first line on the screen
    std::size_t line_ = 0;
    std::size_t column_ = 0;
    bool wrapped_ = false;
};

} // namespace beastmark::testing
