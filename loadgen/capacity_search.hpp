// Which rates `loadgen capacity` probes, and what follows from the outcomes: plain logic, outcomes in, rates
// out.
#pragma once

#include "loadgen/ceiling_belief.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// What a probe of a rate showed.
enum class probe_outcome {
    held,
    missed,
    inconclusive,      // neither clearly: has to be asked for longer
    generator_limited, // says nothing of the service: the load generator could not offer it
    disturbed,         // says nothing of it either: something else took the time
};

/// "held", "generator-limited" and so on, as in result.json.
std::string_view name_of(probe_outcome what) noexcept;

enum class capacity_kind {
    found,             // between the two
    at_least,          // the highest rate of the range is held
    below,             // the lowest one is not
    generator_limited, // the load generator ends between the two, before the service does
    disturbed,         // nothing to be believed could be measured
    unknown,           // nothing was measured, or not enough to tell
};

/// "found", "at-least" and so on, as in result.json.
std::string_view name_of(capacity_kind what) noexcept;

struct capacity_answer {
    capacity_kind kind = capacity_kind::unknown;
    double low = 0;       // 95 % of what is believed lies between the two
    double high = 0;      // infinite: beyond the range
    double likeliest = 0; // the median
    bool precise = false; // as narrow as asked
};

struct probe_request {
    double rate = 0;
    unsigned length = 1; // so many times the usual duration
};

/// Doubles the rate from the lowest until one is not held, then probes where the ceiling is as likely above
/// as below (noisy bisection): an outcome moves the belief and is never taken for certain, so that a wrong
/// one is outweighed by later ones. It ends when 95 % of the belief lie within `precision`.
///
/// - Inconclusive: the same rate for twice as long, and twice as long again; then it counts as missed, for it
///   was not clearly held.
/// - Disturbed: discarded and repeated; twenty in a row end the search.
/// - Generator-limited: discarded and repeated; twice in a row it is the load generator's ceiling, beyond
/// which
///   nothing is asked. When that is where the search ends, the answer is it and not the service's capacity.
class capacity_search {
public:
    struct settings {
        double low = 1000;
        double high = 100'000;
        double precision = 0.03; // high / low - 1 of the answer
        unsigned most_probes = 60;
    };

    explicit capacity_search(const settings& how);

    /// What to probe; nothing when the search is over.
    [[nodiscard]] const std::optional<probe_request>& next() const { return next_; }

    /// What became of next(), which must be there.
    void tell(probe_outcome what);

    /// What is known so far.
    [[nodiscard]] capacity_answer answer() const;

    [[nodiscard]] const settings& how() const { return how_; }

private:
    struct failure {
        double rate;
        bool limited;
    };

    bool repeats(probe_outcome what);
    void settle(probe_outcome what);
    [[nodiscard]] std::optional<probe_request> choose() const;
    [[nodiscard]] double aim(const capacity_answer& found) const;
    [[nodiscard]] bool is_the_generators(double up_to) const;

    settings how_;
    ceiling_belief belief_;
    std::optional<probe_request> next_;
    std::vector<failure> failures_; // in which the rate was too high
    std::optional<double> held_;    // the highest
    unsigned probes_ = 0;
    unsigned disturbed_ = 0; // in a row
    unsigned limited_ = 0;   // in a row
    bool given_up_ = false;
};

} // namespace beastmark::loadgen
