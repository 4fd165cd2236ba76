#include "loadgen/progress.hpp"

#include "common/duration.hpp"
#include "loadgen/panel/progress_line.hpp"
#include "loadgen/tell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <unistd.h>

namespace beastmark::loadgen {

namespace {

// Arrivals of this process.
std::uint64_t share_of(const plan& what, std::size_t target) {
    const auto& all = arrivals_of(what, target);
    return stripe(all, what.share.index, what.share.of).count_below(all.size());
}

} // namespace

progress::progress(bool plain) : terminal_(STDERR_FILENO) {
    if (plain || !terminal_.is_one())
        return;
    if (const auto style = style_from(std::getenv))
        panel_.emplace(*style);
}

void progress::started(const run_record& record) {
    for (std::size_t i = 0; i < record.targets.size(); ++i) {
        const auto& t = record.what.targets[i];
        const auto load = record.what.arrivals.closed_loop()
                              ? std::string("as many requests as are answered (closed loop)")
                              : fmt::format("{} requests", share_of(record.what, i));
        tell("{}: {} over {} on {}, {} thread{}\n", t.where.text, load,
             format_duration(record.what.arrivals.duration()), connections_text(record), record.what.threads,
             record.what.threads == 1 ? "" : "s");
    }
}

void progress::tick(const run_record& record, run_time now) {
    if (now.count() < 0)
        return;
    if (!panel_)
        print_rows(record);
    else if (terminal_.ready()) { // held, it would hold up what is collected from the load threads
        const auto size = terminal_.size();
        terminal_.write(redraw_.show(panel_->frame(record, now, size), size));
    }
}

void progress::print_rows(const run_record& record) {
    auto rows = record.targets.front().rows().size();
    for (const auto& t : record.targets)
        rows = std::min(rows, t.rows().size());
    for (; rows_told_ < rows; ++rows_told_) { // several at once after a pause
        for (std::size_t i = 0; i < record.targets.size(); ++i) {
            const auto& second = record.targets[i].rows()[rows_told_];
            tell("{}\n", progress_text(record, i, &second, second.ends));
        }
    }
}

void progress::interrupted() {
    note("ending early, waiting for what is in flight; press Ctrl-C again to quit at once");
}

void progress::note(const std::string& text) {
    finish();
    tell("{}\n", text);
}

void progress::finish() {
    if (panel_)
        terminal_.write(redraw_.wipe(terminal_.size()));
}

} // namespace beastmark::loadgen
