#include "loadgen/make_requests.hpp"
#include "loadgen/requests_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
    try {
        parse_requests(text, "r.json");
        return "taken";
    } catch (const std::invalid_argument& wrong) {
        EXPECT_EQ(std::string(wrong.what()).find('\n'), std::string::npos);
        return wrong.what();
    }
}

TEST(requests_file, an_entry_says_what_differs_from_a_get_of_the_url) {
    const auto all = parse_requests(R"([
        {},
        {"path": "/a"},
        {"name": "write", "weight": 2.5, "path": "/b", "body": {"z": 1, "a": ["{{uuid}}"]}, "expect": 201},
        {"name": "odd", "method": "PATCH", "body": "{\"n\": {{seq}}}", "headers": {"X-A": "1", "X-B": "2"}},
        {"name": "list", "headers": ["X-A: 1"], "body": [1, 2]}])",
                                    "r.json");
    ASSERT_EQ(all.size(), 5u);
    EXPECT_EQ(all[0].name, "GET");
    EXPECT_EQ(all[0].weight, 1);
    EXPECT_EQ(all[0].path, "");
    EXPECT_EQ(all[0].expected, std::nullopt);
    EXPECT_EQ(all[1].name, "GET /a");
    EXPECT_EQ(all[2].method, "POST");
    EXPECT_EQ(all[2].weight, 2.5);
    EXPECT_EQ(all[2].body, R"({"z":1,"a":["{{uuid}}"]})") << "in the order in which it was written";
    EXPECT_EQ(all[2].expected, 201u);
    EXPECT_EQ(all[3].method, "PATCH");
    EXPECT_EQ(all[3].body, R"({"n": {{seq}}})");
    EXPECT_THAT(all[3].headers, ElementsAre("X-A: 1", "X-B: 2"));
    EXPECT_THAT(all[4].headers, ElementsAre("X-A: 1"));
    EXPECT_EQ(all[4].body, "[1,2]");
    EXPECT_EQ(parse_requests(R"({"requests": [{"path": "/x"}]})", "r.json").at(0).path, "/x");
}

TEST(requests_file, bodies_and_picked_lines_are_files_beside_it) {
    const testing::temporary_directory folder;
    std::ofstream(folder.path() / "body.txt") << "from a file";
    std::ofstream(folder.path() / "ids.txt") << "42\n";
    const auto path = (folder.path() / "r.json").string();
    std::ofstream(path) << R"([{"path": "/{{pick ids.txt}}", "body": {"file": "body.txt"}}])";
    run_options options;
    options.requests = read_requests(path);
    options.requests_file = path;
    auto files = pick_files(options);
    const auto set = make_requests(options, url::parse("http://h/api"), files);
    std::string bytes(set.of(0).max_size(), '?');
    bytes.resize(set.of(0).render(bytes.data(), 1, 0));
    EXPECT_THAT(bytes, HasSubstr("POST /api/42 HTTP/1.1\r\n"));
    EXPECT_TRUE(bytes.ends_with("\r\n\r\nfrom a file"));
    EXPECT_THROW(parse_requests(R"([{"body": {"file": "none"}}])", path), std::runtime_error);
}

TEST(requests_file, a_file_that_memory_should_not_hold_is_refused) {
    const testing::temporary_directory folder;
    const auto path = folder.path() / "huge.txt";
    std::ofstream(path) << "a\n";
    std::filesystem::resize_file(path, (std::uintmax_t{1} << 30) + 1); // of which the disk holds two bytes
    try {
        const body_template picked("{{pick " + path.string() + "}}");
        ADD_FAILURE();
    } catch (const std::invalid_argument& wrong) {
        EXPECT_THAT(wrong.what(), HasSubstr("has 1073741825 bytes, above the limit of 1073741824"));
    }
}

TEST(requests_file, headers_of_the_command_line_are_added_where_an_entry_has_none_of_that_name) {
    run_options options;
    options.headers = {"X-A: all", "X-B: all"};
    options.expected_status = 202;
    options.requests = parse_requests(
        R"([{"name": "one", "headers": {"x-a": "own"}}, {"name": "two", "expect": 404}])", "r.json");
    auto files = pick_files(options);
    const auto set = make_requests(options, url::parse("http://h/"), files);
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; texts.empty() && i < 100; ++i)
        if (set.index_of(i) == 0)
            texts.emplace_back(set.of(i).constant_bytes());
    EXPECT_THAT(texts, ElementsAre(HasSubstr("\r\nx-a: own\r\nX-B: all\r\n")));
    EXPECT_EQ(set.expected(0), 202u) << "of --expect";
    EXPECT_EQ(set.expected(1), 404u);
}

TEST(requests_file, a_mistake_is_told_with_file_and_request) {
    EXPECT_THAT(refusal("["), HasSubstr("--requests r.json: not JSON: parse error at line 1, column 2"));
    EXPECT_THAT(refusal(std::string(70, '[') + std::string(70, ']')), HasSubstr("more than 64 deep"));
    EXPECT_THAT(refusal(R"([{"weight": 1e999}])"), HasSubstr("not JSON: number overflow parsing '1e999'"));
    EXPECT_THAT(refusal("3"), HasSubstr("r.json: write an array"));
    EXPECT_THAT(refusal(R"({"requests": []})"), HasSubstr("there are 0 requests: give 1 to 256"));
    EXPECT_THAT(refusal(R"({"requests": [], "more": 1})"), HasSubstr("and nothing else"));
    EXPECT_THAT(refusal("[3]"), HasSubstr("r.json, request 1: it is an object"));
    EXPECT_EQ(refusal(R"([{}, {"name": "x", "wieght": 2}])"),
              "--requests r.json, request 2: 'wieght' is no key of a request: did you mean 'weight'?");
    EXPECT_EQ(refusal(R"([{"name": "x", "weight": 0}])"),
              "--requests r.json, request 1 'x': 'weight' is a number above 0, up to 1e9");
    for (const auto* const weight : {"-1", "\"1\"", "null", "1e10"})
        EXPECT_THAT(refusal("[{\"weight\": " + std::string(weight) + "}]"), HasSubstr("'weight' is"));
    for (const auto* const status : {"199", "600", "\"200\"", "200.5", "-200"})
        EXPECT_THAT(refusal("[{\"expect\": " + std::string(status) + "}]"), HasSubstr("'expect' is"));
    EXPECT_THAT(refusal(R"([{"path": 1}])"), HasSubstr("'path' is a text"));
    EXPECT_THAT(refusal(R"([{"headers": "X: y"}])"), HasSubstr("'headers' is"));
    EXPECT_THAT(refusal(R"([{"headers": {"X": 1}}])"), HasSubstr("'headers' is"));
    EXPECT_THAT(refusal(R"([{"body": 1}])"), HasSubstr("'body' is"));
    EXPECT_THAT(refusal(R"([{"body": null}])"), HasSubstr("'body' is"));
    EXPECT_THAT(refusal(R"([{"name": ""}])"), HasSubstr("'name' is"));
    EXPECT_THAT(refusal("[{\"name\": \"a\\nb\"}]"), HasSubstr("'name' is"));
    EXPECT_THAT(refusal(R"([{"path": "/a"}, {"path": "/a"}])"),
                HasSubstr("two requests are called 'GET /a'"));
    std::string many = "[{}";
    for (int i = 0; i < 256; ++i)
        many += ",{}";
    EXPECT_THAT(refusal(many + "]"), HasSubstr("there are 257 requests"));
}

TEST(requests_file, what_cannot_be_sent_is_told_with_the_request) {
    run_options options;
    options.requests_file = "r.json";
    for (const auto& [entry, message] : std::vector<std::pair<std::string, std::string>>{
             {R"({"name": "x", "path": "a"})", "request 'x': path 'a'"},
             {R"({"name": "x", "path": "/{{nope}}"})", "request 'x': placeholder {{nope}} at byte 2"},
             {R"({"name": "x", "body": "{{nope}}"})", "request 'x': placeholder {{nope}} at byte 1"},
             {R"({"name": "x", "headers": ["a b: c"]})", "request 'x': header 'a b: c'"},
             {R"({"name": "x", "headers": {"X": "a\r\nY: b"}})", "request 'x': header"},
             {R"({"name": "x", "method": "G T"})", "request 'x': method 'G T'"}}) {
        options.requests = parse_requests("[" + entry + "]", "r.json");
        auto files = pick_files(options);
        try {
            make_requests(options, url::parse("http://h/"), files);
            ADD_FAILURE() << entry;
        } catch (const std::invalid_argument& wrong) {
            EXPECT_THAT(wrong.what(), HasSubstr(message));
        }
    }
}

} // namespace
} // namespace beastmark::loadgen
