// Histograms for hdr_decode.py, which compares them with those of an independent HdrHistogram library.
//   hdr_samples          prints our encodings, one JSON object a line, with what a reader must find in them
//   hdr_samples decode   reads encodings, one a line, and prints what we find in each, or null if refused
#include "common/histogram.hpp"
#include "common/histogram_encoding.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

namespace {

using beastmark::histogram;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// The counters that are not 0, as [lowest value in ns, count].
nlohmann::json counts_of(const histogram& h) {
    auto counts = nlohmann::json::array();
    for (std::size_t i = 0; i < histogram::counts_size; ++i)
        if (h.count_at(i) > 0)
            counts.push_back({histogram::lowest_of(i), h.count_at(i)});
    return counts;
}

void print(std::string_view name, const histogram& h) {
    const nlohmann::json sample{{"name", name},
                                {"encoded", beastmark::encode_v2(h)},
                                {"total", h.count()},
                                {"counts", counts_of(h)},
                                {"min_ns", h.min().count()},
                                {"max_ns", h.max().count()},
                                {"hgrm", beastmark::percentile_distribution(h)}};
    std::cout << sample.dump() << '\n';
}

void print_samples() {
    histogram h;
    print("empty", h);
    h.record(0ns);
    print("one value of 0 ns", h);
    h.reset();
    h.record(1'234'567ns);
    print("one value", h);
    h.reset();
    h.record(120s);
    print("the highest value", h);
    h.reset();
    for (std::size_t i = 0; i <= histogram::index_of(histogram::highest_trackable_ns); ++i)
        h.record_n(nanoseconds(histogram::lowest_of(i)), i % 300 + 1);
    print("something in every counter", h);
    h.reset();
    for (const int ns : {3, 4, 6, 9, 500, 2040})
        h.record_n(nanoseconds(ns), static_cast<std::uint64_t>(ns));
    print("gaps of every kind", h);
    h.reset();
    std::mt19937_64 random(11);
    std::lognormal_distribution<double> durations(14, 2);
    for (int i = 0; i < 1'000'000; ++i)
        h.record(nanoseconds(static_cast<std::int64_t>(durations(random))));
    print("a million log-normal values", h);
    h.reset();
    for (int bits = 0; bits < 61; ++bits)
        h.record_n(nanoseconds(1ms) * (61 - bits), std::uint64_t{1} << bits);
    print("counts of every length", h);
}

void decode_lines() {
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto h = beastmark::decode_v2(line);
        std::cout << (h ? nlohmann::json{{"total", h->count()}, {"counts", counts_of(*h)}} : nlohmann::json())
                         .dump()
                  << '\n';
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 2 && std::string_view(argv[1]) == "decode")
            decode_lines();
        else
            print_samples();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "hdr_samples: " << error.what() << '\n';
        return 1;
    }
}
