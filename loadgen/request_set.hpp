// The requests of a target and which of them an arrival is: one for all, one drawn by weight, or the one that
// a log says.
#pragma once

#include "loadgen/request.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

class request_set {
public:
    /// Of --requests at most: each has figures of its own, every second.
    static constexpr std::size_t most_named = 256;

    struct named {
        std::string name;
        double weight = 1; // above 0: its share of all weights is its share of the arrivals
        request_template request;
        std::optional<unsigned> expected{}; // the status that counts as ok; none: any 2xx
    };

    /// The same for all. Implicit: a target with one request is the usual case.
    request_set(request_template only); // NOLINT(google-explicit-constructor, hicpp-explicit-conversions)

    /// Drawn by weight. Which one an arrival is follows from the seed and its index alone, so threads,
    /// shards, both targets of a pair and repetitions agree. At least one, at most most_named.
    request_set(std::vector<named> several, std::uint64_t seed);

    /// `which[i]` is the place of arrival i's among `distinct`.
    request_set(std::vector<request_template> distinct,
                std::shared_ptr<const std::vector<std::uint32_t>> which);

    [[nodiscard]] std::uint32_t index_of(std::uint64_t arrival) const noexcept {
        return size_ == 1 ? 0 : choose(arrival);
    }

    /// The request of an arrival. Constant time, no allocation.
    [[nodiscard]] const request_template& of(std::uint64_t arrival) const noexcept {
        return (*requests_)[index_of(arrival)];
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Room for any request that has to be rendered; 0 when none has.
    [[nodiscard]] std::size_t max_size() const noexcept { return max_size_; }

    /// There are several with names, of which each has figures of its own.
    [[nodiscard]] bool told_apart() const noexcept { return named_.size() > 1; }

    /// Of one that is told apart.
    [[nodiscard]] const std::string& name(std::uint32_t index) const noexcept { return named_[index].name; }

    [[nodiscard]] std::optional<unsigned> expected(std::uint32_t index) const noexcept {
        return named_[index].expected;
    }

    /// Of all that decides which bytes an arrival sends: other sets have another.
    [[nodiscard]] std::uint32_t checksum() const;

private:
    // A column of Walker's alias table: a draw that falls into it is its own below `threshold` (of 2^64), and
    // another's above.
    struct column {
        std::uint64_t threshold = UINT64_MAX;
        std::uint32_t other = 0;
    };

    struct description {
        std::string name;
        std::optional<unsigned> expected;
    };

    [[nodiscard]] std::uint32_t choose(std::uint64_t arrival) const noexcept;
    void fill_columns(std::vector<double> shares);
    void take(std::vector<request_template> requests);

    // Shared by copies: a log's may be a million.
    std::shared_ptr<const std::vector<request_template>> requests_;
    std::size_t size_ = 0;
    std::vector<description> named_; // of several by weight
    std::vector<column> columns_;
    std::uint64_t seed_ = 0;
    std::shared_ptr<const std::vector<std::uint32_t>> which_; // of a log
    std::size_t max_size_ = 0;
};

} // namespace beastmark::loadgen
