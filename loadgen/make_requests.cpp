#include "loadgen/make_requests.hpp"

#include "loadgen/secrets.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

namespace {

// With what a connection for each request asks for, where -H does not (RFC 9112 section 9.6).
std::vector<std::string> headers_of(const run_options& options) {
    auto headers = options.headers;
    const auto given = std::ranges::any_of(
        headers, [](const std::string& line) { return boost::iequals(header_name(line), "connection"); });
    if (!options.rules.keep_alive && !given)
        headers.emplace_back("Connection: close");
    return headers;
}

// Those of the request itself, and of the others what it does not say.
std::vector<std::string> headers_of(const request_spec& spec, const std::vector<std::string>& of_all) {
    auto lines = spec.headers;
    for (const auto& line : of_all)
        if (std::ranges::none_of(spec.headers, [&](const std::string& own) {
                return boost::iequals(header_name(own), header_name(line));
            }))
            lines.push_back(line);
    return lines;
}

request_template make_request(const request_spec& spec, const run_options& options, const url& where,
                              line_files& files) {
    try {
        return {spec.method,
                where,
                body_template(joined_target(where, spec.path), template_place::target, files),
                headers_of(spec, headers_of(options)),
                body_template(spec.body, template_place::body, files),
                files,
                options.version};
    } catch (const std::invalid_argument& wrong) {
        throw std::invalid_argument(
            fmt::format("--requests {}, request '{}': {}", options.requests_file, spec.name, wrong.what()));
    }
}

// What a log holds is sent as it is: braces in it are no placeholders.
request_set replayed(const replay_log& log, const run_options& options, const url& where, line_files& files) {
    std::vector<request_template> distinct;
    distinct.reserve(log.requests.size());
    const auto headers = headers_of(options);
    for (const auto& r : log.requests)
        distinct.emplace_back(r.method, where, body_template::literal(joined_target(where, r.path)), headers,
                              body_template::literal(r.body), files, options.version);
    return {std::move(distinct), log.which};
}

} // namespace

line_files pick_files(const run_options& options) {
    return options.requests.empty() ? line_files() : line_files::beside(options.requests_file);
}

request_set make_requests(const run_options& options, const url& where, line_files& files) {
    if (options.replay)
        return replayed(*options.replay, options, where, files);
    if (options.requests.empty())
        return request_template(options.method, where,
                                body_template(where.target, template_place::target, files),
                                headers_of(options), body_template(options.body, template_place::body, files),
                                files, options.version);
    if (options.requests.size() == 1)
        return make_request(options.requests.front(), options, where, files);
    std::vector<request_set::named> several;
    for (const auto& spec : options.requests)
        several.push_back({spec.name, spec.weight, make_request(spec, options, where, files),
                           spec.expected ? spec.expected : options.expected_status});
    return {std::move(several), options.arrivals.seed};
}

} // namespace beastmark::loadgen
