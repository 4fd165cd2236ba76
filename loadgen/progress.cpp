#include "loadgen/progress.hpp"

#include "common/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace {

constexpr const char* red = "\x1b[31m";
constexpr const char* plain_again = "\x1b[0m";

std::string minutes(std::chrono::seconds t) {
    const auto s = std::max<std::int64_t>(t.count(), 0);
    return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                     : fmt::format("{}:{:02}", s / 60, s % 60);
}

// Three digits, whatever the size.
std::string three_digits(double value) {
    if (value < 9.995)
        return fmt::format("{:.2f}", value);
    return value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

std::uint64_t failures_of(const row& r) {
    return r.ended() - r.of(outcome::ok);
}

// Arrivals of this process.
std::uint64_t share_of(const plan& what, std::size_t target) {
    const auto& all = arrivals_of(what, target);
    return stripe(all, what.share.index, what.share.of).count_below(all.size());
}

std::size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 100;
    return size.ws_col;
}

} // namespace

std::string human_us(double us) {
    if (us < 999.5)
        return three_digits(us) + " us";
    return us < 999'500 ? three_digits(us / 1e3) + " ms" : three_digits(us / 1e6) + " s";
}

std::string human_count(double value) {
    if (value < 9'999.5)
        return fmt::format("{:.0f}", value);
    return value < 999'500 ? three_digits(value / 1e3) + "k" : three_digits(value / 1e6) + "M";
}

std::string progress_text(const run_record& record, std::size_t target_index, run_time now) {
    const auto& schedule = arrivals_of(record.what, target_index);
    const auto stage =
        schedule.segment_at(now - run_time(1)); // a second that ends with a stage is of that stage;
    const auto& rows = record.targets[target_index].rows();
    auto text = fmt::format("{:>5}  ", minutes(std::chrono::floor<std::chrono::seconds>(now)));
    if (record.targets.size() > 1)
        text += record.what.targets[target_index].name + "  ";
    if (now <= record.what.warmup)
        text += "warm-up  ";
    else if (schedule.segments().size() > 1)
        text += fmt::format("stage {}/{}  ", stage + 1, schedule.segments().size());
    if (!rows.empty()) {
        const auto& r = rows.back();
        const auto seconds = std::max(std::chrono::duration<double>(r.length).count(), 1e-3);
        text += fmt::format("offered {}/s  ok {}/s  p99 {}  errors {}  in flight {}",
                            human_count(static_cast<double>(r.offered) / seconds),
                            human_count(static_cast<double>(r.of(outcome::ok)) / seconds),
                            r.response.count > 0 ? human_us(r.response.p99_us) : "-", failures_of(r),
                            r.in_flight);
        if (r.waiting > 0)
            text += fmt::format("  waiting {}", human_count(static_cast<double>(r.waiting)));
    } else {
        text += connections_text(record);
    }
    return text +
           fmt::format("  left {}", minutes(std::chrono::ceil<std::chrono::seconds>(record.duration - now)));
}

progress::progress(bool plain)
    : redraw_(!plain && isatty(STDERR_FILENO) != 0),
      colour_(redraw_ && (std::getenv("NO_COLOR") == nullptr || *std::getenv("NO_COLOR") == '\0')) {}

void progress::started(const run_record& record) {
    for (std::size_t i = 0; i < record.targets.size(); ++i) {
        const auto& t = record.what.targets[i];
        const auto load = record.what.arrivals.closed_loop()
                              ? std::string("as many requests as are answered (closed loop)")
                              : fmt::format("{} requests", share_of(record.what, i));
        fmt::print(stderr, "{}: {} over {} on {}, {} thread{}\n", t.where.text, load,
                   format_duration(record.what.arrivals.duration()), connections_text(record),
                   record.what.threads, record.what.threads == 1 ? "" : "s");
    }
}

void progress::tick(const run_record& record, run_time now) {
    if (now.count() < 0)
        return;
    if (redraw_) {
        // One line holds one target: they take turns, two seconds each.
        const auto shown = static_cast<std::size_t>(now / std::chrono::seconds(2)) % record.targets.size();
        const auto& rows = record.targets[shown].rows();
        const auto failing = !rows.empty() && failures_of(rows.back()) > 0;
        auto text = progress_text(record, shown, now).substr(0, terminal_columns() - 1);
        draw(colour_ && failing ? red + text + plain_again : text);
        return;
    }
    auto rows = record.targets.front().rows().size();
    for (const auto& t : record.targets)
        rows = std::min(rows, t.rows().size());
    if (rows == rows_told_)
        return;
    rows_told_ = rows;
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        fmt::print(stderr, "{}\n", progress_text(record, i, record.targets[i].rows()[rows - 1].ends));
}

void progress::draw(const std::string& text) {
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
    drawn_ = true;
}

void progress::interrupted() {
    finish();
    fmt::print(stderr, "ending early, waiting for what is in flight; press Ctrl-C again to quit at once\n");
}

void progress::note(const std::string& text) {
    finish();
    fmt::print(stderr, "{}\n", text);
}

void progress::finish() {
    if (drawn_)
        fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    drawn_ = false;
}

} // namespace beastmark::loadgen
