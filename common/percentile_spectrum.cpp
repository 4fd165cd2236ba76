#include "common/percentile_spectrum.hpp"

#include <algorithm>
#include <cmath>

namespace beastmark {

namespace {

// A percentile as its distance to 100 %: halved after every five, in steps of a tenth.
class percentile_level {
public:
    static constexpr int ticks_per_half = 5;

    [[nodiscard]] double distance() const {
        return std::ldexp((2 * ticks_per_half - tick_) / (2.0 * ticks_per_half), -halvings_);
    }

    void advance() {
        if (++tick_ == ticks_per_half) {
            tick_ = 0;
            ++halvings_;
        }
    }

private:
    int halvings_ = 0;
    int tick_ = 0;
};

} // namespace

std::vector<percentile_point> percentile_spectrum(const histogram& values) {
    std::vector<percentile_point> points;
    if (values.count() == 0)
        return points;
    const auto max = static_cast<std::uint64_t>(values.max().count());
    const auto last = histogram::index_of(max);
    percentile_level level;
    std::uint64_t seen = 0;
    for (auto i = histogram::index_of(static_cast<std::uint64_t>(values.min().count())); i <= last; ++i) {
        if (values.count_at(i) == 0)
            continue;
        seen += values.count_at(i);
        const auto above = static_cast<double>(values.count() - seen) / static_cast<double>(values.count());
        while (above <= level.distance()) {
            points.push_back({level.distance(), std::min(histogram::highest_of(i), max), seen});
            level.advance();
            if (seen == values.count())
                break; // all levels from here on have this value
        }
    }
    points.push_back({0, max, seen});
    return points;
}

} // namespace beastmark
