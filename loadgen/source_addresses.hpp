// The local addresses that connections come from (--source-ip). A pair of a local and a remote address has
// some 28,000 ports, so that more connections need more of them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

class source_addresses {
public:
    using endpoint = boost::asio::ip::tcp::endpoint;

    /// None: the kernel chooses.
    source_addresses() = default;

    /// Reads A[,B...], IPv4 and IPv6. Throws std::invalid_argument with one clear line.
    static source_addresses parse(std::string_view text);

    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

    /// Throws std::runtime_error with one clear line when one is no address of this machine.
    void require_ours() const;

    /// Whether there is one of this one's family, or the kernel chooses.
    [[nodiscard]] bool reach(const endpoint& to) const;

    /// Of the `turn`-th connection to `to`: those of its family in turn, port 0. Nothing where the kernel
    /// chooses.
    [[nodiscard]] std::optional<endpoint> of(const endpoint& to, std::uint64_t turn) const;

private:
    [[nodiscard]] std::uint64_t count_like(const endpoint& to) const;

    std::vector<boost::asio::ip::address> all_;
};

} // namespace beastmark::loadgen
