#include "loadgen/request_series.hpp"

#include <algorithm>

namespace beastmark::loadgen {

namespace {

// Final statuses of the registry (RFC 9110 section 15 and IANA's "HTTP Status Code Registry").
constexpr std::array registered{200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
                                305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411,
                                412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431,
                                451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};

// Outcomes that no answer decides.
constexpr std::array without_answer{outcome::timeout,        outcome::connect_error, outcome::reset,
                                    outcome::protocol_error, outcome::skipped,       outcome::unfinished};

} // namespace

request_series_list::request_series_list(std::span<const std::optional<unsigned>> expected,
                                         bool body_expected) {
    for (std::size_t status = 0; status < of_status_.size(); ++status)
        of_status_[status] = places_of(static_cast<unsigned>(status), expected, body_expected);
    for (const auto what : without_answer)
        series_.push_back({what, {}});
}

request_series_list::places request_series_list::places_of(unsigned status,
                                                           std::span<const std::optional<unsigned>> expected,
                                                           bool body_expected) {
    const auto known = std::binary_search(registered.begin(), registered.end(), static_cast<int>(status));
    const auto code = known ? std::to_string(status) : std::string("other");
    std::optional<std::size_t> good;
    std::optional<std::size_t> unwanted;
    for (const auto& each : expected) {
        const auto what = classify(status, each);
        (what == outcome::ok ? good : unwanted) = index_of(what, code);
    }
    const auto any = good ? *good : unwanted.value_or(0);
    return {any, unwanted.value_or(any), body_expected && good ? index_of(outcome::unexpected, code) : any};
}

std::size_t request_series_list::index_of(outcome what, const std::string& code) {
    const auto at = std::find_if(series_.begin(), series_.end(),
                                 [&](const request_series& s) { return s.what == what && s.code == code; });
    if (at != series_.end())
        return static_cast<std::size_t>(at - series_.begin());
    series_.push_back({what, code});
    return series_.size() - 1;
}

void request_series_list::add(const tally& from, std::span<std::uint64_t> counts) const {
    for (std::size_t status = 0; status < of_status_.size(); ++status) {
        const auto& to = of_status_[status];
        counts[to.good] += from.good_statuses[status];
        counts[to.wrong_body] += from.wrong_bodies[status];
        counts[to.unwanted] += from.statuses[status] - from.good_statuses[status] - from.wrong_bodies[status];
    }
    const auto first = series_.size() - without_answer.size();
    for (std::size_t i = 0; i < without_answer.size(); ++i)
        counts[first + i] += from.of(without_answer[i]);
}

} // namespace beastmark::loadgen
