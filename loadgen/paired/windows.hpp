// What a paired comparison reads of a result: of each stage the windows, a second or a turn long, that were
// measured alike for both.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen::paired {

enum class figure {
    error_rate, // 1 - availability
    p99_us,     // of the response times that ended in the window
    p50_us,
    throughput_rps, // ok answers
    cpu_us          // of the service's process, for each request completed
};

inline constexpr std::size_t figure_count = 5;

/// As in result.json: "p99_us".
std::string_view name_of(figure what);

/// Of throughput less is worse, of the others more.
constexpr bool more_is_worse(figure what) noexcept {
    return what != figure::throughput_rps;
}

struct window {
    std::size_t place = 0; // in its stage: what has the same is compared
    double t_s = 0;        // when it ended, in its own run
    bool believable = true;
    std::array<std::optional<double>, figure_count> values{};

    [[nodiscard]] std::optional<double> value(figure what) const {
        return values[static_cast<std::size_t>(what)];
    }
};

struct measured_stage {
    std::size_t index = 0; // in result.json; with turns, of those that were asked for
    double from_rps = 0;   // 0 and 0: a closed loop
    double to_rps = 0;
    double start_s = 0;
    std::vector<window> windows; // ascending
};

/// A stage for each that was measured to its end, warm-ups left out. Anything may be missing or of another
/// type: it is left out then. Windows are whole seconds; where the targets took turns, the turns.
std::vector<measured_stage> read_stages(const nlohmann::json& result, const std::string& target);

} // namespace beastmark::loadgen::paired
