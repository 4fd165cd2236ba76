#include "loadgen/address_findings.hpp"

#include "loadgen/human_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {

namespace {

// What stands out and what may be chance: of fewer requests nothing is said.
constexpr std::uint64_t enough_for_p50 = 100;
constexpr std::uint64_t enough_for_p99 = 1000;
constexpr double slow_from = 2;    // times the median address
constexpr double busy_from = 1.5;  // times an equal share
constexpr double fails_from = 5;   // times as often as the others,
constexpr double least_part = .01; // and at least so often
constexpr std::uint64_t least_failures = 10;

using addresses = std::vector<const address_figures*>;

std::uint64_t requests_to(const address_tally& t) {
    return std::accumulate(t.outcomes.begin(), t.outcomes.end(), std::uint64_t{0});
}

std::uint64_t failures_at(const address_tally& t) {
    return requests_to(t) - t.of(outcome::ok) - t.of(outcome::unfinished);
}

double part(std::uint64_t of, std::uint64_t all) {
    return all > 0 ? static_cast<double>(of) / static_cast<double>(all) : 0;
}

std::uint64_t sum(const addresses& all, std::uint64_t (*figure)(const address_tally&)) {
    return std::accumulate(
        all.begin(), all.end(), std::uint64_t{0},
        [&](std::uint64_t so_far, const address_figures* a) { return so_far + figure(*a->counts); });
}

std::uint64_t opened_at(const address_tally& t) {
    return t.opened;
}

std::uint64_t answered_at(const address_tally& t) {
    return t.answered();
}

std::uint64_t refused_at(const address_tally& t) {
    return t.attempts_failed();
}

std::string commonest_reason(const address_tally& t) {
    const auto most =
        std::max_element(t.not_opened.begin(), t.not_opened.end(),
                         [](const error_count& a, const error_count& b) { return a.count < b.count; });
    return most == t.not_opened.end() ? "" : most->code.message();
}

std::string failures_in_words(const address_tally& t) {
    std::string words;
    for (std::size_t i = 0; i < outcome_count; ++i)
        if (const auto what = static_cast<outcome>(i);
            t.outcomes[i] > 0 && what != outcome::ok && what != outcome::unfinished)
            words += fmt::format("{}{} {}", words.empty() ? "" : ", ", outcome_names[i], t.outcomes[i]);
    return words;
}

// Those of a family in which the service can be reached; all, when it can in none.
addresses offered(const std::vector<address_figures>& all) {
    const auto reached = [&](bool v6) {
        return std::any_of(all.begin(), all.end(), [&](const address_figures& a) {
            return a.counts->where.address().is_v6() == v6 && a.counts->opened > 0;
        });
    };
    addresses of_them;
    for (const auto& a : all) {
        const auto v6 = a.counts->where.address().is_v6();
        if (reached(v6) || !reached(!v6))
            of_them.push_back(&a);
    }
    return of_them;
}

// Of two in the middle the lower one; 0 when there are less than two.
double median(const addresses& all, std::uint64_t enough, double latency_figures::* figure) {
    std::vector<double> values;
    for (const auto* a : all)
        if (a->response.count >= enough)
            values.push_back(a->response.*figure);
    if (values.size() < 2)
        return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::optional<address_finding> unreached(const address_figures& a, const addresses& all) {
    const auto& t = *a.counts;
    if (t.opened == 0 && t.attempts_failed() > 0)
        return address_finding{a.text, "dead",
                               fmt::format("{} is dead: none of {} attempts to connect succeeded ({})",
                                           a.text, t.attempts_failed(), commonest_reason(t))};
    if (t.opened > 0)
        return std::nullopt;
    const auto connections = sum(all, opened_at);
    return address_finding{
        a.text, "unused",
        fmt::format("{} is unused: no connection went there{}", a.text,
                    connections < all.size()
                        ? fmt::format("; {} for {} addresses are too few (-c)", connections, all.size())
                        : "")};
}

std::optional<address_finding> failing(const address_figures& a, const addresses& all) {
    const auto& t = *a.counts;
    const auto here = part(failures_at(t), requests_to(t));
    const auto elsewhere =
        part(sum(all, failures_at) - failures_at(t), sum(all, requests_to) - requests_to(t));
    if (failures_at(t) >= least_failures && here >= std::max(least_part, fails_from * elsewhere))
        return address_finding{a.text, "failing",
                               fmt::format("{} fails: {:.3g} % of its {} requests ({}), elsewhere {:.3g} %",
                                           a.text, 100 * here, requests_to(t), failures_in_words(t),
                                           100 * elsewhere)};
    const auto tried = [](const address_tally& some) { return some.opened + some.attempts_failed(); };
    const auto refused = part(t.attempts_failed(), tried(t));
    const auto others = part(sum(all, refused_at) - t.attempts_failed(), sum(all, tried) - tried(t));
    if (t.attempts_failed() > 0 && refused >= std::max(0.1, fails_from * others))
        return address_finding{a.text, "failing",
                               fmt::format("{} fails: {} of {} attempts to connect failed ({})", a.text,
                                           t.attempts_failed(), tried(t), commonest_reason(t))};
    return std::nullopt;
}

std::optional<address_finding> slow(const address_figures& a, const addresses& all) {
    const auto compare = [&](const char* name, std::uint64_t enough,
                             double latency_figures::* figure) -> std::optional<address_finding> {
        const auto usual = median(all, enough, figure);
        if (a.response.count < enough || usual <= 0 || a.response.*figure < slow_from * usual)
            return std::nullopt;
        return address_finding{a.text, "slow",
                               fmt::format("{} is slow: its {} is {}, the median address's {} ({:.3g} times)",
                                           a.text, name, human_us(a.response.*figure), human_us(usual),
                                           a.response.*figure / usual)};
    };
    if (auto found = compare("p99", enough_for_p99, &latency_figures::p99_us))
        return found;
    return compare("p50", enough_for_p50, &latency_figures::p50_us);
}

// `rest`: those that nothing else is the matter with.
void find_busy(const addresses& rest, std::vector<address_finding>& findings) {
    const auto all = sum(rest, answered_at);
    if (rest.size() < 2 || all < enough_for_p50 * rest.size())
        return;
    for (const auto* a : rest)
        if (const auto fair = part(a->counts->answered(), all) * static_cast<double>(rest.size());
            fair > busy_from)
            findings.push_back(
                {a->text, "busy",
                 fmt::format("{} is busy: it gave {:.3g} % of the answers, {:.3g} times an equal "
                             "share",
                             a->text, 100 * a->share, fair)});
}

void find_all(const addresses& all, std::vector<address_finding>& findings) {
    addresses rest;
    addresses reached;
    for (const auto* a : all)
        if (auto found = unreached(*a, all))
            findings.push_back(std::move(*found));
        else
            reached.push_back(a);
    for (const auto* a : reached) {
        std::optional<address_finding> found;
        if (reached.size() > 1) // there is something to compare it with
            found = failing(*a, reached);
        if (!found)
            found = slow(*a, reached);
        if (found)
            findings.push_back(std::move(*found));
        else
            rest.push_back(a);
    }
    find_busy(rest, findings);
}

} // namespace

address_judgement judge_addresses(const address_tallies& all) {
    address_judgement j;
    const auto met = all.in_order();
    if (met.size() < 2)
        return j;
    std::uint64_t answers = 0;
    for (const auto* t : met)
        answers += t->answered();
    for (const auto* t : met)
        j.addresses.push_back({t, text_of(t->where), part(t->answered(), answers), figures_of(t->response)});
    const auto considered = offered(j.addresses);
    j.considered = considered.size();
    if (considered.size() < 2)
        return j;
    if (answers > 0) {
        const auto most = *std::max_element(
            considered.begin(), considered.end(),
            [](const address_figures* a, const address_figures* b) { return a->share < b->share; });
        j.share_of_fair = most->share * static_cast<double>(considered.size());
    }
    if (const auto usual = median(considered, enough_for_p50, &latency_figures::p99_us); usual > 0) {
        double largest = 0;
        for (const auto* a : considered)
            if (a->response.count >= enough_for_p50)
                largest = std::max(largest, a->response.p99_us);
        j.p99_of_median = largest / usual;
    }
    find_all(considered, j.findings);
    return j;
}

} // namespace beastmark::loadgen
