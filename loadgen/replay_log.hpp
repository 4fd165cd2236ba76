// --replay FILE: the requests of an access log, and when each is due.
#pragma once

#include "loadgen/access_log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

struct replayed_request {
    std::string method;
    std::string path;
    std::string body;
};

struct replay_log {
    std::string file;
    double speed = 1;
    std::uint64_t lines = 0;     // without empty ones
    std::uint64_t skipped = 0;   // of them that were no requests
    std::uint64_t reordered = 0; // of them earlier than one before: a log is written when a request ends
    std::string first_skipped{}; // "line 7: there is no [time]"
    std::uint64_t distinct = 0;
    std::chrono::nanoseconds duration{};
    std::vector<std::uint64_t> due_each_second{};
    std::shared_ptr<const std::vector<std::chrono::nanoseconds>> due; // ascending, from 0, below duration
    std::shared_ptr<const std::vector<std::uint32_t>> which;          // of each arrival, in `requests`
    std::vector<replayed_request> requests{};                         // each once

    [[nodiscard]] double mean_rps() const;

    /// What is worth a line before the start; empty: nothing.
    [[nodiscard]] std::string note() const;
};

/// Takes a log line by line. Memory grows with 16 bytes for a request and with the requests that differ.
class replay_reader {
public:
    struct limits {
        std::size_t requests = 20'000'000;
        std::size_t distinct = 1'000'000;
        std::size_t distinct_bytes = std::size_t{256} << 20;
    };

    explicit replay_reader(std::string file) : replay_reader(std::move(file), limits()) {}

    replay_reader(std::string file, const limits& most) : file_(std::move(file)), most_(most) {}

    /// Throws std::invalid_argument with one clear line at a limit.
    void line(std::string_view text);

    /// One that is too long to be looked at.
    void endless_line();

    /// All as it is to be sent: by time, from 0 on; what is known to a second only evenly over it, in the
    /// order of the log; `speed` times as fast. Throws std::invalid_argument with one clear line when there
    /// is no request, or most lines are none.
    replay_log finish(double speed);

private:
    struct entry {
        std::chrono::nanoseconds at{};
        std::uint32_t request = 0;
        std::uint32_t place = 0; // in the log
        bool whole_second = false;
    };

    void skip(std::string_view why);
    std::uint32_t place_of(const logged_request& request);
    void order();
    void spread_seconds();
    [[nodiscard]] std::vector<replayed_request> take_requests();

    std::string file_;
    limits most_;
    std::uint64_t number_ = 0; // of the line, the empty ones counted
    std::uint64_t lines_ = 0;
    std::uint64_t skipped_ = 0;
    std::uint64_t reordered_ = 0;
    std::string first_skipped_;
    std::vector<entry> entries_;
    std::chrono::nanoseconds latest_{};
    std::unordered_map<std::string, std::uint32_t> known_; // "GET /path\nbody"
    std::size_t known_bytes_ = 0;
};

/// Reads a file of read_log_line()'s lines. Throws std::runtime_error with one clear line when it cannot be
/// read, and as replay_reader.
replay_log read_replay(const std::string& file, double speed);

} // namespace beastmark::loadgen
