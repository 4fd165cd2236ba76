#include "loadgen/summary.hpp"

#include "common/duration.hpp"
#include "loadgen/address_output.hpp"
#include "loadgen/human_text.hpp"
#include "loadgen/request_output.hpp"
#include "loadgen/wrapped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace {

constexpr std::size_t most_errors = 5;

double per_second(std::uint64_t count, run_time t) {
    return t.count() > 0 ? static_cast<double>(count) / in_seconds(t) : 0;
}

std::string latency_line(const char* name, const histogram& h, bool censored, double timeout_us) {
    if (h.count() == 0)
        return fmt::format("  {:<26} no answer\n", name);
    const auto f = figures_of(h);
    auto line = fmt::format("  {:<26}", name);
    for (const auto value : {f.p50_us, f.p90_us, f.p99_us, f.p999_us, f.max_us})
        line += fmt::format(" {:>11}", human_response_us(value, censored, timeout_us));
    return line + "\n";
}

std::string outcomes_line(const tally& t) {
    std::string line;
    for (std::size_t i = 0; i < outcome_count; ++i) {
        if (t.outcomes[i] == 0)
            continue;
        line += fmt::format("{}{} {}", line.empty() ? "" : "  ", outcome_names[i], t.outcomes[i]);
        line += fmt::format(" ({:.4g} %)",
                            100.0 * static_cast<double>(t.outcomes[i]) / static_cast<double>(t.offered));
    }
    return line;
}

std::string errors_lines(const tally& t) {
    std::map<std::string, std::uint64_t> by_text;
    for (const auto& e : t.errors)
        by_text[describe(e.where, e.code)] += e.count;
    for (std::size_t status = 300; status < tally::status_count; ++status)
        if (const auto unwanted = t.statuses[status] - t.good_statuses[status]; unwanted > 0)
            by_text[fmt::format("status {}", status)] += unwanted;
    std::vector<std::pair<std::string, std::uint64_t>> ranked(by_text.begin(), by_text.end());
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    std::string lines;
    for (std::size_t i = 0; i < std::min(ranked.size(), most_errors); ++i)
        lines += fmt::format("    {:>10}  {}\n", ranked[i].second, ranked[i].first.substr(0, 80));
    if (ranked.size() > most_errors)
        lines += fmt::format("    and {} more kinds\n", ranked.size() - most_errors);
    return lines;
}

// Of a closed loop with clients of its own: what is behind its rate.
std::string clients_text(const client_steps& clients) {
    std::string text;
    if (clients.last > 0 && clients.first < clients.last)
        text = fmt::format("{} to {} clients, one more every {}", clients.first, clients.last,
                           format_duration(clients.every));
    if (clients.think.count() > 0)
        text += fmt::format("{}think {}", text.empty() ? "" : ", ", format_duration(clients.think));
    return text.empty() ? text : text + ": coordinated, a slow service is asked for less\n";
}

std::string target_text(const run_record& record, std::size_t index) {
    const auto& total = record.targets[index].total();
    const auto& t = record.what.targets[index];
    const auto& counts = total.counts;
    const auto timeout_us = in_seconds(record.what.timeout) * 1e6;
    const auto censored = counts.of(outcome::timeout) > 0;
    const auto availability = counts.availability();
    auto text = fmt::format("\n{}  {}\n", t.name, t.where.text);
    text += wrapped(" ", record.targets[index].headline_until(record.duration), 2);
    text += fmt::format("  offered {} ({:.6g}/s)   ok {:.6g}/s   availability {}    in {}B   out {}B\n",
                        counts.offered, per_second(counts.offered, record.measured()),
                        per_second(counts.of(outcome::ok), record.answered_in()),
                        availability ? fmt::format("{:.4g} %", 100 * *availability) : "-",
                        human_count(static_cast<double>(counts.bytes_in)),
                        human_count(static_cast<double>(counts.bytes_out)));
    text +=
        fmt::format("  {:<26} {:>11} {:>11} {:>11} {:>11} {:>11}\n", "", "p50", "p90", "p99", "p99.9", "max");
    const auto& times = total.times;
    const auto judged = record.judged(index);
    const auto closed = record.what.arrivals.closed_loop();
    text += latency_line(closed ? "closed loop: understates" : "response (from schedule)", times.response,
                         censored, timeout_us);
    if (judged.believable_s > 0 && judged.believable_s < judged.measured_s)
        text += latency_line("  of seconds to be believed", record.targets[index].believable().response,
                             censored, timeout_us);
    if (!closed) // there it is the same
        text += latency_line("service (from first byte)", times.service, censored, timeout_us);
    if (times.failed.count() > 0)
        text += latency_line("failed (not in the above)", times.failed, false, timeout_us);
    if (times.unfinished.count() > 0)
        text += latency_line("unfinished, age at the end", times.unfinished, false, timeout_us);
    if (!closed) {
        text += latency_line("lag: generator", times.generator_lag, false, timeout_us);
        text += latency_line("lag: wait for connection", times.connection_wait, false, timeout_us);
    }
    text += fmt::format("  outcomes  {}\n", outcomes_line(counts));
    return text + errors_lines(counts) + requests_text(t.requests, record.targets[index].requests()) +
           addresses_text(record.targets[index].addresses());
}

} // namespace

std::string summarize(const run_record& record) {
    auto text = fmt::format("\n{}{} on {}, {} thread{}, timeout {}{}\n",
                            record.what.arrivals.closed_loop() ? "closed loop, " : "",
                            format_duration(std::chrono::round<std::chrono::milliseconds>(record.measured())),
                            connections_text(record), record.what.threads,
                            record.what.threads == 1 ? "" : "s", format_duration(record.what.timeout),
                            record.what.warmup.count() > 0
                                ? fmt::format(", after {} of warm-up", format_duration(record.what.warmup))
                                : "");
    text += clients_text(record.what.clients);
    if (record.signal != 0)
        text += fmt::format("PARTIAL: interrupted after {} of {}\n",
                            format_duration(std::chrono::round<std::chrono::milliseconds>(record.duration)),
                            format_duration(record.what.arrivals.duration()));
    if (record.stopped)
        text += fmt::format("stopped by its condition on {} after {:.1f} s\n",
                            record.what.targets[record.stopped->target].name, in_seconds(record.stopped->at));
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        text += target_text(record, i);
    return text;
}

} // namespace beastmark::loadgen
