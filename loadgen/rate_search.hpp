// Which rates `loadgen doctor` tries, to find the highest one that is clean. Plain logic: outcomes in, rates
// out.
#pragma once

#include <optional>

namespace beastmark::loadgen {

/// What became of a rate.
enum class attempt {
    clean,
    unclean,
    disturbed, // unclean by something that may be gone the next time
};

/// Doubles the rate from `first` as long as it is clean (halves it as long as it is not), then halves the
/// distance between the highest clean and the lowest unclean rate, in ratios, until they are within
/// `precision`. A rate that was disturbed is tried once more. Disturbed again on the way up it is passed
/// over, for that says little about the rate, and two such rates in a row end the search: the machine is too
/// busy. Further on it counts as unclean.
class rate_search {
public:
    struct settings {
        double first = 1000;
        double least = 125;
        double most = 8e6;
        double factor = 2;
        double precision = 1.1;        // the lowest unclean rate / the highest clean one
        std::optional<double> asked{}; // tried for itself when it is between these two
        unsigned attempts = 24;        // at most, whatever they bring
    };

    explicit rate_search(const settings& how) : how_(how), next_(how.first) {}

    /// The rate to try; nothing when the search is over.
    [[nodiscard]] std::optional<double> next() const { return next_; }

    /// What became of next(), which must be there.
    void tell(attempt outcome);

    /// The highest clean rate.
    [[nodiscard]] std::optional<double> clean() const { return clean_; }

    /// The lowest rate that was not.
    [[nodiscard]] std::optional<double> unclean() const { return unclean_; }

private:
    bool settle(attempt outcome);
    [[nodiscard]] std::optional<double> choose() const;

    settings how_;
    std::optional<double> next_;
    std::optional<double> clean_;
    std::optional<double> unclean_;
    std::optional<double> passed_over_;
    unsigned attempts_ = 0;
    bool again_ = false; // next_ was disturbed once
};

/// How to search when a rate is asked about, or none: one below the usual first rate is begun with.
rate_search::settings search_about(std::optional<double> asked);

/// To two digits, as the search's own rates are.
double two_digits(double rate);

} // namespace beastmark::loadgen
