// How requests are told apart in loadgen_requests_total: by outcome and status. A closed list, so that every
// series exists before anything was counted and what a server answers never makes a new one.
#pragma once

#include "loadgen/outcome.hpp"
#include "loadgen/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace beastmark::loadgen {

struct request_series {
    outcome what{};
    std::string code; // a registered status; "other"; empty where no answer decided the outcome
};

class request_series_list {
public:
    /// @param expected of --expect, of each request where there are several: decides which outcomes a status
    /// may belong to.
    /// @param body_expected a good status may be unexpected for its body: --expect-body-contains.
    request_series_list(std::span<const std::optional<unsigned>> expected, bool body_expected);

    request_series_list(std::optional<unsigned> expected, bool body_expected)
        : request_series_list(std::span(&expected, 1), body_expected) {}

    [[nodiscard]] std::span<const request_series> series() const noexcept { return series_; }

    /// Adds to `counts`, one for each of the series.
    void add(const tally& from, std::span<std::uint64_t> counts) const;

private:
    std::size_t index_of(outcome what, const std::string& code);

    // Series of a status, by what became of it; of what cannot be any other.
    struct places {
        std::size_t good = 0;
        std::size_t unwanted = 0;
        std::size_t wrong_body = 0;
    };

    [[nodiscard]] places places_of(unsigned status, std::span<const std::optional<unsigned>> expected,
                                   bool body_expected);

    std::vector<request_series> series_;
    std::array<places, tally::status_count> of_status_{};
};

} // namespace beastmark::loadgen
