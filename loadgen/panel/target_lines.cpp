#include "loadgen/panel/target_lines.hpp"

#include "loadgen/human_text.hpp"
#include "loadgen/panel/bars.hpp"
#include "loadgen/panel/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t label_columns = 8;
constexpr std::size_t minute = 60; // rows
constexpr std::size_t least_sparkline = 10;

using fields = std::vector<panel_field>;

panel_field label(std::string_view text) {
    return {fmt::format("{:<{}}", text, label_columns), ink::dim, -1};
}

ink colour_of(verdict v) {
    switch (v) {
    case verdict::valid:
        return ink::green;
    case verdict::server_saturated:
        return ink::yellow;
    case verdict::generator_limited:
    case verdict::disturbed:
        break;
    }
    return ink::red;
}

// Lines of one target, out of what was recorded of it.
class target_view {
public:
    target_view(const run_record& record, std::size_t index, std::size_t columns, const panel_style& style)
        : record_(record),
          index_(index),
          target_(record.targets[index]),
          second_(target_.rows().empty() ? nullptr : &target_.rows().back()),
          columns_(columns),
          style_(style) {}

    [[nodiscard]] panel_line title() const;
    [[nodiscard]] panel_line rate() const;
    [[nodiscard]] panel_line response() const;
    [[nodiscard]] panel_line failed() const;
    [[nodiscard]] panel_line lag() const;
    [[nodiscard]] panel_line so_far() const;
    [[nodiscard]] panel_line ok_of_last_minute() const;
    [[nodiscard]] panel_line p99_of_last_minute() const;

private:
    [[nodiscard]] panel_line of(fields all) const { return fitted(std::move(all), columns_, style_.colour); }

    // The label, and a text that is cut where it is too long.
    [[nodiscard]] panel_line of(std::string_view name, std::string text, ink colour) const;
    [[nodiscard]] panel_line of_last_minute(std::string_view name, double (*value)(const row&),
                                            std::string (*text)(double)) const;

    const run_record& record_;
    std::size_t index_;
    const target_record& target_;
    const row* second_; // the last whole one, once there is one
    std::size_t columns_;
    panel_style style_;
};

panel_line target_view::of(std::string_view name, std::string text, ink colour) const {
    const auto used = std::min(columns_, label_columns + 2);
    return of({label(name), {cut(std::move(text), columns_ - used), colour}});
}

panel_line target_view::title() const {
    fields all;
    if (record_.targets.size() > 1)
        all.push_back({record_.what.targets[index_].name, ink::plain, 0});
    if (second_ == nullptr) {
        all.push_back({"no whole second yet", ink::dim, 1});
        return of(std::move(all));
    }
    const auto ends = std::chrono::round<std::chrono::seconds>(second_->ends);
    all.push_back({fmt::format("second to {}", human_clock(ends)), ink::dim, 1});
    const auto used = fitted(all, columns_, false).columns + 2;
    if (used < columns_) {
        const auto judged = second_->judged;
        auto text = std::string(name_of(judged.is));
        if (judged.is != verdict::valid) // why it is valid is in the lines below
            text += ": " + explain(judged, target_.windows().back());
        all.push_back({cut(std::move(text), columns_ - used), colour_of(judged.is), 2});
    }
    return of(std::move(all));
}

panel_line target_view::rate() const {
    if (second_ == nullptr)
        return of({label("rate"), {connections_text(record_)}});
    const auto count = [](const char* name, std::uint64_t n) {
        return fmt::format("{} {}", name, human_count(static_cast<double>(n)));
    };
    const auto ok = second_->of(outcome::ok);
    return of({label("rate"),
               {fmt::format("offered {}/s", human_rate(per_second(*second_, second_->offered)))},
               {fmt::format("ok {}/s", human_rate(per_second(*second_, ok)))},
               {count("in flight", second_->in_flight), ink::plain, 1},
               {count("waiting", second_->waiting), ink::plain, 2},
               {count("connections", second_->connections), ink::plain, 3}});
}

panel_line target_view::response() const {
    if (second_ == nullptr || second_->response.count == 0)
        return of({label("response"), {"no answer"}});
    const auto& f = second_->response;
    const auto figure = [&](const char* name, double us, int rank) {
        const auto censored = second_->of(outcome::timeout) > 0;
        const auto timeout_us = in_seconds(record_.what.timeout) * 1e6;
        return panel_field{fmt::format("{} {}", name, human_response_us(us, censored, timeout_us)),
                           ink::plain, rank};
    };
    return of({label("response"), figure("p50", f.p50_us, 1), figure("p90", f.p90_us, 4),
               figure("p99", f.p99_us, 0), figure("p99.9", f.p999_us, 3), figure("max", f.max_us, 2)});
}

panel_line target_view::failed() const {
    std::array<std::uint64_t, outcome_count> counts{};
    for (const auto& stage : std::span(target_.stages()).subspan(target_.first_stage()))
        for (std::size_t i = 0; i < outcome_count; ++i)
            counts[i] += stage.counts.outcomes[i];
    std::vector<std::pair<std::uint64_t, std::string_view>> kinds; // so far
    std::uint64_t all = 0;
    std::uint64_t ended = 0;
    for (std::size_t i = 0; i < outcome_count; ++i) {
        if (i == static_cast<std::size_t>(outcome::unfinished))
            continue;
        ended += counts[i];
        if (counts[i] == 0 || i == static_cast<std::size_t>(outcome::ok))
            continue;
        kinds.emplace_back(counts[i], outcome_names[i]);
        all += counts[i];
    }
    const auto now = second_ == nullptr ? 0 : failures_of(*second_);
    if (all == 0 && now == 0)
        return of({label("failed"), {"none"}});
    fields line{label("failed"),
                {fmt::format("{}/s", human_rate(second_ == nullptr ? 0 : per_second(*second_, now))),
                 now > 0 ? ink::red : ink::plain}};
    if (all == 0) // only in the warm-up
        return of(std::move(line));
    line.push_back({fmt::format("so far {} ({:.2g} %)", human_count(static_cast<double>(all)),
                                100.0 * static_cast<double>(all) / static_cast<double>(ended)),
                    ink::red, 1});
    std::ranges::sort(kinds, std::ranges::greater{});
    for (int rank = 2; const auto& [count, name] : kinds)
        line.push_back(
            {fmt::format("{} {}", name, human_count(static_cast<double>(count))), ink::red, rank++});
    return of(std::move(line));
}

panel_line target_view::lag() const {
    if (record_.what.arrivals.closed_loop())
        return of("lag", "closed loop: nothing is scheduled, response times understate", ink::plain);
    if (second_ == nullptr || second_->generator_lag.count == 0)
        return of({label("lag"), {"nothing was sent"}});
    const auto& f = second_->generator_lag;
    return of({label("lag"),
               {fmt::format("generator p99 {}", human_us(f.p99_us))},
               {fmt::format("max {}", human_us(f.max_us)), ink::plain, 1},
               {fmt::format("wait for connection p99 {}", human_us(second_->connection_wait.p99_us)),
                ink::plain, 2}});
}

panel_line target_view::so_far() const {
    const auto judged = record_.judged(index_);
    if (!(judged.measured_s > 0))
        return of("so far", "nothing is judged yet", ink::plain);
    return of("so far", target_.headline_until(record_.duration),
              judged.believable() ? colour_of(judged.what.is) : ink::red);
}

panel_line target_view::of_last_minute(std::string_view name, double (*value)(const row&),
                                       std::string (*text)(double)) const {
    const auto room = columns_ - std::min(columns_, label_columns + 2);
    constexpr std::size_t legend_columns = 24; // "up to 123 ms in 60 s", and the gap
    const auto legend = room >= legend_columns + least_sparkline;
    const auto width = std::min(minute, legend ? room - legend_columns : room);
    const auto& rows = target_.rows();
    std::vector<double> values;
    for (const auto& r : std::span(rows).last(std::min(rows.size(), width)))
        values.push_back(value(r));
    panel_field scale;
    if (legend && !values.empty())
        scale = {fmt::format("up to {} in {} s", text(*std::ranges::max_element(values)), values.size()),
                 ink::dim, 1};
    return of({label(name), {sparkline(values, width, style_.utf8)}, std::move(scale)});
}

panel_line target_view::ok_of_last_minute() const {
    return of_last_minute(
        "ok/s", [](const row& r) { return per_second(r, r.of(outcome::ok)); },
        [](double value) { return human_rate(value) + "/s"; });
}

panel_line target_view::p99_of_last_minute() const {
    return of_last_minute("p99", [](const row& r) { return r.response.p99_us; }, human_us);
}

} // namespace

std::vector<panel_line> target_lines(const run_record& record, std::size_t target_index, panel_detail detail,
                                     std::size_t columns, const panel_style& style) {
    const target_view view(record, target_index, columns, style);
    if (detail == panel_detail::figures)
        return {view.title(), view.rate(), view.response(), view.failed(), view.so_far()};
    return {view.title(),
            view.rate(),
            view.response(),
            view.failed(),
            view.lag(),
            view.ok_of_last_minute(),
            view.p99_of_last_minute(),
            view.so_far()};
}

} // namespace beastmark::loadgen
