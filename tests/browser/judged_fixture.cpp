#include "tests/browser/fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace beastmark::fixture {
namespace {

using nlohmann::json;

struct judged_second {
    const char* verdict = "valid";
    const char* cause = "none";
};

judged_second judgement_at(int second) {
    if (second >= 11 && second < 14)
        return {"disturbed", "steal"};
    if (second >= 21 && second < 24)
        return {"generator-limited", "own-cpu"};
    if (second >= 25)
        return {"server-saturated", second < 30 ? "backlog" : "failures"};
    return {};
}

bool believable(int second) {
    const std::string verdict = judgement_at(second).verdict;
    return verdict == "valid" || verdict == "server-saturated";
}

json times(double count, double p50_us) {
    if (count == 0)
        return {{"count", 0},
                {"p50_us", nullptr},
                {"p99_us", nullptr},
                {"p999_us", nullptr},
                {"max_us", nullptr}};
    return {{"count", count},
            {"p50_us", p50_us},
            {"p99_us", p50_us * 4},
            {"p999_us", p50_us * 6},
            {"max_us", p50_us * 9}};
}

void judge_second(json& row, int second) {
    const auto [verdict, cause] = judgement_at(second);
    const bool limited = cause == std::string("own-cpu");
    const bool stolen = cause == std::string("steal");
    const bool saturated = second >= 25;
    json& outcomes = row["outcomes"];
    if (const double timeouts = outcomes.value("timeout", 0.0); timeouts > 0) {
        outcomes["http_5xx"] = std::min(timeouts, 400.0);
        outcomes["timeout"] = timeouts - std::min(timeouts, 400.0);
        outcomes["reset"] = 150;
    }
    row["failed"] = times(saturated ? 150 : 0, 900);
    row["generator_lag"] = times(row["sent"], limited ? 9'000 : stolen ? 3'000 : 25);
    row["connection_wait"] = times(row["sent"], saturated ? 400'000 : 0);
    row["verdict"] = verdict;
    row["cause"] = cause;
    const double load = std::min(1.0, second / 40.0 + 0.1);
    row["evidence"] = {{"thread_cpu_share", limited ? 0.995 : 0.7 * load},
                       {"run_delay_share", 0.01 + 0.02 * load},
                       {"stall_max_us", limited  ? 31'000.0
                                        : stolen ? 45'000.0
                                                 : 300 + 200 * load},
                       {"throttled_share", 0.0},
                       {"steal_share", stolen ? 0.31 : 0.004},
                       {"retransmitted", 0}};
}

json validity(int first, int end) {
    int believed = 0;
    for (int second = first; second < end; ++second)
        believed += believable(second) ? 1 : 0;
    const bool all = believed * 10 >= (end - first) * 9;
    judged_second what = judgement_at(end - 1);
    for (int second = first; second < end && !all; ++second)
        if (!believable(second))
            what = judgement_at(second);
    return {{"verdict", what.verdict},
            {"cause", what.cause},
            {"believable", all},
            {"believable_s", believed},
            {"measured_s", end - first}};
}

void add_kinds(json& latency, double count) {
    json like = latency["service"];
    const auto add = [&](const char* kind, double n, double factor) {
        for (auto& [name, figure] : like.items())
            latency[kind][name] = name == "count" ? json(n) : json(figure.get<double>() * factor);
    };
    add("failed", 1'500, 1.5);
    add("first_byte", count, 0.9);
    add("generator_lag", count, 0.02);
    add("connection_wait", count, 0.3);
    for (const char* kind : {"connect", "unfinished"}) { // nothing of these
        for (const auto& [name, figure] : like.items())
            latency[kind][name] = name == "count" ? json(0) : json(nullptr);
    }
}

} // namespace

json judged_staircase(const result_shape& shape) {
    json result = staircase(shape);
    json& target = result["targets"][shape.target];
    int second = 0;
    for (json& row : target["timeline"])
        judge_second(row, second++);
    target["timeline"].back()["outcomes"]["unfinished"] = 90'000;
    for (json& stage : target["stages"])
        stage["validity"] = validity(stage["start_s"], stage["end_s"]);
    target["validity"] = validity(0, second);
    target["validity"]["text"] =
        "NOT TO BE BELIEVED: generator-limited in 3 of 40 s: the load thread used 99.5 % of a core and sent "
        "36.0 ms late (p99); give it more threads (-t) or ask for less";
    add_kinds(target["latency"], target["latency"]["service"]["count"]);
    target["latency_believable"] = target["latency"];
    target["latency_believable"]["response"]["p99_us"] = 2'500.0;
    target["latency"]["response"]["hdr"] = "HISTFAAAAB42pNp";
    return result;
}

} // namespace beastmark::fixture
