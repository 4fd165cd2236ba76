#include "tests/support/pseudo_terminal.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

winsize as_winsize(std::size_t columns, std::size_t rows) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    return size;
}

void require(bool done, const char* what) {
    if (!done)
        throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

pseudo_terminal::pseudo_terminal(std::size_t columns, std::size_t rows) {
    const auto size = as_winsize(columns, rows);
    require(::openpty(&test_, &program_, nullptr, nullptr, &size) == 0, "openpty");
    for (const auto end : {test_, program_})
        require(::fcntl(end, F_SETFD, FD_CLOEXEC) == 0, "fcntl");
    require(::fcntl(test_, F_SETFL, O_NONBLOCK) == 0, "fcntl");
}

pseudo_terminal::~pseudo_terminal() {
    ::close(test_);
    if (program_ >= 0)
        ::close(program_);
}

void pseudo_terminal::resize(std::size_t columns, std::size_t rows) const {
    const auto size = as_winsize(columns, rows);
    require(::ioctl(test_, TIOCSWINSZ, &size) == 0, "TIOCSWINSZ");
}

void pseudo_terminal::type(std::string_view keys) const {
    require(::write(test_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()), "write");
}

const std::string& pseudo_terminal::text() {
    char block[16384];
    for (;;) {
        const auto got = ::read(test_, block, sizeof block);
        if (got <= 0)
            return text_;
        text_.append(block, static_cast<std::size_t>(got));
    }
}

// What was written last may still be under way within the kernel: the end comes behind it.
const std::string& pseudo_terminal::whole_text() {
    ::close(std::exchange(program_, -1));
    pollfd hung_up{.fd = test_, .events = POLLIN, .revents = 0};
    do {
        text();
    } while (errno == EAGAIN && ::poll(&hung_up, 1, -1) > 0);
    return text_;
}

} // namespace beastmark::testing
