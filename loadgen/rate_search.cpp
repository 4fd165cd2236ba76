#include "loadgen/rate_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace beastmark::loadgen {

double two_digits(double rate) {
    const double unit = std::pow(10, std::floor(std::log10(rate)) - 1);
    return std::round(rate / unit) * unit;
}

rate_search::settings search_about(std::optional<double> asked) {
    constexpr double lowest = 10; // with less, a second tells nothing
    rate_search::settings how;
    how.first = std::clamp(asked.value_or(how.first), lowest, how.first);
    how.least = std::min(how.least, how.first);
    how.asked = asked;
    return how;
}

void rate_search::tell(attempt outcome) {
    ++attempts_;
    if (outcome == attempt::disturbed && !again_ && attempts_ < how_.attempts) {
        again_ = true;
        return;
    }
    again_ = false;
    const bool given_up = settle(outcome);
    next_ = given_up || attempts_ >= how_.attempts ? std::nullopt : choose();
}

/// True when there is no sense in going on.
bool rate_search::settle(attempt outcome) {
    if (outcome == attempt::disturbed && !unclean_ && !passed_over_) {
        passed_over_ = next_;
        return false;
    }
    const auto before = std::exchange(passed_over_, std::nullopt);
    if (outcome == attempt::clean) {
        clean_ = next_;
        return false;
    }
    const bool given_up = outcome == attempt::disturbed && before;
    unclean_ = given_up ? before : next_;
    return given_up;
}

std::optional<double> rate_search::choose() const {
    if (!unclean_) {
        const double higher = *(passed_over_ ? passed_over_ : clean_) * how_.factor;
        return higher <= how_.most ? std::optional(higher) : std::nullopt;
    }
    if (!clean_) {
        const double lower = *unclean_ / how_.factor;
        return lower >= how_.least ? std::optional(lower) : std::nullopt;
    }
    if (how_.asked && *how_.asked > *clean_ && *how_.asked < *unclean_)
        return how_.asked;
    if (*unclean_ <= *clean_ * how_.precision)
        return std::nullopt;
    const double between = two_digits(std::sqrt(*clean_ * *unclean_));
    return between > *clean_ && between < *unclean_ ? std::optional(between) : std::nullopt;
}

} // namespace beastmark::loadgen
