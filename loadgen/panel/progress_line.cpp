#include "loadgen/panel/progress_line.hpp"

#include "loadgen/human_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace beastmark::loadgen {

std::uint64_t failures_of(const row& r) {
    return r.ended() - r.of(outcome::ok);
}

double per_second(const row& r, std::uint64_t count) {
    return static_cast<double>(count) / std::max(in_seconds(r.length), 1e-3);
}

std::string progress_text(const run_record& record, std::size_t target_index, const row* second,
                          run_time now) {
    const auto& schedule = arrivals_of(record.what, target_index);
    const auto stage =
        schedule.segment_at(now - run_time(1)); // a second that ends with a stage is of that stage;
    auto text = fmt::format("{:>5}  ", human_clock(std::chrono::floor<std::chrono::seconds>(now)));
    if (record.targets.size() > 1)
        text += record.what.targets[target_index].name + "  ";
    if (now <= record.what.warmup)
        text += "warm-up  ";
    else if (schedule.segments().size() > 1)
        text += fmt::format("stage {}/{}  ", stage + 1, schedule.segments().size());
    if (second != nullptr) {
        const auto& r = *second;
        text += fmt::format(
            "offered {}/s  ok {}/s  p99 {}  errors {}  in flight {}", human_count(per_second(r, r.offered)),
            human_count(per_second(r, r.of(outcome::ok))),
            r.response.count > 0 ? human_us(r.response.p99_us) : "-", failures_of(r), r.in_flight);
        if (r.waiting > 0)
            text += fmt::format("  waiting {}", human_count(static_cast<double>(r.waiting)));
    } else {
        text += connections_text(record);
    }
    return text + fmt::format("  left {}",
                              human_clock(std::chrono::ceil<std::chrono::seconds>(record.duration - now)));
}

} // namespace beastmark::loadgen
