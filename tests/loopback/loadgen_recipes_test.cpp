// Every command of docs/loadgen.md, as it stands there, but shorter and against servers of the test.
#include "fault_server.hpp"
#include "http2_server.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tls_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;

struct block {
    std::string heading;
    std::string language;
    std::string text;
};

std::vector<block> blocks_of_the_recipes() {
    std::ifstream file(BEASTMARK_SOURCE_DIR "/docs/loadgen.md");
    std::vector<block> blocks;
    std::string heading;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside)
                blocks.push_back({heading, line.substr(3), {}});
        } else if (inside) {
            blocks.back().text += line + "\n";
        } else if (line.starts_with("#")) {
            heading = line.substr(line.find(' ') + 1);
        }
    }
    return blocks;
}

/// What the recipes' addresses stand for.
class services {
public:
    explicit services(const std::filesystem::path& folder) {
        const certificate_authority authority(folder); // makes authority.crt
        authority.issue("127.0.0.1", "service");
        tls_front_options with;
        with.certificate = folder / "service.crt";
        with.key = folder / "service.key";
        https_.emplace(plain_.port(), with);
        with.protocol = "h2";
        https_of_http2_.emplace(http2_.port(), with);
    }

    [[nodiscard]] std::string in_place(std::string text) const {
        const std::pair<const char*, std::uint16_t> ports[]{
            {"8080", plain_.port()}, {"8443", https_->port()}, {"8444", https_of_http2_->port()}};
        for (const auto& [of_recipes, here] : ports)
            text =
                std::regex_replace(text, std::regex(std::string("(https?://127\\.0\\.0\\.1:)") + of_recipes),
                                   "$01" + std::to_string(here));
        return text;
    }

private:
    fault_server plain_{at_once};
    http2_server http2_{[](http2_peer& peer, const http2_request_seen& request, std::uint64_t /*connection*/,
                           std::uint64_t /*number*/) { peer.answer(request.stream); }};
    std::optional<tls_front> https_;
    std::optional<tls_front> https_of_http2_;
};

// Each time becomes a moment (what a condition waits for, a second), "10k" a hundred.
std::string shortened(std::string text) {
    text = std::regex_replace(text, std::regex("\\b[0-9]+[smh]\\b"), "300ms");
    text = std::regex_replace(text, std::regex("for 300ms"), "for 1s");
    text = std::regex_replace(text, std::regex("--metrics 127\\.0\\.0\\.1:8085"),
                              "--metrics 127.0.0.1:" + std::to_string(free_port()));
    text = std::regex_replace(text, std::regex("pgrep -o -x baseline"), "echo $$$$");
    return std::regex_replace(text, std::regex("\\b([0-9]+)k\\b"), "$010");
}

class loadgen_recipes : public ::testing::TestWithParam<std::string> {};

TEST_P(loadgen_recipes, run_as_they_stand) {
    const temporary_directory folder;
    const services servers(folder.path());
    std::size_t commands = 0;
    for (const auto& each : blocks_of_the_recipes()) {
        if (each.heading != GetParam())
            continue;
        const auto text = servers.in_place(shortened(each.text));
        if (each.language == "toml") // its first line is its name
            std::ofstream(folder.path() / each.text.substr(2, each.text.find('\n') - 2))
                << std::regex_replace(text, std::regex("stage_interval_s = 17"), "stage_interval_s = 1");
        if (each.language != "sh")
            continue;
        ++commands;
        // What the environment adds is no flag of these recipes: else the flag would count.
        const auto ended =
            run({.arguments = {"bash", "-uc", text},
                 .environment = {"PATH=" BEASTMARK_BIN_DIR ":/usr/bin:/bin", "LOADGEN_TIMEOUT=20s",
                                 "LOADGEN_MAX_PROBES=1", "LOADGEN_PROBE_DURATION=2s"},
                 .directory = folder.path().string()});
        // A busy machine makes a run miss an objective, or not to be believed.
        EXPECT_THAT(ended.status.code, AnyOf(0, 3, 4)) << text << ended.err;
    }
    EXPECT_GT(commands, 0u);
}

std::vector<std::string> headings() {
    std::vector<std::string> all;
    for (const auto& each : blocks_of_the_recipes())
        if (each.language == "sh" && (all.empty() || all.back() != each.heading))
            all.push_back(each.heading);
    return all;
}

INSTANTIATE_TEST_SUITE_P(of, loadgen_recipes, ::testing::ValuesIn(headings()), [](const auto& recipe) {
    return std::regex_replace(recipe.param, std::regex("[^A-Za-z0-9]+"), "_");
});

TEST(recipes, are_all_there) {
    EXPECT_THAT(headings(),
                ::testing::IsSupersetOf({"Find the capacity", "Soak", "Spike", "Compare two services",
                                         "In CI", "From a k6 script", "From vegeta", "Several requests",
                                         "Replay an access log", "HTTPS and HTTP/2", "Connections"}));
}

} // namespace
} // namespace beastmark::testing
