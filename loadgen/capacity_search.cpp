#include "loadgen/capacity_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace beastmark::loadgen {

namespace {

constexpr double growth = 2;
constexpr double confidence = 0.95;
constexpr unsigned longest = 4; // times the usual duration
constexpr unsigned most_disturbed = 20;
constexpr unsigned most_limited = 2;

// The belief's grid: so many rates within the precision asked for.
constexpr double cells_within = 12;

double four_digits(double rate) {
    const double unit = std::pow(10, std::floor(std::log10(rate)) - 3);
    return std::round(rate / unit) * unit;
}

} // namespace

std::string_view name_of(probe_outcome what) noexcept {
    constexpr std::array<std::string_view, 5> names{"held", "missed", "inconclusive", "generator-limited",
                                                    "disturbed"};
    return names[static_cast<std::size_t>(what)];
}

std::string_view name_of(capacity_kind what) noexcept {
    constexpr std::array<std::string_view, 6> names{"found",     "at-least", "below", "generator-limited",
                                                    "disturbed", "unknown"};
    return names[static_cast<std::size_t>(what)];
}

capacity_search::capacity_search(const settings& how)
    : how_(how),
      belief_(how.low, how.high, 1 + how.precision / cells_within),
      next_(probe_request{how.low, 1}) {}

void capacity_search::tell(probe_outcome what) {
    ++probes_;
    const bool again = repeats(what);
    if (!again)
        settle(what);
    if (given_up_ || probes_ >= how_.most_probes)
        next_.reset();
    else if (!again)
        next_ = choose();
}

/// True when the same rate is to be probed once more, for longer if need be.
bool capacity_search::repeats(probe_outcome what) {
    disturbed_ = what == probe_outcome::disturbed ? disturbed_ + 1 : 0;
    limited_ = what == probe_outcome::generator_limited ? limited_ + 1 : 0;
    switch (what) {
    case probe_outcome::disturbed:
        given_up_ = disturbed_ >= most_disturbed;
        return true;
    case probe_outcome::generator_limited:
        return limited_ < most_limited;
    case probe_outcome::inconclusive:
        if (next_->length >= longest)
            return false;
        next_->length *= 2;
        return true;
    default:
        return false;
    }
}

void capacity_search::settle(probe_outcome what) {
    const double rate = next_->rate;
    const bool held = what == probe_outcome::held;
    belief_.learn(rate, held);
    if (held)
        held_ = std::max(held_.value_or(rate), rate);
    else
        failures_.push_back({rate, what == probe_outcome::generator_limited});
    limited_ = 0;
}

std::optional<probe_request> capacity_search::choose() const {
    if (failures_.empty() && held_ && *held_ < how_.high)
        return probe_request{std::min(*held_ * growth, how_.high), 1};
    const auto found = answer();
    if (found.precise)
        return std::nullopt;
    return probe_request{std::clamp(four_digits(aim(found)), how_.low, how_.high), 1};
}

/// In the middle of the belief as long as it is wide: a probe there halves it. Once it is narrow a probe in
/// its middle may come out either way; what has to be confirmed are the ends of the answer, first the one
/// beyond which more is still thought possible.
double capacity_search::aim(const capacity_answer& found) const {
    const double middle = std::clamp(found.likeliest, how_.low, how_.high);
    const double half = std::pow(1 + how_.precision, 0.45);
    if (belief_.quantile(0.75) > belief_.quantile(0.25) * half)
        return middle;
    const bool open_above = found.high / middle > middle / found.low;
    return open_above ? middle * half : middle / half;
}

bool capacity_search::is_the_generators(double up_to) const {
    std::size_t limited = 0;
    std::size_t missed = 0;
    for (const auto& one : failures_)
        if (one.rate <= up_to * (1 + how_.precision))
            ++(one.limited ? limited : missed);
    return limited > 0 && limited >= missed;
}

capacity_answer capacity_search::answer() const {
    capacity_answer found;
    found.low = belief_.quantile((1 - confidence) / 2);
    found.high = belief_.quantile((1 + confidence) / 2);
    found.likeliest = belief_.quantile(0.5);
    if (given_up_) {
        found.kind = capacity_kind::disturbed;
        return found;
    }
    if (!held_ && failures_.empty())
        return found;
    const bool at_the_top = found.low >= how_.high / (1 + how_.precision) && std::isinf(found.high);
    if (failures_.empty()) {
        found = {capacity_kind::at_least, *held_, std::numeric_limits<double>::infinity(), *held_,
                 at_the_top};
    } else if (at_the_top) {
        found.kind = capacity_kind::at_least;
        found.precise = true;
    } else if (!held_ || found.high <= how_.low * (1 + how_.precision)) {
        found.kind = is_the_generators(how_.low) ? capacity_kind::generator_limited : capacity_kind::below;
        found.precise = found.high <= how_.low * (1 + how_.precision);
    } else {
        found.kind = is_the_generators(found.high) ? capacity_kind::generator_limited : capacity_kind::found;
        found.precise = found.low > 0 && found.high <= found.low * (1 + how_.precision);
    }
    return found;
}

} // namespace beastmark::loadgen
