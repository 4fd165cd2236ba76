// Whether figures can be believed: a pure function of what was recorded. docs/design.md section 4 has the
// terms.
#pragma once

#include "loadgen/evidence.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

enum class verdict {
    valid,
    server_saturated,  // to be believed, too: the service could not take it
    generator_limited, // the load generator could not do what was asked
    disturbed,         // something outside of both took time
};

inline constexpr std::size_t verdict_count = 4;

/// "valid", "server-saturated", "generator-limited", "disturbed".
std::string_view name_of(verdict v) noexcept;

/// The first two are; the others are left out of SLO checks.
constexpr bool believable(verdict v) noexcept {
    return v == verdict::valid || v == verdict::server_saturated;
}

/// What decided a verdict.
enum class cause {
    none,
    failures,       // answers failed, timed out or never came
    backlog,        // arrivals wait for a connection and the service is what is slow
    own_cpu,        // a load thread used a whole core
    quota,          // the control group's CPU quota stopped it
    connections,    // all connections busy although the service answers as fast as ever
    stall,          // an event loop stood still, nothing outside explains it
    run_queue,      // another process ran on the load thread's core
    steal,          // the hypervisor ran something else
    retransmission, // the network lost segments
};

inline constexpr std::size_t cause_count = 10;

/// "own-cpu" and so on, as in result.json.
std::string_view name_of(cause c) noexcept;

struct judgement {
    verdict is = verdict::valid;
    cause because = cause::none;

    friend bool operator==(const judgement&, const judgement&) = default;
};

/// Judges the window `i` of a target; may look at the windows before it, never at later ones, so that the
/// live view and the result say the same. No state, no clock, no allocation.
judgement judge(std::span<const window_evidence> windows, std::size_t i) noexcept;

/// One clause with the figures that decided, e.g. "the load thread used 99 % of a core and sent 12.3 ms late
/// (p99)".
std::string explain(const judgement& j, const window_evidence& seen);

/// A stage, or the whole measured part of a run.
struct summary_judgement {
    judgement what;          // the commonest verdict and cause of those left out when not believable; else
                             // server_saturated when half of the believable windows are
    double believable_s = 0; // time in windows that are to be believed
    double measured_s = 0;   // time in all windows
    double what_s = 0;       // time in windows of the verdict `what`
    double saturated_s = 0;  // time in server_saturated windows
    std::size_t worst = 0;   // index of the window that shows `what` most clearly

    /// More than 10 % of the measured time left out makes it not believable (design.md section 4). Nothing
    /// measured: not believable.
    [[nodiscard]] bool believable() const noexcept {
        return measured_s > 0 && believable_s >= 0.9 * measured_s;
    }
};

/// `windows` and `judgements` of the same length.
summary_judgement judge_all(std::span<const window_evidence> windows,
                            std::span<const judgement> judgements) noexcept;

/// What the summary says first of a target: "VALID: 30 of 30 s to be believed; ..." or "NOT TO BE BELIEVED:
/// generator-limited in 12 of 30 s: the load thread used 99 % of a core ...". Says why in words, and the way
/// out where there is one.
std::string headline(const summary_judgement& all, std::span<const window_evidence> windows);

} // namespace beastmark::loadgen
