// A range query to a Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
#pragma once

#include "loadgen/url.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::efficiency {

struct range_query {
    std::string query;
    double start_s = 0; // since 1970, as Prometheus has it
    double end_s = 0;
    double step_s = 0;
};

/// Of one series.
struct range_answer {
    std::vector<double> t_s; // as the query's; none: it knows no such series
    std::vector<double> values;
    std::string error; // empty: it answered
};

/// What to GET of the Prometheus whose pages begin at `base` ("/" or, behind a proxy, "/prometheus").
std::string path_of(std::string_view base, const range_query& what);

/// Of the first series in it; values that are no numbers are left out.
range_answer read_answer(unsigned status, std::string_view body);

/// Blocks, for about `patience` at most.
range_answer ask(const url& prometheus, const range_query& what, std::chrono::nanoseconds patience);

} // namespace beastmark::loadgen::efficiency
