// Series of a result: columns of numbers, one each second, and what they come to over a stage.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

std::optional<double> mean_of(const std::vector<double>& values);
std::optional<double> highest_of(const std::vector<double>& values);

/// Of a scraped series: the label is there and has that value.
bool has_label(const nlohmann::json& series, const char* label, std::string_view value);

/// The time of a stage.
struct seconds_of_stage {
    double start_s = 0;
    double end_s = 0;

    /// The values of the seconds in it: one that was sampled at t speaks of the second before.
    [[nodiscard]] std::vector<double> of(const nlohmann::json& times, const nlohmann::json& column) const;
};

/// What the service itself said during a stage: from the endpoint that has the target's name, or else from
/// those that have no target's.
class scraped_figures {
public:
    /// `result` must outlive this.
    scraped_figures(const nlohmann::json& result, const std::string& target, seconds_of_stage seconds);

    /// The part of a second in which its CPU quota stopped it. 0 where an endpoint said nothing of it:
    /// loadgen leaves series that stayed 0 out.
    [[nodiscard]] std::optional<double> throttled_share() const;

    /// The same second by second, of the endpoint that was stopped most; empty when none was.
    [[nodiscard]] std::vector<double> throttled_seconds() const;

    /// Its CPU quota. Nothing when it has none.
    [[nodiscard]] std::optional<double> cpu_limit_cores() const;

    /// The median of the p99s of the stage's seconds; of operations that did not fail.
    [[nodiscard]] std::optional<double> operation_p99_us(std::string_view operation) const;

    /// The mean number of connections in that state, of the pool to PostgreSQL where one has that name.
    [[nodiscard]] std::optional<double> pool_connections(std::string_view state) const;

private:
    struct found_series {
        const nlohmann::json* series = nullptr;
        const nlohmann::json* times = nullptr;
    };

    [[nodiscard]] std::vector<found_series> named(std::string_view name) const;

    seconds_of_stage seconds_;
    std::vector<const nlohmann::json*> endpoints_;
};

} // namespace beastmark::loadgen
