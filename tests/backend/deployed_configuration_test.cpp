// deploy/config: each server is started with each file that is for it, and has what the file says.
#include "tests/support/http_client.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace beastmark::testing {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_for(const std::string& server) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(BEASTMARK_SOURCE_DIR "/deploy/config/" + server))
        if (entry.path().extension() == ".conf")
            files.push_back(entry.path());
    return files;
}

/// The lines that say something, each cut at the first `separator`.
std::map<std::string, std::string> settings_in(const fs::path& file, const std::string& separator) {
    std::map<std::string, std::string> settings;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#'))
            continue;
        const auto at = line.find(separator);
        if (at == std::string::npos)
            throw std::runtime_error(file.string() + ": " + line);
        settings.emplace(line.substr(0, at), line.substr(at + separator.size()));
    }
    return settings;
}

std::string without_quotes(const std::string& text) {
    return text.size() >= 2 && text.starts_with('\'') ? text.substr(1, text.size() - 2) : text;
}

std::uint64_t memory_bytes() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string in_force(postgres_cluster& cluster, const std::string& name) {
    if (name.starts_with("tcp_")) // SHOW tells of the connection that asks, and this one is no TCP
        return cluster.value("SELECT reset_val FROM pg_settings WHERE name = '" + name + "'");
    return cluster.value("SHOW " + name);
}

// Of a cluster that the file's lines were added to; where the command line says something else they are only
// read.
void expect_settings(postgres_cluster& cluster, const std::map<std::string, std::string>& settings,
                     const std::vector<std::string>& overridden) {
    for (const auto& [name, value] : settings) {
        const auto read =
            "SELECT setting FROM pg_file_settings WHERE name = '" + name + "' ORDER BY seqno DESC LIMIT 1";
        EXPECT_EQ(cluster.value(read), without_quotes(value)) << name;
        if (std::find(overridden.begin(), overridden.end(), name) == overridden.end()) {
            EXPECT_EQ(in_force(cluster, name), without_quotes(value)) << name;
        }
    }
}

TEST(deployed_configuration, postgresql_has_each_setting_of_each_file) {
    constexpr std::uint64_t enough = 20ULL << 30;
    const auto files = files_for("postgresql");
    EXPECT_EQ(files.size(), 2U);
    for (const auto& file : files) {
        SCOPED_TRACE(file);
        postgres_options options{.configuration = file};
        std::vector<std::string> overridden{"listen_addresses", "unix_socket_directories"}; // the test's own
        if (memory_bytes() < enough) {
            std::cout << file.filename()
                      << ": shared_buffers not tried, this machine has too little memory\n";
            options.settings.emplace_back("shared_buffers=128MB");
            overridden.emplace_back("shared_buffers");
        }
        postgres_cluster cluster(options);
        const auto settings = settings_in(file, " = ");
        EXPECT_GE(settings.size(), 8U);
        expect_settings(cluster, settings, overridden);
    }
}

TEST(deployed_configuration, both_of_postgresql_are_durable) {
    for (const auto& file : files_for("postgresql")) {
        const auto settings = settings_in(file, " = ");
        EXPECT_EQ(settings.at("fsync"), "on") << file;
        EXPECT_EQ(settings.at("synchronous_commit"), "on") << file;
    }
}

/// The answers to "stats settings": "STAT maxconns 1024" and so on.
std::map<std::string, std::string> settings_of(const memcached_server& server) {
    http_client link(server.port());
    link.send("stats settings\r\n");
    std::string text;
    while (!text.ends_with("END\r\n")) {
        const auto more = link.receive_some(patience);
        if (more.empty())
            throw std::runtime_error("memcached: no end of its settings: " + text);
        text += more;
    }
    std::map<std::string, std::string> settings;
    std::istringstream words(text);
    for (std::string stat, name, value; words >> stat >> name && std::getline(words, value);)
        settings.emplace(name, value.substr(1, value.find('\r') - 1));
    return settings;
}

std::uint64_t descriptor_limit_of(::pid_t pid) {
    std::ifstream limits("/proc/" + std::to_string(pid) + "/limits");
    const std::string what = "Max open files";
    for (std::string line; std::getline(limits, line);)
        if (line.starts_with(what))
            return std::stoull(line.substr(what.size()));
    return 0;
}

std::uint64_t descriptors_of(::pid_t pid) {
    const fs::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::uint64_t>(std::distance(open, fs::directory_iterator()));
}

// memcached makes -c its limit of descriptors, and takes its own from it.
void expect_room_for_connections(const memcached_server& server, std::uint64_t connections) {
    const auto limit = descriptor_limit_of(server.pid());
    EXPECT_EQ(limit, connections);
    EXPECT_GT(limit - descriptors_of(server.pid()), connections * 98 / 100);
}

TEST(deployed_configuration, memcached_has_each_option_of_each_file) {
    const std::map<std::string, std::string> names{
        {"-c", "maxconns"}, {"-t", "num_threads"}, {"-R", "reqs_per_event"}, {"-b", "tcp_backlog"}};
    rlimit mine{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &mine), 0);
    const auto files = files_for("memcached");
    EXPECT_EQ(files.size(), 2U);
    for (const auto& file : files) {
        SCOPED_TRACE(file);
        const auto options = settings_in(file, " ");
        const auto connections = std::stoull(options.at("-c"));
        if (connections > mine.rlim_max) {
            std::cout << file.filename() << ": not tried, -c " << connections
                      << " needs as many descriptors and the hard limit is " << mine.rlim_max << "\n";
            continue;
        }
        std::vector<std::string> words;
        for (const auto& [option, value] : options)
            words.insert(words.end(), {option, value});
        const memcached_server server(words);
        const auto settings = settings_of(server);
        for (const auto& [option, value] : options) {
            const auto expected =
                option == "-m" ? std::pair{std::string("maxbytes"), std::to_string(std::stoull(value) << 20)}
                               : std::pair{names.at(option), value};
            EXPECT_EQ(settings.at(expected.first), expected.second) << option;
        }
        expect_room_for_connections(server, connections);
    }
}

} // namespace
} // namespace beastmark::testing
