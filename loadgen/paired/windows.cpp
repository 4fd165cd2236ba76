#include "loadgen/paired/windows.hpp"

#include "loadgen/json_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace beastmark::loadgen::paired {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, figure_count> names{"error_rate", "p99_us", "p50_us", "throughput_rps",
                                                           "cpu_us"};
constexpr double us_per_s = 1e6;
constexpr double rounding_s = 1e-3;

double number_in(const json& object, const char* name) {
    return number_of(part_of(object, name)).value_or(0);
}

bool is(const json& object, const char* name) {
    const json& found = part_of(object, name);
    return found.is_boolean() && found.get<bool>();
}

// CPU time of a target's process: as it was watched, or as it said itself.
class cpu_samples {
public:
    cpu_samples(const json& result, const std::string& target) {
        const json& watched = part_of(part_of(result, "watched"), target.c_str());
        add(part_of(watched, "t_s"), part_of(watched, "cpu_cores"));
        if (!samples_.empty())
            return;
        const json& scraped = part_of(part_of(result, "scraped"), target.c_str());
        for (const json& series : part_of(scraped, "series"))
            if (part_of(series, "name") == "process_cpu_seconds_total")
                add(part_of(scraped, "t_s"), part_of(series, "rate_per_s"));
    }

    /// Cores used between; nothing when a second of it has no sample. A sample speaks of the second before.
    [[nodiscard]] std::optional<double> mean(double start_s, double end_s) const {
        double sum = 0;
        double count = 0;
        for (const auto& s : samples_) {
            if (s.t_s - 0.5 < start_s || s.t_s - 0.5 > end_s)
                continue;
            sum += s.cores;
            ++count;
        }
        if (count < std::round(end_s - start_s) || count == 0)
            return std::nullopt;
        return sum / count;
    }

private:
    struct sample {
        double t_s = 0;
        double cores = 0;
    };

    void add(const json& times, const json& cores) {
        if (!times.is_array() || !cores.is_array())
            return;
        for (std::size_t i = 0; i < std::min(times.size(), cores.size()); ++i)
            if (const auto t = number_of(times[i]), c = number_of(cores[i]); t && c)
                samples_.push_back({*t, *c});
    }

    std::vector<sample> samples_;
};

class reader {
public:
    reader(const json& result, const std::string& target)
        : target_(part_of(part_of(result, "targets"), target.c_str())), cpu_(result, target) {}

    [[nodiscard]] std::vector<measured_stage> stages() const {
        std::vector<measured_stage> found;
        for (const json& one : part_of(target_, "stages")) {
            if (is(one, "warmup") || !is(one, "complete"))
                continue;
            if (part_of(one, "turn").is_object())
                add_turn(one, found);
            else if (!is_pause(one))
                found.push_back(of_seconds(one));
        }
        return found;
    }

private:
    // Where another target has its turn, or a pause that was asked for.
    static bool is_pause(const json& one) {
        return part_of(one, "kind") == "hold" && number_in(one, "to_rps") == 0;
    }

    [[nodiscard]] measured_stage of_seconds(const json& one) const {
        auto made = empty_stage(one, static_cast<std::size_t>(number_in(one, "index")));
        const auto end_s = number_in(one, "end_s");
        for (const json& row : part_of(target_, "timeline")) {
            const auto t_s = number_in(row, "t_s");
            const auto whole = std::abs(t_s - std::round(t_s)) < rounding_s; // only a run's last is shorter
            if (whole && t_s - 1 >= made.start_s - rounding_s && t_s <= end_s + rounding_s)
                made.windows.push_back(of_second(row, made.start_s));
        }
        return made;
    }

    [[nodiscard]] window of_second(const json& row, double start_s) const {
        window made;
        made.t_s = number_in(row, "t_s");
        made.place = static_cast<std::size_t>(std::lround(made.t_s - start_s - 1));
        const json& verdict = part_of(row, "verdict");
        made.believable = verdict != "generator-limited" && verdict != "disturbed";
        fill(made, part_of(row, "response"), row, number_in(part_of(row, "outcomes"), "ok"), 1);
        return made;
    }

    void add_turn(const json& one, std::vector<measured_stage>& found) const {
        const json& turn = part_of(one, "turn");
        const auto index = static_cast<std::size_t>(number_in(turn, "stage"));
        if (found.empty() || found.back().index != index)
            found.push_back(empty_stage(one, index));
        auto& of = found.back();
        of.to_rps = number_in(one, "to_rps");
        window made;
        made.place = static_cast<std::size_t>(number_in(turn, "number"));
        made.t_s = number_in(one, "end_s");
        made.believable = is(part_of(one, "validity"), "believable");
        const json& totals = part_of(one, "totals");
        fill(made, part_of(part_of(one, "latency"), "response"), totals, number_in(totals, "achieved_rps"),
             made.t_s - number_in(one, "start_s"));
        of.windows.push_back(made);
    }

    static measured_stage empty_stage(const json& one, std::size_t index) {
        return {index, number_in(one, "from_rps"), number_in(one, "to_rps"), number_in(one, "start_s"), {}};
    }

    // `counts`: a second of the timeline, or the totals of a stage.
    void fill(window& made, const json& response, const json& counts, double ok_rps, double length_s) const {
        const auto set = [&](figure what, std::optional<double> value) {
            made.values[static_cast<std::size_t>(what)] = value;
        };
        if (const auto availability = number_of(part_of(counts, "availability")))
            set(figure::error_rate, 1 - *availability);
        set(figure::p99_us, number_of(part_of(response, "p99_us")));
        set(figure::p50_us, number_of(part_of(response, "p50_us")));
        set(figure::throughput_rps, ok_rps);
        const auto completed = number_in(counts, "completed");
        if (const auto cores = cpu_.mean(made.t_s - length_s, made.t_s); cores && completed > 0)
            set(figure::cpu_us, *cores * length_s * us_per_s / completed);
    }

    const json& target_;
    cpu_samples cpu_;
};

} // namespace

std::string_view name_of(figure what) {
    return names[static_cast<std::size_t>(what)];
}

std::vector<measured_stage> read_stages(const json& result, const std::string& target) {
    return reader(result, target).stages();
}

} // namespace beastmark::loadgen::paired
