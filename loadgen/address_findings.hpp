// Whether the addresses of a target did alike: a pure function of what was counted of each.
#pragma once

#include "loadgen/address_tally.hpp"
#include "loadgen/recorder.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

struct address_figures {
    const address_tally* counts = nullptr;
    std::string text{};
    double share = 0; // of all answers
    latency_figures response{};
};

/// What is the matter with an address that stands out.
struct address_finding {
    std::string address{};
    std::string_view kind{}; // dead | unused | failing | slow | busy, as in result.json
    std::string text{};      // a sentence that begins with the address
};

struct address_judgement {
    std::vector<address_figures> addresses{};
    std::size_t considered = 0; // of them, see below
    /// The largest share / an equal share of the answers. Nothing without answers.
    std::optional<double> share_of_fair{};
    /// The largest p99 / the median address's (of two the lower one). Nothing with too few responses.
    std::optional<double> p99_of_median{};
    std::vector<address_finding> findings{}; // one of an address at most
};

/// Nothing in it for a target with one address. Of a name with IPv4 and IPv6 addresses where those of one
/// family all refuse, that family is left out of the findings and the imbalance: the service does not offer
/// it. The tallies must outlive the result.
address_judgement judge_addresses(const address_tallies& all);

} // namespace beastmark::loadgen
