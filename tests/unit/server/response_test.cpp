#include "server/response.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace beastmark::server {
namespace {

TEST(date_header, is_imf_fixdate) {
    date_header date;
    date.update(784111777); // the example of RFC 9110 section 5.6.7
    EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
    date.update(951782400);
    EXPECT_EQ(date.text(), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(append_response, is_one_head_and_the_body) {
    std::string out = "before";
    append_response(out, {.body = "[1]"}, "D", connection_header::none, true);
    EXPECT_EQ(out, "beforeHTTP/1.1 200 OK\r\nServer: beastmark\r\nDate: D\r\nContent-Type: "
                   "application/json\r\nContent-Length: 3\r\n\r\n[1]");
}

TEST(append_response, to_head_has_the_length_but_not_the_body) {
    std::string out;
    append_response(out, {.body = "[1]"}, "D", connection_header::close, false);
    EXPECT_NE(out.find("Content-Length: 3\r\n"), std::string::npos);
    EXPECT_NE(out.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(append_response, carries_extra_headers_and_any_status) {
    std::string out;
    append_response(
        out,
        {.status = http::status::service_unavailable, .body = "{}", .extra_headers = "Retry-After: 1\r\n"},
        "D", connection_header::keep_alive, true);
    EXPECT_TRUE(out.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_NE(out.find("\r\nConnection: keep-alive\r\nRetry-After: 1\r\n\r\n{}"), std::string::npos);
}

TEST(error_body, is_json_with_code_and_detail) {
    std::string text;
    append_error_body(text, errors::method_not_allowed);
    const auto body = nlohmann::json::parse(text);
    EXPECT_EQ(body.at("error"), "method_not_allowed");
    EXPECT_FALSE(body.at("detail").get<std::string>().empty());
    EXPECT_EQ(body.size(), 2U);
}

} // namespace
} // namespace beastmark::server
