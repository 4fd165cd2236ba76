#include "loadgen/paired/comparability.hpp"

#include "loadgen/json_parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace beastmark::loadgen::paired {
namespace {

using nlohmann::json;

std::string shown(const json& value) {
    constexpr std::size_t longest = 80;
    auto text = value.is_string() ? value.get<std::string>()
                                  : value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > longest)
        text = text.substr(0, longest - 3) + "...";
    return text;
}

// Kernels of one version leave a little more or less of the same memory.
bool alike(const std::string& name, const json& a, const json& b) {
    constexpr double memory_tolerance = 0.02;
    const auto x = number_of(a);
    const auto y = number_of(b);
    if (name == "memory_bytes" && x && y)
        return std::abs(*x - *y) <= memory_tolerance * std::max(*x, *y);
    return a == b;
}

void add_differences(std::vector<std::string>& into, const std::string& of, const json& a, const json& b) {
    if (!a.is_object() || !b.is_object())
        return;
    for (const auto& [name, value] : a.items())
        if (const auto other = b.find(name); other != b.end() && !alike(name, value, *other))
            into.push_back(fmt::format("{}{}: {} and {}", of, name, shown(value), shown(*other)));
}

// Who ran where, by name.
json cpus_of(const json& placement) {
    json found = json::object();
    for (const json& one : placement)
        if (const json& name = part_of(one, "name"); name.is_string())
            found[name.get<std::string>()] = part_of(one, "cpus");
    return found;
}

json host_of(const json& manifest) {
    json host = part_of(manifest, "host");
    if (host.is_object())
        host.erase("name"); // each container has its own
    return host;
}

} // namespace

std::vector<std::string> doubts_about(const json& result, const std::string& target) {
    std::vector<std::string> doubts;
    const json& run = part_of(result, "run");
    if (part_of(run, "interrupted") == true)
        doubts.emplace_back("it was interrupted");
    if (const json& stopped = part_of(run, "stopped"); stopped.is_object())
        doubts.push_back(fmt::format("it was stopped by {}", shown(part_of(stopped, "condition"))));
    if (part_of(result, "capacity").is_object())
        doubts.emplace_back("it is a capacity search, whose rates follow from what was found");
    if (const json& shards = part_of(result, "shards"); part_of(shards, "complete") == false)
        doubts.emplace_back("shards are missing");
    const json& validity = part_of(part_of(part_of(result, "targets"), target.c_str()), "validity");
    if (part_of(validity, "believable") == false)
        doubts.push_back(shown(part_of(validity, "text")));
    return doubts;
}

std::vector<std::string> unlike(const json& base, const json& other) {
    std::vector<std::string> found;
    const json& a = part_of(base, "manifest");
    const json& b = part_of(other, "manifest");
    add_differences(found, "", part_of(base, "config"), part_of(other, "config"));
    add_differences(found, "host ", host_of(a), host_of(b));
    if (part_of(a, "cpu_quota_cores") != part_of(b, "cpu_quota_cores"))
        found.push_back(fmt::format("cpu_quota_cores: {} and {}", shown(part_of(a, "cpu_quota_cores")),
                                    shown(part_of(b, "cpu_quota_cores"))));
    add_differences(found, "CPUs of ", cpus_of(part_of(a, "placement")), cpus_of(part_of(b, "placement")));
    return found;
}

} // namespace beastmark::loadgen::paired
