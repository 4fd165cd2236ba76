#include "tests/browser/fixture.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace beastmark::fixture {
namespace {

using nlohmann::json;

/// A spectrum that is 0.4 of the median at 0 % and seven times it at 99.9 %.
json spectrum(double p50_us) {
    json points = json::array();
    double step = 10;
    for (double percentile = 0, left = 100; left > 0.01; percentile += step, left -= step) {
        if (percentile >= 50)
            step = left / 10;
        const double nines = std::log10(100 / left);
        points.push_back({percentile, p50_us * (0.4 + 2.2 * nines)});
    }
    points.push_back({100.0, p50_us * 10});
    return points;
}

/// Most in the tenth of a decade of the median, a tail above it; as many as were answered.
json buckets(double p50_us, double count) {
    const int middle = static_cast<int>(10 * std::log10(p50_us));
    json cells = json::array();
    double share = 0.4;
    for (int bucket = middle - 1; bucket < middle + 7; ++bucket, share *= bucket == middle ? 1.2 : 0.42)
        if (const double n = std::floor(count * share); n > 0)
            cells.push_back({bucket, n});
    return cells;
}

} // namespace

json measured_staircase(const result_shape& shape) {
    json result = judged_staircase(shape);
    result["config"]["loop"] = "open";
    json& target = result["targets"][shape.target];
    for (const char* kind : {"response", "service"}) {
        json& figures = target["latency"][kind];
        figures["spectrum"] = spectrum(figures["p50_us"]);
    }
    for (json& row : target["timeline"])
        row["response"]["buckets"] = buckets(row["response"]["p50_us"], row["completed"]);
    return result;
}

} // namespace beastmark::fixture
