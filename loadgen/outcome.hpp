// What can become of a request.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

/// Every offered request ends as exactly one of these.
enum class outcome {
    ok,         // answered as expected: the status of --expect, or 2xx
    unexpected, // answered, but not with the status of --expect or without the text of --expect-body-contains
    http_3xx,
    http_4xx,
    http_5xx,
    timeout,        // not answered in time, counted from the first byte sent
    connect_error,  // no connection could be made when it was due
    reset,          // the connection ended before the answer was complete
    protocol_error, // what came was not an HTTP answer
    skipped,        // left out because it was too late (--on-late skip)
    unfinished,     // the run ended first
};

inline constexpr std::size_t outcome_count = 11;

/// In the order of the enumeration, as result.json names them.
inline constexpr std::array<std::string_view, outcome_count> outcome_names{
    "ok",    "unexpected",     "http_3xx", "http_4xx",   "http_5xx", "timeout", "connect_error",
    "reset", "protocol_error", "skipped",  "unfinished",
};

/// A status that is the expected one is ok, whatever its class; without --expect every 2xx is. Otherwise 3xx,
/// 4xx and 5xx say more than "unexpected" and win over it.
constexpr outcome classify(unsigned status, std::optional<unsigned> expected) noexcept {
    if (expected ? status == *expected : status >= 200 && status < 300)
        return outcome::ok;
    switch (status / 100) {
    case 3:
        return outcome::http_3xx;
    case 4:
        return outcome::http_4xx;
    case 5:
        return outcome::http_5xx;
    default:
        return outcome::unexpected;
    }
}

} // namespace beastmark::loadgen
