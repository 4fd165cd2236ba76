#include "loadgen/observed_spec.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace beastmark::loadgen {
namespace {

template <class Function>
std::string refusal(Function parse, const char* text) {
    try {
        parse(text);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

TEST(observed_spec, reads_a_watch) {
    const watch_spec spec = parse_watch("postgres-15.main=4711");
    EXPECT_EQ(spec.name, "postgres-15.main");
    EXPECT_EQ(spec.pid, 4711);
}

TEST(observed_spec, refuses_a_watch_in_one_line_that_says_why) {
    EXPECT_EQ(refusal(parse_watch, "ingest"), "--watch wants NAME=PID, not 'ingest': there is no '='");
    for (const char* text : {"=1", "a b=1", "a=", "a=x", "a=0", "a=-1", "a=1x", "a=99999999999"})
        EXPECT_TRUE(refusal(parse_watch, text).starts_with("--watch wants NAME=PID, not '")) << text;
}

TEST(observed_spec, reads_a_scrape) {
    const scrape_spec spec = parse_scrape("ingest=http://127.0.0.1:8181/metrics?x=1");
    EXPECT_EQ(spec.name, "ingest");
    EXPECT_EQ(spec.url, "http://127.0.0.1:8181/metrics?x=1");
    EXPECT_EQ(spec.host, "127.0.0.1");
    EXPECT_EQ(spec.port, "8181");
    EXPECT_EQ(spec.path, "/metrics?x=1");
}

TEST(observed_spec, a_scrape_defaults_to_port_80_and_the_root) {
    const scrape_spec plain = parse_scrape("a=http://host");
    EXPECT_EQ(plain.host + " " + plain.port + " " + plain.path, "host 80 /");
    const scrape_spec ip6 = parse_scrape("a=http://[::1]:9?q#f");
    EXPECT_EQ(ip6.host + " " + ip6.port + " " + ip6.path, "::1 9 /?q");
}

TEST(observed_spec, refuses_a_scrape_in_one_line_that_says_why) {
    EXPECT_EQ(refusal(parse_scrape, "a=https://h/metrics"),
              "--scrape wants NAME=http://HOST[:PORT]/PATH, not 'a=https://h/metrics': the URL does not "
              "begin with http://");
    for (const char* text : {"http://h/metrics", "a=h:1", "a=http://", "a=http://:80/", "a=http://h:0/",
                             "a=http://h:65536/", "a=http://h:/", "a=http://[::1/", "a=http://[::1]x/",
                             "a=http://u@h/", "a=http://h/ x", "a=http://h/\r\nX: y"})
        EXPECT_TRUE(refusal(parse_scrape, text).starts_with("--scrape wants ")) << text;
}

} // namespace
} // namespace beastmark::loadgen
