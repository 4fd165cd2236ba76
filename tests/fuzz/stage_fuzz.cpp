// Rates and stages as people type them, and the schedule they make. The first byte of the input says which
// arrivals; the rest is lines, each a stage and, for its own sake, read as a rate too.
#include "loadgen/schedule.hpp"
#include "loadgen/stage.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using namespace beastmark::loadgen;
using std::chrono::nanoseconds;

constexpr std::size_t most_stages = 8;
// More than is drawn in a moment, more than a double tells apart: beyond these the schedule is made, not
// looked at.
constexpr double most_poisson = 20'000;
constexpr double most_looked_at = 1e12;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_rate(std::string_view text) {
    try {
        const auto rate = parse_rate(text);
        require(rate > 0 && rate <= 1e9);
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
    }
}

std::vector<stage> read_stages(std::string_view lines) {
    std::vector<stage> stages;
    while (!lines.empty() && stages.size() < most_stages) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        read_rate(line);
        try {
            const auto s = parse_stage(line);
            require(s.duration.count() > 0 && s.steps >= 1);
            require(s.from_rps >= 0 && s.from_rps <= 1e9 && s.to_rps >= 0 && s.to_rps <= 1e9);
            stages.push_back(s);
        } catch (const std::invalid_argument& error) {
            require(*error.what() != '\0');
        }
    }
    return stages;
}

double area_of(const std::vector<stage>& stages) {
    double area = 0;
    for (const auto& s : stages) {
        area += (s.from_rps + s.to_rps) / 2 * std::chrono::duration<double>(s.duration).count();
    }
    return area;
}

void look_at(const schedule& s, std::uint64_t i) {
    const auto t = s.time_of(i);
    require(t.count() >= 0 && t <= s.duration());
    require(i == 0 || s.time_of(i - 1) <= t);
    require(i + 1 >= s.size() || t <= s.time_of(i + 1));
    // Exactly those with an earlier time.
    require(s.arrivals_before(t) <= i);
    require(s.arrivals_before(t + nanoseconds(1)) > i);
    const auto& part = s.segments()[s.segment_of(i)];
    require(t >= part.start && t <= part.end);
    require(i < s.end_of(s.segment_of(i)));
}

// The threads' shares, taken together, are the schedule.
void walk(const schedule& s) {
    constexpr std::uint64_t stripes = 3;
    std::vector<stripe> shares;
    for (std::uint64_t k = 0; k < stripes; ++k) {
        shares.emplace_back(s, k, stripes);
    }
    nanoseconds before{};
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(s.size(), 200); ++i) {
        auto& share = shares[i % stripes];
        require(!share.done() && share.arrival() == i);
        require(share.time() >= before && share.time() == s.time_of(i));
        require(share.segment_index() == s.segment_of(i));
        before = share.time();
        share.advance();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const arrival_options arrivals{(data[0] & 1) != 0 ? arrival_kind::poisson : arrival_kind::uniform,
                                   data[0]};
    const auto stages = read_stages({reinterpret_cast<const char*>(data + 1), size - 1});
    const auto area = area_of(stages);
    if (stages.empty() || (arrivals.kind == arrival_kind::poisson && area > most_poisson && area <= 1e11)) {
        return 0;
    }
    try {
        const schedule s(stages, arrivals);
        require(s.size() > 0 && s.duration().count() > 0);
        require(s.arrivals_before(nanoseconds(0)) == 0);
        require(s.arrivals_before(nanoseconds::max()) == s.size());
        if (area > most_looked_at) {
            return 0;
        }
        walk(s);
        for (std::uint64_t k = 0; k < 16; ++k) {
            look_at(s, (s.size() - 1) / 15 * k);
        }
        look_at(s, s.size() - 1);
        std::uint64_t seen = 0;
        for (std::int64_t k = 0; k <= 8; ++k) {
            const auto upto = s.arrivals_before(s.duration() / 8 * k);
            require(upto >= seen && upto <= s.size());
            seen = upto;
        }
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
    }
    return 0;
}
