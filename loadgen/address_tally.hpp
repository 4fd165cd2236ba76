// What was counted of each address of a target whose name has several, so that one that is slow, dead or
// unused does not hide among the others.
#pragma once

#include "common/histogram.hpp"
#include "loadgen/error_count.hpp"
#include "loadgen/outcome.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace beastmark::loadgen {

/// "10.0.0.3:8080", "[fd00::3]:8080".
std::string text_of(const boost::asio::ip::tcp::endpoint& where);

struct address_tally {
    boost::asio::ip::tcp::endpoint where{};
    std::uint64_t opened = 0;                            // connections that came up
    std::vector<error_count> not_opened{};               // attempts to connect that failed
    std::array<std::uint64_t, outcome_count> outcomes{}; // of the requests that were sent to it
    histogram response{};                                // as latencies::response

    [[nodiscard]] std::uint64_t of(outcome what) const noexcept {
        return outcomes[static_cast<std::size_t>(what)];
    }

    /// Answers received in full, whatever their status.
    [[nodiscard]] std::uint64_t answered() const noexcept;

    [[nodiscard]] std::uint64_t attempts_failed() const noexcept;

    /// Connections of `other` are added, too, where its requests are not: they also count before the start
    /// and in the warm-up.
    void merge(const address_tally& other, bool requests);
};

/// Of a thread, a second, a run. Made to be reused: what is reset keeps its memory.
class address_tallies {
public:
    /// Of the address that the caller has given this place, a small number. Allocates only for a place not
    /// met before.
    address_tally& at(std::size_t place, const boost::asio::ip::tcp::endpoint& where) {
        if (place < all_.size() && all_[place].used)
            return all_[place].counts;
        return take_place(place, where);
    }

    /// Adds, address by address, at whichever places they are.
    void merge(const address_tallies& other, bool requests = true);

    void reset() noexcept;

    [[nodiscard]] bool empty() const noexcept;

    /// All that were met, also those nothing was counted of, by address.
    [[nodiscard]] std::vector<const address_tally*> in_order() const;

private:
    struct entry {
        bool used = false;
        address_tally counts{};
    };

    address_tally& take_place(std::size_t place, const boost::asio::ip::tcp::endpoint& where);
    [[nodiscard]] std::size_t place_of(const boost::asio::ip::tcp::endpoint& where, std::size_t likely) const;

    std::vector<entry> all_;
};

} // namespace beastmark::loadgen
