#include "loadgen/calibration.hpp"

#include "loadgen/null_server.hpp"
#include "loadgen/run_options.hpp"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

namespace beastmark::loadgen {

namespace {

plan plan_of(double rps, const calibration_settings& settings, const null_server& server) {
    run_options o;
    o.targets = {parse_target(server.url())};
    o.stages = {{stage_kind::hold, settings.hold, rps, rps, 1}};
    o.connections = settings.connections;
    o.threads = settings.threads;
    return make_plan(o);
}

// What `loadgen run` would say of it.
std::string words_of(const target_record& target, const summary_judgement& all, run_time duration) {
    if (all.what.is == verdict::server_saturated)
        return "the null server was the limit: " + explain(all.what, target.windows()[all.worst]);
    constexpr std::string_view shout = "NOT TO BE BELIEVED: ";
    auto text = target.headline_until(duration);
    return text.starts_with(shout) ? text.substr(shout.size()) : text;
}

class calibrating {
public:
    explicit calibrating(const calibration_settings& settings)
        : settings_(settings), server_(make_server(settings.placement)), load_(settings.placement.load) {}

    calibration go() {
        rate_search search(search_about(settings_.asked));
        while (const auto rate = search.next()) {
            const auto one = hold(*rate);
            if (result_.signal != 0)
                return std::move(result_);
            search.tell(one.became);
            result_.runs.push_back(one);
        }
        sum_up(search);
        if (result_.clean_rps)
            hold_half(*result_.clean_rps / 2);
        return std::move(result_);
    }

private:
    // Its thread stays where it was made.
    static std::unique_ptr<null_server> make_server(const cpu_placement& where) {
        const bound_to bound(where.server);
        return std::make_unique<null_server>();
    }

    calibration_run hold(double rps) {
        if (settings_.trying)
            settings_.trying(rps, ++attempt_);
        const auto record = run(plan_of(rps, settings_, *server_), std::nullopt, {});
        result_.signal = record.signal;
        return judge_run(rps, record);
    }

    void sum_up(const rate_search& search) {
        result_.clean_rps = search.clean();
        for (const auto& one : result_.runs) {
            const bool clean = one.became == attempt::clean;
            if (clean && (!result_.lowest || one.rps < result_.lowest->rps))
                result_.lowest = one;
            if (!clean && search.unclean() && one.rps <= *search.unclean() && one.rps >= *search.unclean())
                result_.beyond = one; // the last of its attempts
        }
    }

    // A disturbed one would tell of something else.
    void hold_half(double rps) {
        result_.half = hold(two_digits(rps));
        if (result_.half->became == attempt::disturbed && result_.signal == 0)
            result_.half = hold(result_.half->rps);
    }

    const calibration_settings& settings_;
    std::unique_ptr<null_server> server_;
    bound_to load_;
    calibration result_;
    unsigned attempt_ = 0;
};

} // namespace

bool calibration::at_least() const {
    return clean_rps && (!beyond || beyond->became == attempt::disturbed ||
                         beyond->judged.is == verdict::server_saturated);
}

calibration_run judge_run(double rps, const run_record& record) {
    const auto& target = record.targets.front();
    const auto all = target.judged_between({}, record.duration);
    const auto& total = target.total();
    calibration_run seen{.rps = rps,
                         .judged = all.what,
                         .response = figures_of(total.times.response),
                         .generator_lag = figures_of(total.times.generator_lag)};
    const auto answered = total.counts.of(outcome::ok);
    const bool saturated = all.saturated_s > 0;
    if (all.believable() && !saturated && answered == total.counts.offered) {
        seen.became = attempt::clean;
        return seen;
    }
    // A loop that stood still, and nothing tells why: on a virtual machine that may be somebody else's doing.
    if (all.what.is == verdict::disturbed || all.what.because == cause::stall)
        seen.became = attempt::disturbed;
    seen.why = all.believable() && !saturated
                   ? fmt::format("{} of {} requests were answered", answered, total.counts.offered)
                   : words_of(target, all, record.duration);
    return seen;
}

calibration calibrate(const calibration_settings& settings) {
    return calibrating(settings).go();
}

} // namespace beastmark::loadgen
