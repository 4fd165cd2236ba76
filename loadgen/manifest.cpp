#include "loadgen/manifest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace {

// The value behind `separator` on the first line of a file that begins with `key`.
std::string value_in(const char* path, std::string_view key, char separator) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key))
            continue;
        auto value = line.substr(std::min(line.find(separator), line.size() - 1) + 1);
        std::erase(value, '"');
        value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
        return value;
    }
    return {};
}

std::string quoted(const std::string& argument) {
    constexpr std::string_view harmless =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
    if (!argument.empty() && argument.find_first_not_of(harmless) == std::string::npos)
        return argument;
    std::string result = "'";
    for (const char c : argument) {
        if (c == '\'')
            result += "'\\''";
        else
            result += c;
    }
    return result + "'";
}

} // namespace

nlohmann::json describe_host() {
    utsname names{};
    uname(&names);
    auto model = value_in("/proc/cpuinfo", "model name", ':');
    if (model.empty()) // not on every architecture
        model = names.machine;
    const auto pages = sysconf(_SC_PHYS_PAGES);
    return {{"name", names.nodename},
            {"kernel", std::string(names.sysname) + " " + names.release},
            {"cpu_model", model},
            {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
            {"memory_bytes", pages * sysconf(_SC_PAGE_SIZE)},
            {"os", value_in("/etc/os-release", "PRETTY_NAME", '=')}};
}

std::string shell_command(std::span<const std::string> arguments) {
    std::string line;
    for (const auto& a : arguments) {
        if (!line.empty())
            line += ' ';
        line += quoted(a);
    }
    return line;
}

} // namespace beastmark::loadgen
