// What the load generator can do on this machine, found out with runs of its own engine against a null
// server.
#pragma once

#include "loadgen/cpu_placement.hpp"
#include "loadgen/rate_search.hpp"
#include "loadgen/recorder.hpp"
#include "loadgen/run.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

struct calibration_settings {
    std::uint32_t connections = 64;
    std::uint32_t threads = 1;
    std::chrono::nanoseconds hold = std::chrono::seconds(1); // of each rate
    std::optional<double> asked{};                           // a rate of special interest
    cpu_placement placement{};
    std::function<void(double rps, unsigned attempt)> trying{}; // told before each run
};

/// A rate that was held for a while.
struct calibration_run {
    double rps = 0;
    attempt became = attempt::unclean;
    judgement judged{};
    std::string why{}; // of one that is not clean, in words
    latency_figures response{};
    latency_figures generator_lag{};
};

struct calibration {
    std::vector<calibration_run> runs{};     // of the search, in order
    std::optional<double> clean_rps{};       // the highest rate that was clean
    std::optional<calibration_run> lowest{}; // clean: its response time is the latency floor
    std::optional<calibration_run> half{};   // at about half of clean_rps
    std::optional<calibration_run> beyond{}; // the lowest rate that was not clean
    int signal = 0;                          // SIGINT or SIGTERM, when one ended it

    /// What ended the search was not loadgen: the null server, something else that took the CPU, the highest
    /// rate tried. It may do more.
    [[nodiscard]] bool at_least() const;
};

/// Clean: to be believed, every arrival answered, the null server not saturated.
calibration_run judge_run(double rps, const run_record& record);

/// Takes about `hold` for each rate, up to 1 s more for one that is too high; about 12 rates, 26 at most.
/// Throws std::runtime_error and std::system_error with one clear line.
calibration calibrate(const calibration_settings& settings);

} // namespace beastmark::loadgen
