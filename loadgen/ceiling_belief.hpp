// What is believed of the rate above which a service no longer keeps up, after noisy trials below and above
// it: Bayes' rule over a grid of rates, as QUEST does it for thresholds of perception (Watson and Pelli,
// 1983).
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace beastmark::loadgen {

/// Rates from `low` to `high` and what lies beyond either end. How sharply a service turns from one to the
/// other, and how often a trial tells the opposite, are not known either: all are estimated together.
class ceiling_belief {
public:
    /// @param fineness  the largest ratio of two neighbouring rates of the grid, above 1
    ceiling_belief(double low, double high, double fineness);

    /// A trial at `rate` succeeded, or not.
    void learn(double rate, bool succeeded);

    /// The rate below which the ceiling lies with this probability, 0 to 1. 0 when it is the one below the
    /// range, infinite when it is the one above.
    [[nodiscard]] double quantile(double probability) const;

private:
    // How a service turns.
    struct manner {
        double width; // of the change of the chance of success, as a share of the rate
        double lapse; // how often a trial tells the opposite
        double prior;
    };

    // The last one: it fails now and then at any rate, so that there is little to find.
    static constexpr std::array<manner, 6> manners{{{0.003, 0.04, 0.25},
                                                    {0.01, 0.04, 0.25},
                                                    {0.03, 0.04, 0.2},
                                                    {0.1, 0.04, 0.1},
                                                    {0.3, 0.04, 0.1},
                                                    {0.03, 0.4, 0.1}}};

    [[nodiscard]] double ceiling(std::size_t cell) const;

    double low_;
    double step_; // of logarithms
    std::size_t cells_;
    std::vector<std::array<double, manners.size()>> mass_; // of each cell, the first and last beyond the ends
};

} // namespace beastmark::loadgen
