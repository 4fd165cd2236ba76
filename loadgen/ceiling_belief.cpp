#include "loadgen/ceiling_belief.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace beastmark::loadgen {

namespace {

// Beyond either end of the range, before anything is known.
constexpr double beyond = 0.1;

} // namespace

ceiling_belief::ceiling_belief(double low, double high, double fineness)
    : low_(low),
      cells_(std::max<std::size_t>(
          1, static_cast<std::size_t>(std::ceil(std::log(high / low) / std::log(fineness))))) {
    step_ = std::log(high / low) / static_cast<double>(cells_);
    mass_.resize(cells_ + 2);
    for (std::size_t cell = 0; cell < mass_.size(); ++cell) {
        const bool inside = cell > 0 && cell <= cells_;
        for (std::size_t k = 0; k < manners.size(); ++k)
            mass_[cell][k] =
                manners[k].prior * (inside ? (1 - 2 * beyond) / static_cast<double>(cells_) : beyond);
    }
}

// In the middle of a cell; of those beyond the ends, far away.
double ceiling_belief::ceiling(std::size_t cell) const {
    if (cell == 0)
        return low_ / 2;
    if (cell > cells_)
        return 2 * low_ * std::exp(step_ * static_cast<double>(cells_));
    return low_ * std::exp(step_ * (static_cast<double>(cell) - 0.5));
}

void ceiling_belief::learn(double rate, bool succeeded) {
    double sum = 0;
    for (std::size_t cell = 0; cell < mass_.size(); ++cell) {
        const double distance = std::log(ceiling(cell) / rate);
        for (std::size_t k = 0; k < manners.size(); ++k) {
            const auto& [width, lapse, prior] = manners[k];
            const double success = lapse + (1 - 2 * lapse) / (1 + std::exp(-2 * distance / width));
            sum += mass_[cell][k] *= succeeded ? success : 1 - success;
        }
    }
    for (auto& cell : mass_)
        for (double& mass : cell)
            mass /= sum;
}

double ceiling_belief::quantile(double probability) const {
    double below = 0;
    for (std::size_t cell = 0; cell < mass_.size(); ++cell) {
        const double here = std::accumulate(mass_[cell].begin(), mass_[cell].end(), 0.0);
        if (below + here < probability) {
            below += here;
            continue;
        }
        if (cell == 0)
            return 0;
        if (cell > cells_)
            break;
        const double share = here > 0 ? (probability - below) / here : 0;
        return low_ * std::exp(step_ * (static_cast<double>(cell - 1) + share));
    }
    return std::numeric_limits<double>::infinity();
}

} // namespace beastmark::loadgen
