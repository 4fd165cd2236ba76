#include "loadgen/report.hpp"

#include "loadgen/comparison_output.hpp"
#include "loadgen/page/page.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;

constexpr std::string_view schema = "loadgen.result/1";

/// What the page's charts show of the scraped series; an hour of the others is megabytes.
bool is_shown(const json& series) {
    static const std::set<std::string> names{"db_client_operation_duration_seconds",
                                             "db_client_connection_count",
                                             "cgroup_cpu_throttled_seconds_total"};
    const auto name = series.find("name");
    return name != series.end() && name->is_string() && names.count(name->get_ref<const std::string&>()) != 0;
}

void leave_out_unshown_series(json& result) {
    const auto scraped = result.find("scraped");
    if (scraped == result.end() || !scraped->is_object())
        return;
    for (json& endpoint : *scraped) {
        if (!endpoint.is_object() || !endpoint.contains("series") || !endpoint["series"].is_array())
            continue;
        json shown = json::array();
        for (json& series : endpoint["series"])
            if (series.is_object() && is_shown(series))
                shown.push_back(std::move(series));
        endpoint["series"] = std::move(shown);
    }
}

/// Whole histograms are for who reads a result with other tools; the page shows percentiles.
void leave_out_histograms(json& result) {
    const auto targets = result.find("targets");
    if (targets == result.end() || !targets->is_object())
        return;
    for (json& target : *targets) {
        if (!target.is_object() || !target.contains("latency") || !target["latency"].is_object())
            continue;
        for (json& kind : target["latency"])
            if (kind.is_object())
                kind.erase("hdr");
    }
}

json as_shown(json result) {
    leave_out_unshown_series(result);
    leave_out_histograms(result);
    return result;
}

/// What the page shows of them together: the comparison, {"why_not": "..."}, or null.
json together(const comparison_outcome& outcome) {
    if (outcome.found)
        return comparison_json(*outcome.found);
    return outcome.why_not.empty() ? json(nullptr) : json{{"why_not", outcome.why_not}};
}

std::string as_script(const json& data) {
    return escape_for_script(data.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string default_title(std::span<const json> results) {
    std::string names;
    for (const json& result : results)
        if (const auto targets = result.find("targets"); targets != result.end() && targets->is_object())
            for (const auto& [name, target] : targets->items())
                names += (names.empty() ? "" : ", ") + name;
    return names.empty() ? "Load test" : "Load test: " + names;
}

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += c;
        }
    }
    return escaped;
}

// Copying and writing a document recurses. What run writes is 7 deep.
constexpr int deepest = 64;

bool is_deeper(const json& document, int levels) {
    return document.is_structured() &&
           (levels == 0 || std::any_of(document.begin(), document.end(),
                                       [&](const json& part) { return is_deeper(part, levels - 1); }));
}

/// What stands for {{name}} in the page.
std::string fill(std::string_view name, std::span<const json> results, const comparison_outcome& compared,
                 const std::string& title) {
    if (name == "title")
        return escape_html(title.empty() ? default_title(results) : title);
    if (name == "style")
        return std::string(page::style());
    if (name == "chart_library")
        return std::string(page::chart_library());
    if (name == "script")
        return std::string(page::script());
    if (name == "comparison")
        return as_script(together(compared));
    json all = json::array();
    for (const json& result : results)
        all.push_back(as_shown(result));
    return as_script(all);
}

} // namespace

std::string escape_for_script(std::string_view json_text) {
    std::string escaped;
    escaped.reserve(json_text.size());
    for (const char c : json_text) {
        if (c == '<') // in JSON it stands only inside strings
            escaped += "\\u003c";
        else
            escaped += c;
    }
    return escaped;
}

std::string check_result(const json& result) {
    if (is_deeper(result, deepest))
        return "not a result of loadgen (nested more than " + std::to_string(deepest) + " deep)";
    if (!result.is_object() || !result.contains("schema"))
        return "not a result of loadgen (no \"schema\")";
    const json& found = result["schema"];
    if (found != schema)
        return "schema " + found.dump(-1, ' ', true, json::error_handler_t::replace) +
               ", this program reads \"" + std::string(schema) + "\"";
    const auto targets = result.find("targets");
    if (targets == result.end() || !targets->is_object() || targets->empty())
        return "no \"targets\"";
    for (const auto& [name, target] : targets->items())
        if (!target.is_object() || !target.contains("totals") || !target["totals"].is_object())
            return "target \"" + name + "\" has no \"totals\"";
    return {};
}

json read_result(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path))
        throw std::runtime_error("cannot be read");
    json result = json::parse(in, nullptr, false);
    if (result.is_discarded())
        throw std::runtime_error("not JSON");
    if (const std::string wrong = check_result(result); !wrong.empty())
        throw std::runtime_error(wrong);
    return result;
}

std::string render_report(std::span<const json> results, const report_options& options) {
    return render_report(results, compare(results, options.wanted), options.title);
}

std::string render_report(std::span<const json> results, const comparison_outcome& compared,
                          const std::string& title) {
    std::string out;
    std::string_view rest = page::html();
    for (;;) { // one pass: what is filled in is not looked at again
        const std::size_t open = rest.find("{{");
        const std::size_t close = rest.find("}}", open);
        if (open == std::string_view::npos || close == std::string_view::npos)
            break;
        out += rest.substr(0, open);
        out += fill(rest.substr(open + 2, close - open - 2), results, compared, title);
        rest.remove_prefix(close + 2);
    }
    out += rest;
    return out;
}

} // namespace beastmark::loadgen
