// When the shards of a test begin: they join shard 0, which hands out one start for all. Sans-I/O: joins and
// time in, answers out. One thread.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

using steady_time = std::chrono::steady_clock::time_point;

/// So long before the start nobody asks any more: who sends has other things to do.
inline constexpr std::chrono::milliseconds settle_before_start{300};

/// What a shard asks for with POST /barrier/join.
struct join_request {
    std::uint64_t index = 0;
    std::uint64_t of = 1;
    std::string who;  // a random text of its process: tells a shard that asks again from another of its index
    std::string host; // for messages
    nlohmann::json test;
};

nlohmann::json to_json(const join_request& request);

/// Nothing for what is not such a request; never throws anything but std::bad_alloc.
std::optional<join_request> parse_join(std::string_view text);

struct join_answer {
    enum class kind { wait, start, refused, too_late };

    kind is = kind::wait;
    std::string why;     // refused, too_late: one clear line
    steady_time start{}; // start: on the clock of who was asked
};

class start_barrier {
public:
    // A shard asks again every fifth of a second. One that is not heard of for so long has died, and its
    // place is free.
    static constexpr std::chrono::seconds silence{3};
    // From the decision to the start: long enough for each shard to hear of it several times.
    static constexpr std::chrono::milliseconds lead{1500};

    /// @param test what a shard has to be of. `of`: how many shards there are, shard 0 included, which is
    /// there. At the deadline those begin that are there.
    start_barrier(nlohmann::json test, std::uint64_t of, steady_time deadline);

    join_answer join(const join_request& request, steady_time now);

    /// Notices what is due. Call it a few times a second.
    void tick(steady_time now);

    /// Once it is known.
    [[nodiscard]] std::optional<steady_time> start() const noexcept { return start_; }

    /// Who begins, or waits: shard 0 included.
    [[nodiscard]] std::uint64_t present() const noexcept { return members_.size() + 1; }

    /// Indices of those that are not there.
    [[nodiscard]] std::vector<std::uint64_t> missing() const;

    [[nodiscard]] bool has_joined(std::uint64_t index) const { return members_.contains(index); }

    /// `who` is the process that joined as that shard.
    [[nodiscard]] bool is_member(std::uint64_t index, std::string_view who) const;

private:
    struct member {
        std::string who;
        std::string host;
        steady_time heard{};
    };

    [[nodiscard]] std::string why_not(const join_request& request) const;

    nlohmann::json test_;
    std::uint64_t of_;
    steady_time deadline_;
    std::map<std::uint64_t, member> members_; // but shard 0
    std::optional<steady_time> start_;
};

/// One exchange with shard 0, as a shard saw it.
struct clock_sample {
    steady_time sent{};
    steady_time received{};
    std::chrono::system_clock::time_point wall{};       // own, when the answer was received
    std::chrono::system_clock::time_point others{};     // shard 0's, when it answered
    std::optional<std::chrono::nanoseconds> start_in{}; // from then
};

/// Makes of exchanges when to start and how far the clocks are apart: of each the one with the shortest round
/// trip. Shard 0 is taken to have answered in the middle of it, which is wrong by half of it at most.
class clock_estimate {
public:
    void add(const clock_sample& sample);

    [[nodiscard]] std::optional<steady_time> start() const noexcept { return start_; }

    /// The own wall clock is ahead of shard 0's by so much; after a first sample.
    [[nodiscard]] std::chrono::nanoseconds skew() const noexcept { return skew_; }

    [[nodiscard]] std::chrono::nanoseconds skew_error() const noexcept { return skew_trip_ / 2; }

private:
    std::optional<steady_time> start_;
    std::chrono::nanoseconds start_trip_ = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds skew_{};
    std::chrono::nanoseconds skew_trip_ = std::chrono::nanoseconds::max();
};

} // namespace beastmark::loadgen
