// A terminal that a test holds the other end of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace beastmark::testing {

class pseudo_terminal {
public:
    /// Throws std::system_error.
    pseudo_terminal(std::size_t columns, std::size_t rows);
    ~pseudo_terminal();
    pseudo_terminal(const pseudo_terminal&) = delete;
    pseudo_terminal& operator=(const pseudo_terminal&) = delete;

    /// What process_options::terminal is for.
    [[nodiscard]] int end_of_program() const noexcept { return program_; }

    /// Sends SIGWINCH to the program.
    void resize(std::size_t columns, std::size_t rows) const;

    /// As from a keyboard: "\x03" is Ctrl-C.
    void type(std::string_view keys) const;

    /// All that was written to it. To be asked again and again while the program writes, which waits when
    /// nobody reads.
    const std::string& text();

    /// The same, to the end: to be asked once, when the program has ended.
    const std::string& whole_text();

private:
    int test_ = -1;
    int program_ = -1;
    std::string text_;
};

} // namespace beastmark::testing
