// What is counted: by one thread during one second, then merged into rows, stages and totals.
#pragma once

#include "common/histogram.hpp"
#include "loadgen/address_tally.hpp"
#include "loadgen/error_count.hpp"
#include "loadgen/outcome.hpp"
#include "loadgen/request_tally.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// Plain sums. Everything about an arrival is counted in the tally of the stage in which it was scheduled.
struct tally {
    static constexpr std::size_t status_count = 1000;

    std::uint64_t offered = 0;
    std::uint64_t sent = 0;
    std::uint64_t not_connected = 0; // of those sent: connect_error
    std::uint64_t completed = 0;     // answers received in full, whatever their status
    std::uint64_t skipped_late = 0;  // of those skipped: the generator was late, not all connections busy
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::array<std::uint64_t, outcome_count> outcomes{};
    std::array<std::uint64_t, status_count> statuses{};
    std::array<std::uint64_t, status_count> good_statuses{}; // of `statuses`: ok. Requests may expect others
    std::array<std::uint64_t, status_count> wrong_bodies{};  // of `statuses`: unexpected for the body alone
    std::vector<error_count> errors;                         // as many as there are kinds: a handful

    void add(outcome what, std::uint64_t n = 1) noexcept { outcomes[static_cast<std::size_t>(what)] += n; }

    [[nodiscard]] std::uint64_t of(outcome what) const noexcept {
        return outcomes[static_cast<std::size_t>(what)];
    }

    /// Of any outcome.
    [[nodiscard]] std::uint64_t settled() const noexcept;

    /// ok / (offered - what was in flight when the run ended): what still waited for a connection then was
    /// not served, what was on its way is not known. Nothing when there is nothing to judge.
    [[nodiscard]] std::optional<double> availability() const noexcept;

    /// Allocates only for a kind of error not met before.
    void add_error(phase where, const boost::system::error_code& code, std::uint64_t n = 1);

    void merge(const tally& other);
    void reset() noexcept;
};

/// The times of requests, each kind a histogram.
struct latencies {
    histogram response;        // scheduled -> done: of ok answers, and of timeouts (at expiry: censored)
    histogram timed_out;       // the timeouts of `response`
    histogram failed;          // scheduled -> failure: of unwanted answers, resets and protocol errors
    histogram service;         // first byte sent -> done; of the requests of `response`
    histogram first_byte;      // first byte sent -> first byte received; of all that were answered
    histogram connect;         // of TCP connections that came up, also before the start
    histogram tls_handshake;   // of those of https, from there
    histogram generator_lag;   // sent - scheduled, as far as a connection was free; of all that were sent
    histogram connection_wait; // sent - scheduled, as far as none was; of all that were sent
    histogram unfinished;      // scheduled -> the end of the run: the age of what it cut off

    void merge(const latencies& other) noexcept;
    void reset() noexcept;
};

/// A kind of latency, by the name it has in result.json.
struct latency_kind {
    std::string_view name;
    histogram latencies::* member;
};

/// All of them. A fast failure must not flatter a percentile: `failed` is apart. A timeout left out would: it
/// is in `response`.
inline constexpr std::array<latency_kind, 10> latency_kinds{{
    {"response", &latencies::response},
    {"timed_out", &latencies::timed_out},
    {"failed", &latencies::failed},
    {"service", &latencies::service},
    {"first_byte", &latencies::first_byte},
    {"connect", &latencies::connect},
    {"tls_handshake", &latencies::tls_handshake},
    {"generator_lag", &latencies::generator_lag},
    {"connection_wait", &latencies::connection_wait},
    {"unfinished", &latencies::unfinished},
}};

/// A stage's part of an interval.
struct slice {
    std::size_t segment = 0;
    std::uint64_t ok_in_time = 0; // ok answers that arrived while this stage was the current one
    tally counts;
    latencies times;
    address_tallies addresses; // of a target with several, else empty
    request_tallies requests;  // of a target with several, else empty
};

/// One thread's and one target's counts of about a second, by stage. Made to be reused: the slices of past
/// seconds are kept and given to the stages of the next.
class interval {
public:
    /// The slice of a stage. Allocates only when more stages are under way at once than ever before.
    slice& of(std::size_t segment);

    [[nodiscard]] std::size_t size() const noexcept { return used_; }

    /// Adds, stage by stage.
    void merge(const interval& other);

    [[nodiscard]] const slice& operator[](std::size_t i) const noexcept { return *slices_[i]; }

    void reset() noexcept;

private:
    std::vector<std::unique_ptr<slice>> slices_; // the first used_ are in use
    std::size_t used_ = 0;
};

} // namespace beastmark::loadgen
