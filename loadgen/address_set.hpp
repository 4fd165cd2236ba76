// The addresses of a target, which may change while a run goes on. Each keeps its place, also when it has
// gone: figures are kept by place.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace beastmark::loadgen {

class address_set {
public:
    using endpoint = boost::asio::ip::tcp::endpoint;

    /// At least one.
    explicit address_set(std::vector<endpoint> first);

    /// Those of `now`, at least one, and no others are to be used from now on. New ones get the next places.
    void update(const std::vector<endpoint>& now);

    /// All that were ever met, by place.
    [[nodiscard]] const std::vector<endpoint>& known() const noexcept { return known_; }

    /// How many are to be used.
    [[nodiscard]] std::size_t size() const noexcept { return current_.size(); }

    /// Whether the one at this place is to be used.
    [[nodiscard]] bool has(std::size_t place) const noexcept;

    /// The place of the address that a connection begins with.
    [[nodiscard]] std::size_t home_of(std::uint64_t number) const noexcept {
        return current_[number % current_.size()];
    }

    /// The place to try at an attempt, see address_to_try(). A home that has gone is replaced.
    [[nodiscard]] std::size_t to_try(std::size_t home, std::size_t attempt,
                                     std::uint64_t number) const noexcept;

private:
    std::vector<endpoint> known_;
    std::vector<std::size_t> current_; // places, in the resolver's order
};

} // namespace beastmark::loadgen
