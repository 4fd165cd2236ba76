#include "loadgen/request_arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

std::string read_body(const std::string& text) {
    if (!text.starts_with('@'))
        return text;
    const auto path = text.substr(1);
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file)
        throw std::runtime_error(fmt::format("cannot read the body file '{}'", path));
    return content;
}

// Of requests that differ in it there is none.
template <class Requests>
std::string common_method(const Requests& all) {
    const bool differ = std::any_of(all.begin(), all.end(),
                                    [&](const auto& each) { return each.method != all.front().method; });
    return differ ? "several" : all.front().method;
}

bool asks_for_head(const run_options& o) {
    const auto is_head = [](const auto& each) { return each.method == "HEAD"; };
    return o.method == "HEAD" || std::any_of(o.requests.begin(), o.requests.end(), is_head) ||
           (o.replay && std::any_of(o.replay->requests.begin(), o.replay->requests.end(), is_head));
}

void read_several(const run_arguments& a, run_options& o) {
    if (!a.method.empty() || !a.body.empty())
        throw std::invalid_argument("--requests holds methods and bodies: leave out -m and -b");
    o.requests_file = a.requests;
    o.requests = read_requests(a.requests);
    o.method = common_method(o.requests);
    const auto& first = o.requests.front();
    if (o.requests.size() == 1 && first.expected) // nothing to tell apart
        o.expected_status = first.expected;
}

} // namespace

void add_asked_options(CLI::App& command, run_arguments& a) {
    command.add_option("-m,--method", a.method, "HTTP method [GET, with -b POST]");
    command.add_option(
        "-b,--body", a.body,
        "body, or @FILE; {{uuid}} {{seq}} {{rand A B}} {{mac}} {{pick FILE}} (one of its lines) "
        "{{pad N}} (N bytes) are filled in for each request, as in the URL's path and query");
    command
        .add_option("-H,--header", a.headers, "'Name: value', which may have placeholders, too; repeatable")
        ->allow_extra_args(false);
    command.add_option(
        "--requests", a.requests,
        "JSON file of several requests instead of -m and -b, drawn by weight; each has a name, a weight, a "
        "method, "
        "a path (behind the URL's), headers, a body and the status it expects, and figures of its own");
}

void read_asked(const run_arguments& a, run_options& o) {
    o.headers = a.headers;
    o.body = read_body(a.body);
    o.method = !a.method.empty() ? a.method : o.body.empty() ? "GET" : "POST";
    o.expected_status = a.expect;
    if (o.replay)
        o.method = common_method(o.replay->requests);
    if (!a.requests.empty())
        read_several(a, o);
    if (a.expect_body.empty())
        return;
    if (asks_for_head(o))
        throw std::invalid_argument("--expect-body-contains: an answer to HEAD has no body");
    o.expected_body.emplace(a.expect_body);
}

} // namespace beastmark::loadgen
