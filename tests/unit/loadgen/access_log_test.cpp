#include "loadgen/access_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::seconds;

logged_request taken(const std::string& line) {
    const auto read = read_log_line(line);
    if (const auto* const none = std::get_if<not_a_request>(&read)) {
        ADD_FAILURE() << line << ": " << none->why;
        return {};
    }
    return std::get<logged_request>(read);
}

std::string refusal(const std::string& line) {
    const auto read = read_log_line(line);
    const auto* const none = std::get_if<not_a_request>(&read);
    return none == nullptr ? "taken" : std::string(none->why);
}

TEST(access_log, reads_the_common_and_the_combined_log_format) {
    const auto common =
        taken(R"(127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?a=b HTTP/1.0" 200 2326)");
    EXPECT_EQ(common.at, seconds(971'211'336));
    EXPECT_TRUE(common.whole_second);
    EXPECT_EQ(common.method, "GET");
    EXPECT_EQ(common.path, "/apache_pb.gif?a=b");
    EXPECT_EQ(common.body, "");
    const auto combined = taken(
        R"(::1 - - [31/Jan/2026:23:59:59 +0000] "POST /x HTTP/2.0" 201 5 "http://r/ [x]" "agent \"q\" [y]")");
    EXPECT_EQ(combined.at, seconds(1'769'903'999));
    EXPECT_EQ(combined.method, "POST");
    EXPECT_EQ(taken(R"(h - - [29/Feb/2024:00:00:00 +0100] "GET /" 200 1)").at, seconds(1'709'161'200));
}

TEST(access_log, fractions_of_nginx_msec_go_before_the_whole_second) {
    const auto read = taken(R"(1769850000.250 ::1 - - [31/Jan/2026:09:00:01 +0000] "GET / HTTP/1.1" 200 2)");
    EXPECT_EQ(read.at, seconds(1'769'850'000) + 250ms);
    EXPECT_FALSE(read.whole_second);
    EXPECT_TRUE(taken(R"(10.0.0.1 - - [31/Jan/2026:09:00:01 +0000] "GET / HTTP/1.1" 200 2)").whole_second)
        << "an address is no time";
}

TEST(access_log, reads_lines_of_json) {
    const auto seconds_since =
        taken(R"({"ts": 1769850000.25, "method": "PUT", "path": "/a?b", "body": "{\"x\":1}", "z": 1})");
    EXPECT_EQ(seconds_since.at, seconds(1'769'850'000) + 250ms);
    EXPECT_FALSE(seconds_since.whole_second);
    EXPECT_EQ(seconds_since.method, "PUT");
    EXPECT_EQ(seconds_since.path, "/a?b");
    EXPECT_EQ(seconds_since.body, R"({"x":1})");
    EXPECT_EQ(taken(R"({"ts": 0, "path": "/"})").method, "GET");
    EXPECT_EQ(taken(R"({"ts": 0, "path": "/", "body": "x"})").method, "POST");
    for (const auto& [text, at] : std::vector<std::pair<std::string, nanoseconds>>{
             {"2026-01-31T10:00:00Z", seconds(1'769'853'600)},
             {"2026-01-31T10:00:00.000000001Z", seconds(1'769'853'600) + 1ns},
             {"2026-01-31 10:00:00.5", seconds(1'769'853'600) + 500ms},
             {"2026-01-31T10:00:00+01:30", seconds(1'769'848'200)},
             {"2026-01-31T10:00:00.25-0100", seconds(1'769'857'200) + 250ms}})
        EXPECT_EQ(taken(R"({"path": "/", "ts": ")" + text + "\"}").at, at) << text;
}

TEST(access_log, tells_why_a_line_is_no_request) {
    const auto clf = [](const std::string& time, const std::string& request) {
        return refusal("h - - [" + time + "] \"" + request + "\" 200 1");
    };
    const std::string now = "31/Jan/2026:10:00:00 +0100";
    EXPECT_EQ(refusal("something else"), "there is no [time]");
    EXPECT_EQ(refusal("h - - [" + now + "] GET /"), "there is no \"request\" behind the time");
    EXPECT_EQ(refusal("h - - [" + now + "] \"GET /"), "its \"request\" does not end");
    for (const auto* const time :
         {"", "31/Jan/2026", "30/Feb/2026:10:00:00 +0100", "31/Jan/2026:24:00:00 +0100",
          "31/Jan/2026:10:00:00", "31/Jan/1969:10:00:00 +0100", "31/Jan/2026:10:00:00 +0100x",
          "1/Jan/2026:10:00:00 +0100"})
        EXPECT_EQ(clf(time, "GET / HTTP/1.1"), "its [time] is not like [31/Jan/2026:10:00:00 +0100]") << time;
    for (const auto* const request : {"", "-", "GET", "\\x16\\x03\\x01", "GET http://h/ HTTP/1.1",
                                      "get / HTTP/1.1", "CONNECT /x HTTP/1.1", "OPTIONS * HTTP/1.1",
                                      "GET /\xc3\xa4 HTTP/1.1", "GET /\\x22 HTTP/1.1", "GET /a#b HTTP/1.1"})
        EXPECT_EQ(clf(now, request), "its \"request\" is not a method and a path") << request;
    EXPECT_EQ(clf(now, "GET /a b HTTP/1.1"), "its \"request\" is more than method, path and version");
    EXPECT_EQ(refusal("{"), "it is not JSON");
    EXPECT_EQ(refusal(R"({"path": "/"})").substr(0, 12), "\"ts\" is neit");
    for (const auto* const ts :
         {"-1", "1e12", "\"soon\"", "null", "\"2026-01-31\"", "\"2026-13-01T00:00:00Z\"",
          "\"2026-01-31T10:00:00Zz\"", "\"2026-01-31T10:00:00.Z\""})
        EXPECT_EQ(refusal("{\"path\": \"/\", \"ts\": " + std::string(ts) + "}").substr(0, 12),
                  "\"ts\" is neit")
            << ts;
    EXPECT_EQ(refusal(R"({"ts": 1, "path": "x"})"), "\"path\" is not a path of visible ASCII");
    EXPECT_EQ(refusal(R"({"ts": 1, "path": "/a\r\nX: y"})"), "\"path\" is not a path of visible ASCII");
    EXPECT_EQ(refusal(R"({"ts": 1, "path": "/", "method": "G T"})"), "\"method\" is not an HTTP method");
    EXPECT_EQ(refusal(R"({"ts": 1, "path": "/", "body": 1})"), "\"method\" and \"body\" are texts");
}

} // namespace
} // namespace beastmark::loadgen
