#include "loadgen/request.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::loadgen {
namespace {

request_template make(const std::string& method, const std::string& body,
                      const std::vector<std::string>& headers = {}) {
    return {method, url::parse("http://host:8080/api?x=1#y"), headers, body_template(body)};
}

std::string rendered(const request_template& t, std::uint64_t i) {
    std::string buffer(t.max_size(), '?');
    for (std::uint64_t before = 0; before < i; before += 7) // a buffer is used again and again
        t.render(buffer.data(), 1, before);
    buffer.resize(t.render(buffer.data(), 1, i));
    return buffer;
}

TEST(request_template, a_get_is_one_constant) {
    const auto t = make("GET", "");
    ASSERT_TRUE(t.constant());
    const std::string text(t.constant_bytes());
    EXPECT_TRUE(std::regex_match(
        text,
        std::regex("GET /api\\?x=1 HTTP/1\\.1\r\nHost: host:8080\r\nUser-Agent: loadgen/[^\r]+\r\n\r\n")))
        << text;
    EXPECT_FALSE(t.head_only());
    EXPECT_TRUE(make("HEAD", "").head_only());
}

TEST(request_template, a_constant_body_has_its_length) {
    const std::string text(make("POST", "hello").constant_bytes());
    EXPECT_NE(text.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\nContent-Length: 5\r\n\r\nhello")) << text;
    EXPECT_TRUE(std::string(make("POST", "").constant_bytes()).ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

TEST(request_template, the_length_follows_what_placeholders_become) {
    const auto t = make("POST", "{{seq}}-{{rand 0 100000}}");
    ASSERT_FALSE(t.constant());
    const body_template body("{{seq}}-{{rand 0 100000}}");
    for (const std::uint64_t i : {0u, 9u, 10u, 12'345u, 99'999u}) {
        const auto text = rendered(t, i);
        const auto expected = body.render(1, i);
        EXPECT_TRUE(
            text.ends_with("\r\nContent-Length: " + std::to_string(expected.size()) + "\r\n\r\n" + expected))
            << text;
    }
}

TEST(request_template, a_given_header_replaces_ours) {
    const std::string text(
        make("POST", "x", {"host: other", "Content-type:text/plain", "User-Agent: me", "X-A:  b"})
            .constant_bytes());
    EXPECT_EQ(
        text,
        "POST /api?x=1 HTTP/1.1\r\nhost: other\r\nContent-type: text/plain\r\nUser-Agent: me\r\nX-A: b\r\n"
        "Content-Length: 1\r\n\r\nx");
}

TEST(request_template, placeholders_of_target_and_headers_are_filled_in) {
    const auto where = url::parse_template("http://host/devices/{{rand 10 99}}?n={{seq}}");
    const std::vector<std::string> headers{"X-Id: {{uuid}}", "X-N: <{{seq}}>"};
    const request_template get("GET", where, headers, body_template());
    ASSERT_FALSE(get.constant());
    const std::regex form("GET /devices/([0-9]{2})\\?n=12 HTTP/1\\.1\r\nHost: host\r\nUser-Agent: [^\r]+\r\n"
                          "X-Id: [-0-9a-f]{36}\r\nX-N: <12>\r\n\r\n");
    const auto text = rendered(get, 12);
    EXPECT_TRUE(std::regex_match(text, form)) << text;
    EXPECT_EQ(rendered(get, 12), text);
    EXPECT_NE(rendered(get, 13), text);

    const request_template post("POST", where, headers, body_template("{{uuid}}"));
    const auto whole = rendered(post, 12);
    const auto body = body_template("{{uuid}}").render(1, 12);
    EXPECT_TRUE(whole.ends_with("\r\nX-N: <12>\r\nContent-Length: 36\r\n\r\n" + body)) << whole;
    EXPECT_EQ(whole.find(body), whole.size() - 36) << "the header's is another";

    // The first of the head and the first of the body are not the same draw.
    const request_template alike("POST", url::parse("http://host/"), headers, body_template("{{uuid}}"));
    const auto same_form = rendered(alike, 12);
    EXPECT_EQ(same_form.find(same_form.substr(same_form.size() - 36)), same_form.size() - 36);

    const request_template constant_body("POST", where, headers, body_template("hello"));
    EXPECT_TRUE(rendered(constant_body, 3).ends_with("\r\nX-N: <3>\r\nContent-Length: 5\r\n\r\nhello"));
}

TEST(request_template, refuses_what_would_break_the_message) {
    for (const char* const header :
         {"", "no colon", ": x", "a b: c", "a: b\r\nc: d", "Content-Length: 3", "transfer-encoding: chunked"})
        EXPECT_THROW(make("POST", "x", {header}), std::invalid_argument) << header;
    EXPECT_THROW(make("GET", "", {"X: {{nope}}"}), std::invalid_argument);
    EXPECT_THROW(make("GE T", ""), std::invalid_argument);
    EXPECT_THROW(make("", ""), std::invalid_argument);
}

TEST(url, of_a_target_may_have_placeholders_with_blanks) {
    const auto where = parse_target("http://h:1/a/{{rand 1 5}}?q={{pick my file.txt}}#no").where;
    EXPECT_EQ(where.target, "/a/{{rand 1 5}}?q={{pick my file.txt}}");
    EXPECT_EQ(where.text, "http://h:1/a/{{rand 1 5}}?q={{pick my file.txt}}#no");
    EXPECT_EQ(where.authority, "h:1");
    EXPECT_EQ(url::parse_template("http://h?a={{seq}}").target, "/?a={{seq}}");
    EXPECT_THROW(parse_target("http://h/a b/{{seq}}"), std::invalid_argument);
    EXPECT_THROW(url::parse("http://h/{{rand 1 5}}"), std::invalid_argument)
        << "not where nothing fills it in";
}

TEST(url, a_path_is_put_behind_that_of_the_url) {
    const auto where = url::parse("http://h/api/");
    EXPECT_EQ(joined_target(where, ""), "/api/");
    EXPECT_EQ(joined_target(where, "/devices?x=1"), "/api/devices?x=1");
    EXPECT_EQ(joined_target(where, "?x={{rand 1 2}}"), "/api/?x={{rand 1 2}}");
    EXPECT_EQ(joined_target(url::parse("http://h"), "/a"), "/a");
    EXPECT_EQ(joined_target(url::parse("http://h/a?b"), ""), "/a?b");
    EXPECT_THROW(joined_target(url::parse("http://h/a?b"), "/c"), std::invalid_argument);
    for (const auto* const wrong : {"a", "/a b", "/a\r\nX: y", "/\xc3\xa4", "/a#b"})
        EXPECT_THROW(joined_target(where, wrong), std::invalid_argument) << wrong;
}

TEST(url, is_taken_apart) {
    const auto plain = url::parse("http://example.org");
    EXPECT_EQ(plain.host, "example.org");
    EXPECT_EQ(plain.port, "80");
    EXPECT_EQ(plain.target, "/");
    EXPECT_EQ(plain.authority, "example.org");
    const auto v6 = url::parse("http://[::1]:8080/a/b?c#d");
    EXPECT_EQ(v6.host, "::1");
    EXPECT_EQ(v6.port, "8080");
    EXPECT_EQ(v6.target, "/a/b?c");
    EXPECT_EQ(v6.authority, "[::1]:8080");
    EXPECT_EQ(url::parse("http://h?q").target, "/?q");
    EXPECT_EQ(url::parse("http://[::1]").authority, "[::1]");
    EXPECT_FALSE(plain.secure);
}

TEST(url, of_https_has_another_usual_port) {
    const auto secure = url::parse("https://example.org/a");
    EXPECT_TRUE(secure.secure);
    EXPECT_EQ(secure.port, "443");
    EXPECT_EQ(secure.authority, "example.org");
    EXPECT_EQ(url::parse("https://example.org:80").authority, "example.org:80");
    EXPECT_EQ(url::parse("http://example.org:443").authority, "example.org:443");
}

TEST(url, refuses_what_it_cannot_send_to) {
    for (const char* const text :
         {"", "host", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:99999", "http://h:x",
          "http://h/a b", "http://u@h/", "http://h:", "http://[]/", "http://h/\xc3\xa9"})
        EXPECT_THROW(url::parse(text), std::invalid_argument) << text;
}

TEST(parse_target, reads_a_name_before_the_url) {
    EXPECT_EQ(parse_target("go=http://h/?a=b").name, "go");
    EXPECT_EQ(parse_target("go=http://h/?a=b").where.target, "/?a=b");
    EXPECT_EQ(parse_target("http://h/?a=b").name, "target");
    EXPECT_THROW(parse_target("a b=http://h/"), std::invalid_argument);
    EXPECT_THROW(parse_target("=http://h/"), std::invalid_argument);
}

} // namespace
} // namespace beastmark::loadgen
