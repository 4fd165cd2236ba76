#include "loadgen/panel/terminal.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace beastmark::loadgen {

std::optional<panel_style> style_from(const std::function<const char*(const char*)>& variable) {
    const auto value = [&](const char* name) {
        const auto* const text = variable(name);
        return std::string(text == nullptr ? "" : text);
    };
    const auto term = value("TERM");
    if (term.empty() || term == "dumb")
        return std::nullopt;
    std::string locale;
    for (const auto* const name : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (locale.empty())
            locale = value(name);
    std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return std::tolower(c); });
    return panel_style{.colour = value("NO_COLOR").empty(),
                       .utf8 = locale.ends_with("utf-8") || locale.ends_with("utf8")};
}

bool terminal::is_one() const noexcept {
    return ::isatty(fd_) != 0;
}

terminal_size terminal::size() const noexcept {
    winsize size{};
    if (::ioctl(fd_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return {};
    return {size.ws_col, size.ws_row};
}

bool terminal::ready() const noexcept {
    pollfd asked{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

void terminal::write(std::string_view bytes) const noexcept {
    while (!bytes.empty()) {
        const auto taken = ::write(fd_, bytes.data(), bytes.size());
        if (taken > 0)
            bytes.remove_prefix(static_cast<std::size_t>(taken));
        else if (taken == 0 || errno != EINTR)
            return;
    }
}

} // namespace beastmark::loadgen
