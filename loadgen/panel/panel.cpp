#include "loadgen/panel/panel.hpp"

#include "loadgen/human_text.hpp"
#include "loadgen/panel/bars.hpp"
#include "loadgen/panel/progress_line.hpp"
#include "loadgen/panel/target_lines.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace beastmark::loadgen {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t narrowest = 30; // for labels and one or two figures
constexpr std::size_t least_bar = 8;
constexpr std::size_t most_bar = 40;

// The most that fits below the head, and above the line that the cursor is left on.
std::optional<panel_detail> detail_for(std::size_t targets, terminal_size size) {
    if (size.columns >= narrowest)
        for (const auto detail : {panel_detail::full, panel_detail::figures})
            if (1 + targets * lines_of(detail) < size.rows)
                return detail;
    return std::nullopt;
}

// What is asked of this process at this moment.
std::string rate_text(const run_record& record, const segment& at, run_time now) {
    if (at.kind == segment_kind::closed)
        return "closed loop";
    const auto length = in_seconds(at.end - at.start);
    const auto share = length > 0 ? in_seconds(std::clamp(now, at.start, at.end) - at.start) / length : 0;
    const auto rps = at.from_rps + (at.to_rps - at.from_rps) * share;
    return fmt::format("asked {}/s", human_rate(rps / static_cast<double>(record.what.share.of)));
}

std::string clock_text(run_time now) {
    return fmt::format("{}.{}", human_clock(std::chrono::floor<std::chrono::seconds>(now)), now % 1s / 100ms);
}

panel_line head(const run_record& record, run_time now, std::size_t columns, const panel_style& style) {
    const auto& schedule = record.what.arrivals;
    const auto stage = schedule.segment_at(now);
    std::vector<panel_field> fields{{clock_text(now)}};
    if (now < record.what.warmup)
        fields.push_back({"warm-up", ink::plain, 2});
    else if (schedule.segments().size() > 1)
        fields.push_back({fmt::format("stage {}/{}", stage + 1, schedule.segments().size()), ink::plain, 2});
    const auto over = now >= record.duration;
    if (!over)
        fields.push_back({rate_text(record, schedule.segments()[stage], now), ink::plain, 4});
    const auto left = std::chrono::ceil<std::chrono::seconds>(record.duration - now);
    fields.push_back({over ? "waits for answers" : "left " + human_clock(left), ink::plain, 1});
    const auto used = fitted(fields, columns, false).columns + 2;
    if (columns >= used + least_bar) {
        const auto share = over ? 1 : in_seconds(now) / in_seconds(record.duration);
        auto bar = progress_bar(share, std::min(columns - used, most_bar), style.utf8);
        fields.insert(fields.end() - 1, {std::move(bar), ink::plain, 3});
    }
    return fitted(std::move(fields), columns, style.colour);
}

// They take turns, two seconds each.
panel_line one_line(const run_record& record, run_time now, std::size_t columns, const panel_style& style) {
    const auto shown = static_cast<std::size_t>(now / 2s) % record.targets.size();
    const auto& rows = record.targets[shown].rows();
    const auto* const newest = rows.empty() ? nullptr : &rows.back();
    const auto failing = newest != nullptr && failures_of(*newest) > 0;
    return fitted({{progress_text(record, shown, newest, now), failing ? ink::red : ink::plain}}, columns,
                  style.colour);
}

} // namespace

const std::vector<panel_line>& panel::frame(const run_record& record, run_time now, terminal_size size) {
    // The last column stays free: a character there leaves terminals in doubt about the line the cursor is
    // on.
    const auto columns = std::min(size.columns, text_width + 1) - 1;
    const auto detail = detail_for(record.targets.size(), size);
    if (!detail) {
        lines_ = {one_line(record, now, columns, style_)};
        size_of_lines_ = size;
        return lines_;
    }
    std::size_t rows = 0;
    for (const auto& t : record.targets)
        rows += t.rows().size();
    if (lines_.empty() || size != size_of_lines_ || rows != rows_in_lines_) {
        lines_.resize(1);
        for (std::size_t i = 0; i < record.targets.size(); ++i)
            std::ranges::move(target_lines(record, i, *detail, columns, style_), std::back_inserter(lines_));
        size_of_lines_ = size;
        rows_in_lines_ = rows;
    }
    lines_.front() = head(record, now, columns, style_);
    return lines_;
}

} // namespace beastmark::loadgen
