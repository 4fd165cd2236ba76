#include "loadgen/source_addresses.hpp"

#include "common/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>

namespace beastmark::loadgen {

source_addresses source_addresses::parse(std::string_view text) {
    source_addresses read;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        boost::system::error_code wrong;
        const auto address =
            boost::asio::ip::make_address(std::string(text.substr(begin, end - begin)), wrong);
        if (wrong || address.is_unspecified())
            throw std::invalid_argument(fmt::format("--source-ip '{}': give addresses of this machine with "
                                                    "commas between, e.g. 10.0.0.5,10.0.0.6",
                                                    text));
        if (std::find(read.all_.begin(), read.all_.end(), address) != read.all_.end())
            throw std::invalid_argument(
                fmt::format("--source-ip '{}': {} is in it twice", text, address.to_string()));
        read.all_.push_back(address);
        begin = end + 1;
    }
    return read;
}

void source_addresses::require_ours() const {
    for (const auto& address : all_) {
        const endpoint any_port(address, 0);
        const descriptor socket(::socket(any_port.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0),
                                "socket");
        if (::bind(socket.get(), any_port.data(), static_cast<socklen_t>(any_port.size())) != 0)
            throw std::runtime_error(fmt::format("--source-ip: connections cannot come from {}: {}; those of "
                                                 "this machine are shown by ip addr",
                                                 address.to_string(), std::strerror(errno)));
    }
}

std::uint64_t source_addresses::count_like(const endpoint& to) const {
    return static_cast<std::uint64_t>(std::count_if(
        all_.begin(), all_.end(), [&](const auto& a) { return a.is_v4() == to.address().is_v4(); }));
}

bool source_addresses::reach(const endpoint& to) const {
    return empty() || count_like(to) > 0;
}

std::optional<source_addresses::endpoint> source_addresses::of(const endpoint& to, std::uint64_t turn) const {
    const auto alike = count_like(to);
    if (alike == 0)
        return std::nullopt;
    auto skipped = turn % alike;
    for (const auto& address : all_)
        if (address.is_v4() == to.address().is_v4() && skipped-- == 0)
            return endpoint(address, 0);
    return std::nullopt;
}

} // namespace beastmark::loadgen
