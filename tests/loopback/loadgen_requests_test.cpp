// What is asked, as a server sees it: placeholders in every part of a request.
#include "fault_server.hpp"
#include "tests/support/json_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class loadgen_requests : public ::testing::Test {
protected:
    finished_process loadgen(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {BEASTMARK_BIN_DIR "/loadgen", "run", "--timeout", "20s"});
        return run({.arguments = std::move(arguments), .directory = folder.path().string()});
    }

    void write(const std::string& name, const std::string& content) {
        std::ofstream(folder.path() / name) << content;
    }

    [[nodiscard]] std::string path(const std::string& name) const { return (folder.path() / name).string(); }

    // "GET /a", of all, in the order of their arrival at the server.
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> all;
        for (const auto& r : server.requests())
            all.push_back(r.head.substr(0, r.head.find(" HTTP/1.1")));
        return all;
    }

    temporary_directory folder;
    fault_server server{[](const request_seen& r) {
        const bool none = r.head.find("/none ") != std::string::npos;
        return reply{{answer(none ? 404 : 200)}};
    }};
};

TEST_F(loadgen_requests, placeholders_are_filled_in_wherever_they_stand) {
    write("names.txt", "ann\r\nbob");
    const std::vector<std::string> command{"-R",
                                           "100",
                                           "-d",
                                           "200ms",
                                           "-H",
                                           "X-Name: {{pick names.txt}}/{{seq}}",
                                           "-b",
                                           "{{pad 3}}{{pick names.txt}}",
                                           server.url("/d/{{rand 1 9}}?n={{seq}}")};
    const auto ended = loadgen(command);
    ASSERT_THAT(ended.status.code, AnyOf(0, 4)) << ended.err;
    std::set<std::string> first;
    std::set<std::string> names;
    for (const auto& r : server.requests()) {
        EXPECT_THAT(r.head, MatchesRegex("POST /d/[1-9]\\?n=[0-9]+ HTTP/1.1\r\n(.|\n)*\r\nX-Name: "
                                         "(ann|bob)/[0-9]+\r\n(.|\n)*"));
        EXPECT_THAT(r.body, AnyOf("xxxann", "xxxbob"));
        names.insert(r.body);
        first.insert(r.head + r.body);
    }
    EXPECT_EQ(first.size(), 20u);
    EXPECT_EQ(names.size(), 2u);
    ASSERT_THAT(loadgen(command).status.code, AnyOf(0, 4));
    std::set<std::string> second;
    const auto all = server.requests();
    for (std::size_t i = 20; i < all.size(); ++i)
        second.insert(all[i].head + all[i].body);
    EXPECT_EQ(second, first) << "the same seed, the same requests";
}

} // namespace
} // namespace beastmark::testing
