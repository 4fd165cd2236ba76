#include "common/host_and_port.hpp"

#include "common/number.hpp"

#include <algorithm>
#include <stdexcept>

namespace beastmark {

host_and_port parse_host_and_port(std::string_view text) {
    const bool bracketed = text.starts_with('[');
    const auto closed = text.find(']');
    if (bracketed && closed == std::string_view::npos) {
        throw std::invalid_argument{"the '[' is not closed"};
    }
    const auto host_end = bracketed ? closed + 1 : std::min(text.find(':'), text.size());
    const auto host = bracketed ? text.substr(1, closed - 1) : text.substr(0, host_end);
    if (host.empty()) {
        throw std::invalid_argument{"the host is missing"};
    }
    const auto behind = text.substr(host_end);
    if (behind.empty()) {
        return {std::string{host}, 0};
    }
    const auto port = behind.front() == ':' ? parse_number<std::uint16_t>(behind.substr(1)) : std::nullopt;
    if (!port || *port == 0) {
        throw std::invalid_argument{"the port is not a number from 1 to 65535"};
    }
    return {std::string{host}, *port};
}

std::string text_of(const host_and_port& where) {
    const bool is_v6 = where.host.find(':') != std::string::npos;
    return (is_v6 ? '[' + where.host + ']' : where.host) + ':' + std::to_string(where.port);
}

} // namespace beastmark
