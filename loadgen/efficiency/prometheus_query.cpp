#include "loadgen/efficiency/prometheus_query.hpp"

#include "common/version.hpp"
#include "loadgen/http_request.hpp"
#include "loadgen/json_parts.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

namespace beastmark::loadgen::efficiency {
namespace {

using nlohmann::json;

std::string encoded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') // RFC 3986 section 2.3
            result += c;
        else
            result += fmt::format("%{:02X}", byte);
    }
    return result;
}

std::string text_in(const json& object, const char* name) {
    const json& found = part_of(object, name);
    return found.is_string() ? found.get<std::string>() : std::string();
}

/// "0.25", "1e-07"; nothing for "NaN" and "+Inf".
std::optional<double> value_in(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto whole = error == std::errc{} && end == text.data() + text.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// [1700000000.5, "0.25"]
void add_sample(range_answer& to, const json& sample) {
    if (!sample.is_array() || sample.size() != 2 || !sample[1].is_string())
        return;
    const auto t = number_of(sample[0]);
    const auto value = value_in(sample[1].get_ref<const std::string&>());
    if (!t || !value)
        return;
    to.t_s.push_back(*t);
    to.values.push_back(*value);
}

} // namespace

std::string path_of(std::string_view base, const range_query& what) {
    while (base.ends_with('/'))
        base.remove_suffix(1);
    return fmt::format("{}/api/v1/query_range?query={}&start={:.3f}&end={:.3f}&step={:.3f}", base,
                       encoded(what.query), what.start_s, what.end_s, what.step_s);
}

range_answer read_answer(unsigned status, std::string_view body) {
    const json answer = parse_shallow(body);
    if (const auto why = text_in(answer, "error"); !why.empty())
        return {{}, {}, text_in(answer, "errorType") + ": " + why};
    if (status != 200)
        return {{}, {}, fmt::format("status {}", status)};
    const json& data = part_of(answer, "data");
    const json& series = part_of(data, "result");
    if (text_in(answer, "status") != "success" || text_in(data, "resultType") != "matrix" ||
        !series.is_array())
        return {{}, {}, "what it answered is not that of a Prometheus to a range query"};
    range_answer found;
    if (!series.empty())
        if (const json& samples = part_of(series[0], "values"); samples.is_array())
            for (const json& sample : samples)
                add_sample(found, sample);
    return found;
}

range_answer ask(const url& prometheus, const range_query& what, std::chrono::nanoseconds patience) {
    namespace http = boost::beast::http;
    constexpr std::size_t longest_answer = 8u
                                           << 20; // of 11,000 points at most, which is Prometheus' own limit
    http::request<http::empty_body> request(http::verb::get, path_of(prometheus.target, what), 11);
    request.set(http::field::host, prometheus.authority);
    request.set(http::field::user_agent, "loadgen/" + std::string(version()));
    request.set(http::field::accept, "application/json");
    request.keep_alive(false);
    auto reply =
        exchange_and_wait(prometheus.host, prometheus.port, std::move(request), patience, longest_answer);
    if (reply.status == 0)
        return {{}, {}, std::move(reply.error)};
    return read_answer(reply.status, reply.body);
}

} // namespace beastmark::loadgen::efficiency
