#include "server/request_parser.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::server {
namespace {

using state = request_parser::state;

const route_table routes{{"/api/devices", method::post}, {"/healthz", method::get}};
const request_limits limits;

// Feeds as a session does: what was not used is offered again with more behind it.
struct fed {
    explicit fed(const std::vector<std::string_view>& pieces) {
        for (const auto piece : pieces) {
            pending += piece;
            const auto used = parser.feed(pending);
            pending.erase(0, used);
        }
    }

    std::string body;
    request_parser parser{routes, limits, body};
    std::string pending;
};

std::string post_head(const std::string& headers) {
    return "POST /api/devices HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

unsigned status_of(const request_parser& parser) {
    return parser.error() ? static_cast<unsigned>(parser.error()->status) : 200;
}

constexpr std::string_view by_length =
    "POST /api/devices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 11\r\n\r\nhello world";
constexpr std::string_view by_chunks =
    "POST /api/devices HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: yes\r\n\r\n";

TEST(request_parser, reads_a_body_by_length_and_by_chunks) {
    for (const auto whole : {by_length, by_chunks}) {
        const fed request{{whole}};
        EXPECT_EQ(request.parser.current(), state::complete);
        EXPECT_FALSE(request.parser.error());
        EXPECT_EQ(request.body, "hello world");
        EXPECT_EQ(request.parser.route_index(), 0U);
        EXPECT_EQ(request.parser.requested_method(), method::post);
        EXPECT_TRUE(request.parser.keeps_alive());
        EXPECT_TRUE(request.pending.empty());
    }
}

TEST(request_parser, a_request_cut_at_any_byte_is_the_same_request) {
    for (const auto whole : {by_length, by_chunks}) {
        for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
            const fed request{{whole.substr(0, cut), whole.substr(cut)}};
            ASSERT_EQ(request.parser.current(), state::complete) << cut;
            ASSERT_EQ(request.body, "hello world") << cut;
        }
    }
}

TEST(request_parser, byte_by_byte) {
    for (const auto whole : {by_length, by_chunks}) {
        std::vector<std::string_view> bytes;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            bytes.push_back(whole.substr(i, 1));
        }
        const fed request{bytes};
        EXPECT_EQ(request.parser.current(), state::complete);
        EXPECT_EQ(request.body, "hello world");
    }
}

TEST(request_parser, a_folded_line_is_refused_however_it_is_cut) {
    for (const std::string_view blank : {" ", "\t", " \t "}) {
        for (const std::string_view name : {"Host:", "A: b", "Content-Length:"}) {
            std::string whole = "POST /api/devices HTTP/1.1\r\n";
            whole.append(name).append("\r\n").append(blank).append("1\r\n");
            whole.append(name == "Host:" ? "A: b\r\n\r\n" : "Host: x\r\n\r\n");
            const std::string_view bytes = whole;
            for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
                const fed request{{bytes.substr(0, cut), bytes.substr(cut)}};
                ASSERT_EQ(request.parser.current(), state::failed) << whole << cut;
                ASSERT_EQ(status_of(request.parser), 400U) << whole << cut;
                for (std::size_t second = cut; second <= bytes.size(); ++second) {
                    const fed thrice{
                        {bytes.substr(0, cut), bytes.substr(cut, second - cut), bytes.substr(second)}};
                    ASSERT_EQ(status_of(thrice.parser), 400U) << whole << cut << ' ' << second;
                }
            }
        }
    }
}

TEST(request_parser, a_blank_behind_the_request_line_is_refused_however_it_is_cut) {
    constexpr std::string_view whole = "GET /healthz HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n";
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        const fed request{{whole.substr(0, cut), whole.substr(cut)}};
        ASSERT_EQ(status_of(request.parser), 400U) << cut;
    }
}

TEST(request_parser, a_body_may_begin_with_a_blank) {
    const std::string whole = post_head("Content-Length: 2\r\n") + " x";
    const std::string_view bytes = whole;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const fed request{{bytes.substr(0, cut), bytes.substr(cut)}};
        ASSERT_EQ(request.parser.current(), state::complete) << cut;
        ASSERT_EQ(request.body, " x");
    }
}

TEST(request_parser, an_empty_chunked_body_cut_anywhere) {
    const std::string head = post_head("Transfer-Encoding: chunked\r\n");
    const std::string_view end = "0\r\n\r\n";
    for (std::size_t cut = 0; cut <= end.size(); ++cut) {
        const fed request{{head, end.substr(0, cut), end.substr(cut)}};
        EXPECT_EQ(request.parser.current(), state::complete) << cut;
        EXPECT_TRUE(request.body.empty());
    }
}

TEST(request_parser, leaves_the_next_request_alone) {
    const std::string two = std::string{by_length} + "GET /healthz HTTP/1.1\r\n";
    const fed request{{two}};
    EXPECT_EQ(request.parser.current(), state::complete);
    EXPECT_EQ(request.pending, "GET /healthz HTTP/1.1\r\n");
}

struct refused_case {
    const char* name;
    std::string request;
    unsigned status;
    state ends; // complete: the connection can be kept; failed: it cannot
};

class refused : public testing::TestWithParam<refused_case> {};

TEST_P(refused, with_its_status_and_the_connection_kept_or_not) {
    const fed request{{GetParam().request}};
    EXPECT_EQ(status_of(request.parser), GetParam().status);
    EXPECT_EQ(request.parser.current(), GetParam().ends);
}

std::string post(const std::string& headers, const std::string& body = "") {
    return post_head(headers) + body;
}

INSTANTIATE_TEST_SUITE_P(
    request_parser, refused,
    testing::Values(
        refused_case{"unknown_path", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, state::complete},
        refused_case{"wrong_method", "PUT /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, state::complete},
        refused_case{"invented_method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405, state::complete},
        refused_case{"media_type", post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), 415,
                     state::complete},
        refused_case{"media_type_prefix",
                     post("Content-Type: application/jsonx\r\nContent-Length: 2\r\n", "{}"), 415,
                     state::complete},
        refused_case{"expectation", post("Expect: magic\r\nContent-Length: 2\r\n", "{}"), 417,
                     state::complete},
        refused_case{"body_by_length", post("Content-Length: 16385\r\n"), 413, state::failed},
        refused_case{
            "body_by_chunks",
            post("Transfer-Encoding: chunked\r\n", "4001\r\n" + std::string(0x4001, 'x') + "\r\n0\r\n\r\n"),
            413, state::failed},
        refused_case{"many_small_chunks_too_large",
                     post("Transfer-Encoding: chunked\r\n",
                          [] {
                              std::string chunks;
                              for (int i = 0; i < 17; ++i) {
                                  chunks += "400\r\n" + std::string(0x400, 'x') + "\r\n";
                              }
                              return chunks + "0\r\n\r\n";
                          }()),
                     413, state::failed},
        refused_case{"endless_trailers",
                     post("Transfer-Encoding: chunked\r\n",
                          [] {
                              std::string trailers = "0\r\n";
                              for (int i = 0; i < 30'000; ++i) {
                                  trailers += "a: b\r\nc: d\r\n";
                              }
                              return trailers;
                          }()),
                     400, state::failed},
        refused_case{"length_and_chunked",
                     post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
                     state::failed},
        refused_case{"chunked_and_length",
                     post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400,
                     state::failed},
        refused_case{"two_equal_lengths", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400,
                     state::failed},
        refused_case{"two_lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400,
                     state::failed},
        refused_case{"length_list", post("Content-Length: 2, 2\r\n", "{}"), 400, state::failed},
        refused_case{"negative_length", post("Content-Length: -1\r\n"), 400, state::failed},
        refused_case{"huge_length", post("Content-Length: 99999999999999999999999\r\n"), 400, state::failed},
        refused_case{"empty_length", post("Content-Length: \r\n"), 400, state::failed},
        refused_case{"gzip", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, state::failed},
        refused_case{"chunked_twice",
                     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
                     state::failed},
        refused_case{"chunked_in_1_0",
                     "POST /api/devices HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     400, state::failed},
        refused_case{"bad_chunk_size", post("Transfer-Encoding: chunked\r\n", "zz\r\nab"), 400,
                     state::failed},
        refused_case{"no_host", "GET /healthz HTTP/1.1\r\n\r\n", 400, state::failed},
        refused_case{"host_with_a_space", "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400, state::failed},
        refused_case{"host_with_a_path", "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, state::failed},
        refused_case{"two_hosts", "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400, state::failed},
        refused_case{"head_in_one_line",
                     "GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n", 431,
                     state::failed},
        refused_case{"head_in_many_lines",
                     "GET /healthz HTTP/1.1\r\nHost: x\r\n" +
                         [] {
                             std::string lines;
                             for (int i = 0; i < 900; ++i) {
                                 lines += "A: 345678\r\n";
                             }
                             return lines;
                         }() +
                         "\r\n",
                     431, state::failed},
        refused_case{"http_2", "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505, state::failed},
        refused_case{"space_in_target", "GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n", 400, state::failed},
        refused_case{"no_version", "GET /healthz FTP/1.1\r\nHost: x\r\n\r\n", 400, state::failed},
        refused_case{"method_characters", "G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, state::failed},
        refused_case{"target_characters", "GET /hea\x01lthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, state::failed},
        refused_case{"space_before_colon", "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400, state::failed},
        refused_case{"garbage", "\x16\x03\x01\x02hello\r\n\r\n", 400, state::failed}),
    [](const auto& each) { return each.param.name; });

TEST(request_parser, a_head_of_many_reads_is_limited_as_a_whole) {
    fed request{{"GET /healthz HTTP/1.1\r\nHost: x\r\n"}};
    for (int i = 0; i < 2000 && request.parser.current() == state::need_more; ++i) {
        request.pending += "A: 345678\r\n";
        request.pending.erase(0, request.parser.feed(request.pending));
    }
    EXPECT_EQ(status_of(request.parser), 431U);
    EXPECT_EQ(request.parser.current(), state::failed);
}

TEST(request_parser, a_head_of_exactly_the_limit_is_taken) {
    const std::string start = "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ";
    for (const std::size_t size : {limits.head_bytes() - 1, limits.head_bytes(), limits.head_bytes() + 1}) {
        const fed request{{start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n"}};
        EXPECT_EQ(status_of(request.parser), size <= limits.head_bytes() ? 200U : 431U) << size;
    }
}

TEST(request_parser, http_1_0_closes_unless_asked_to_keep) {
    EXPECT_FALSE(fed{{"GET /healthz HTTP/1.0\r\n\r\n"}}.parser.keeps_alive());
    EXPECT_TRUE(fed{{"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}}.parser.keeps_alive());
    EXPECT_FALSE(fed{{"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}}.parser.keeps_alive());
}

TEST(request_parser, takes_a_host_that_is_one) {
    for (const std::string host : {"", "x", "x:", "x:80", "a-b_c.d~e", "1.2.3.4:80", "[::1]", "[::1]:80",
                                   "[v1.a]", "a%2Fb", "a!$&'()*+,;=b"}) {
        EXPECT_EQ(status_of(fed{{"GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"}}.parser), 200U)
            << host;
    }
    for (const std::string host :
         {"a b", "a/b", "u@a", "a?b", "a#b", "a\\b", "a%2", "a%zz", "a:b", "a:80:80", "[::1", "[::1]80",
          "[::1]:x", "::1", "\xe9", "<a>", "\"a\"", "a^b", "[a%]"}) {
        EXPECT_EQ(status_of(fed{{"GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"}}.parser), 400U)
            << host;
    }
}

TEST(request_parser, wants_continue_only_for_a_body_that_will_be_taken) {
    EXPECT_TRUE(fed{{post("Expect: 100-Continue\r\nContent-Length: 2\r\n")}}.parser.wants_continue());
    EXPECT_FALSE(fed{{post("Content-Length: 2\r\n")}}.parser.wants_continue());
    const fed refused_first{
        {"PUT /api/devices HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"}};
    EXPECT_FALSE(refused_first.parser.wants_continue());
    EXPECT_TRUE(refused_first.parser.refused_before_body());
    EXPECT_FALSE(
        fed{{"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"}}.parser.wants_continue());
}

TEST(request_parser, a_refused_body_is_read_to_its_end) {
    const fed request{{"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel", "loGET"}};
    EXPECT_EQ(request.parser.current(), state::complete);
    EXPECT_EQ(status_of(request.parser), 404U);
    EXPECT_EQ(request.pending, "GET");
}

} // namespace
} // namespace beastmark::server
