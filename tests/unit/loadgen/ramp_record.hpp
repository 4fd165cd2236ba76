// A run made up for tests: what each second of it answered, by stage.
#pragma once

#include "loadgen/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// Of one second of one target: all are answered, or fail with 503, within it.
struct made_second {
    std::uint64_t ok = 100;
    std::uint64_t failed = 0;
    std::chrono::nanoseconds response = std::chrono::milliseconds(2);
};

/// What a target answers in a second, counted from 0, in which that rate was asked.
using made_target = std::function<made_second(std::size_t second, double rate_rps)>;

inline target made_up_target(const std::string& name) {
    const auto where = parse_target("http://127.0.0.1/x").where;
    return {name, where, request_template("GET", where, {}, body_template("")), {}};
}

/// Stages last whole seconds. `targets`: by name.
inline run_record made_up_run(const std::vector<stage>& stages,
                              const std::vector<std::pair<std::string, made_target>>& targets,
                              std::chrono::nanoseconds warmup = {}) {
    run_record record{.what = plan{.arrivals = schedule(stages), .targets = {}, .warmup = warmup}};
    record.duration = record.last_event = record.what.arrivals.duration();
    const auto& arrivals = record.what.arrivals;
    for (const auto& [name, answer] : targets) {
        record.what.targets.push_back(made_up_target(name));
        auto& t = record.targets.emplace_back(arrivals, 1, warmup);
        for (std::size_t i = 0; std::chrono::seconds(i) < record.duration; ++i) {
            const auto middle = std::chrono::seconds(i) + std::chrono::milliseconds(500);
            const auto segment = arrivals.segment_at(middle);
            const auto made = answer(i, arrivals.segments()[segment].from_rps);
            t.take(machine_evidence{});
            report_block b;
            b.row = i;
            b.ends = std::chrono::seconds(i + 1);
            b.counts = std::make_unique<interval>();
            auto& s = b.counts->of(segment);
            s.ok_in_time = made.ok;
            s.counts.offered = s.counts.sent = s.counts.completed = made.ok + made.failed;
            s.counts.add(outcome::ok, made.ok);
            s.counts.add(outcome::http_5xx, made.failed);
            s.times.response.record_n(made.response, made.ok);
            s.times.service.record_n(made.response, made.ok);
            s.times.generator_lag.record_n(std::chrono::microseconds(10), made.ok + made.failed);
            t.take(b);
        }
    }
    return record;
}

} // namespace beastmark::loadgen
