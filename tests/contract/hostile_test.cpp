// What an attacker sends: requests that two programs on the way might understand differently (smuggling,
// splitting), oddities of every part of a request, other protocols. Beside each row is why the answer is
// right: a section of RFC 9112 where no other is named. bad_framing_test.cpp has what is plainly malformed.

#include "tests/contract/bad_input.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

namespace {

using namespace std::string_literals;

struct hostile {
    bad_request request;
    std::string_view why;
};

void PrintTo(const hostile& row, std::ostream* out) { // NOLINT(readability-identifier-naming)
    *out << row.request.name << " (" << row.why << ")";
}

class contract_hostile : public ::testing::TestWithParam<hostile> {};

TEST_P(contract_hostile, is_answered_as_the_rfc_says) {
    SCOPED_TRACE(GetParam().why);
    expect_refused(GetParam().request);
}

// As in bad_framing_test.cpp: the tables are made before main().
bool posts() {
    const char* kind = std::getenv("BEASTMARK_CONTRACT_KIND");
    const char* program = std::getenv("BEASTMARK_CONTRACT_PROGRAM");
    return (kind != nullptr && kind == "post"s) || (program != nullptr && program == "ingest"s);
}

const int ok = posts() ? 201 : 200;
const std::string method = posts() ? "POST" : "GET";
const std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";
const std::string length = std::to_string(body.size());
const std::string chunks = "2e\r\n" + body + "\r\n0\r\n\r\n";
constexpr auto closes = afterwards::closes;
constexpr auto any = afterwards::as_announced;

/// A request line and a Host line as given, with a body by length.
std::string start(const std::string& line, const std::string& host = "Host: test\r\n") {
    return line + "\r\n" + host + "Content-Length: " + length + "\r\n\r\n" + body;
}

std::string to_target(const std::string& target) {
    return start(method + " " + target + " HTTP/1.1");
}

std::string in_version(const std::string& version) {
    return start(method + " /api/devices " + version);
}

std::string with_host(const std::string& line) {
    return start(method + " /api/devices HTTP/1.1", line);
}

/// Further lines, with a body by length.
std::string with_lines(const std::string& lines) {
    return with_host("Host: test\r\n" + lines);
}

/// Framing lines given, then the bytes as body.
std::string framed(const std::string& lines, const std::string& bytes) {
    return method + " /api/devices HTTP/1.1\r\nHost: test\r\n" + lines + "\r\n" + bytes;
}

std::string chunked(const std::string& bytes) {
    return framed("Transfer-Encoding: chunked\r\n", bytes);
}

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

std::vector<hostile> transfer_codings() {
    const auto te = [](const std::string& line) { return framed(line + "\r\n", chunks); };
    const auto beside = [](const std::string& line) { return with_lines(line + "\r\n"); };
    return {
        {{"tab_before_chunked", te("Transfer-Encoding:\tchunked"), {ok}, closes}, "5: OWS"},
        {{"blank_after_chunked", te("Transfer-Encoding: chunked \t"), {ok}, closes}, "5: OWS"},
        {{"vertical_tab",
          te("Transfer-Encoding: \x0b"
             "chunked"),
          {400},
          closes},
         "9110 5.5: a control"},
        {{"form_feed", te("Transfer-Encoding: chunked\x0c"), {400}, closes}, "9110 5.5: a control"},
        {{"nul", te("Transfer-Encoding: chunked\0"s), {400}, closes}, "9110 5.5: a control"},
        {{"bare_cr", te("Transfer-Encoding: chunked\r"), {400}, closes}, "2.2: bare CR is invalid"},
        {{"no_break_space",
          te("Transfer-Encoding:\xa0"
             "chunked"),
          {501},
          closes},
         "6.1: no known coding"},
        {{"empty_element_first", te("Transfer-Encoding: , chunked"), {501}, closes}, "9110 5.6.1"},
        {{"empty_element_last", te("Transfer-Encoding: chunked,"), {501}, closes}, "9110 5.6.1"},
        {{"then_identity", te("Transfer-Encoding: chunked, identity"), {501}, closes}, "7: chunked last"},
        {{"deflate_alone", te("Transfer-Encoding: deflate"), {501}, closes}, "6.3: no length to tell"},
        {{"nul_in_name", te("Transfer-\0Encoding: chunked"s), {400}, closes}, "9110 5.1: a token"},
        {{"tab_before_colon", te("Transfer-Encoding\t: chunked"), {400}, closes},
         "5.1: none before the colon"},
        {{"no_value_no_colon", te("Transfer-Encoding"), {400}, closes}, "5: a field has a colon"},
        {{"other_case_with_length", beside("tRANSFER-eNCODING: cHUNKED"), {400}, closes}, "6.3: both"},
        {{"length_between_two",
          te("Transfer-Encoding: chunked\r\nContent-Length: 3\r\nTE: x"),
          {400},
          closes},
         "6.3: both"},
        {{"underscore_is_another_name", beside("Transfer_Encoding: chunked"), {ok}, any}, "9110 5.1"},
        {{"prefix_is_another_name", beside("X-Transfer-Encoding: chunked"), {ok}, any}, "9110 5.1"},
        {{"folded_behind_another", beside("A: b\r\n Transfer-Encoding: chunked"), {400}, closes},
         "5.2: refused, or part of A"},
        {{"folded_by_tab", beside("A: b\r\n\tTransfer-Encoding: chunked"), {400}, closes}, "5.2"},
        {{"behind_a_bare_lf", beside("A: b\nTransfer-Encoding: chunked"), {400}, closes},
         "2.2: a line of its own, so both; or refused"},
        {{"behind_a_bare_cr", beside("A: b\rTransfer-Encoding: chunked"), {400}, closes},
         "2.2: refused, or part of A"},
    };
}

std::vector<hostile> lengths() {
    const auto by = [](const std::string& line) { return framed(line + "\r\n", body); };
    return {
        {{"leading_zeros", by("Content-Length: 00" + length), {ok}, closes}, "9110 8.6: 1*DIGIT"},
        {{"tabs_around", by("Content-Length:\t" + length + "\t"), {ok}, closes}, "5: OWS"},
        {{"vertical_tab", by("Content-Length: " + length + "\x0b"), {400}, closes}, "9110 5.5: a control"},
        {{"nul", by("Content-Length: " + length + "\0"s), {400}, closes}, "9110 5.5: a control"},
        {{"arabic_digits", by("Content-Length: \xd9\xa4\xd9\xa6"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"underscore", by("Content-Length: 4_6"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"parameter", by("Content-Length: 46;q=1"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"twice_in_one", by("Content-Length: 46 46"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"comma", by("Content-Length: ,"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"quoted", by("Content-Length: \"46\""), {400}, closes}, "9110 8.6: DIGIT"},
        {{"octal_or_hex", by("Content-Length: 0x"), {400}, closes}, "9110 8.6: DIGIT"},
        {{"differ_in_case_of_name", by("content-length: 5\r\nCONTENT-LENGTH: 46"), {400}, closes}, "6.3"},
        {{"nul_in_name", by("Content-\0Length: 46"s), {400}, closes}, "9110 5.1: a token"},
        {{"folded", by("Content-Length:\r\n 46"), {400}, closes}, "5.2"},
        {{"second_one_behind_a_bare_lf", by("Content-Length: 46\nContent-Length: 0"), {400}, closes},
         "2.2, 6.3"},
        {{"in_1_0_twice",
          method + " /api/devices HTTP/1.0\r\nContent-Length: 46\r\nContent-Length: 4\r\n\r\n" + body,
          {400},
          closes},
         "6.3: in any version"},
    };
}

std::vector<hostile> chunk_oddities() {
    const std::string line = "2e\r\n" + body;
    const std::string end = "\r\n0\r\n\r\n";
    return {
        {{"size_after_a_blank", chunked(" 2e\r\n" + body + end), {400}, closes}, "7.1: starts with a digit"},
        {{"size_before_a_blank", chunked("2e \r\n" + body + end), {400}, closes}, "7.1.1: BWS at most"},
        {{"size_and_bare_cr", chunked("2e\r\r\n" + body + end), {400}, closes}, "2.2: bare CR"},
        {{"size_and_nul", chunked("2e\0\r\n"s + body + end), {400}, closes}, "7.1"},
        {{"size_with_fraction", chunked("2e.0\r\n" + body + end), {400}, closes}, "7.1: HEXDIG"},
        {{"size_with_comma", chunked("2e,\r\n" + body + end), {400}, closes}, "7.1: HEXDIG"},
        {{"size_with_underscore", chunked("2_e\r\n" + body + end), {400}, closes}, "7.1: HEXDIG"},
        {{"size_of_thirty_zeros_more", chunked(std::string(30, '0') + line + end), {ok}, closes},
         "7.1: 1*HEXDIG"},
        {{"bare_lf_in_extension", chunked("2e;a\nb\r\n" + body + end), {400}, closes},
         "7.1.1: where does it end?"},
        {{"data_then_bare_lf", chunked(line + "\n0\r\n\r\n"), {400}, closes}, "7.1: CRLF"},
        {{"data_then_bare_cr", chunked(line + "\r0\r\n\r\n"), {400}, closes}, "7.1: CRLF"},
        {{"data_then_two_letters", chunked(line + "XX0\r\n\r\n"), {400}, closes}, "7.1: CRLF"},
        {{"data_shorter_than_its_size", chunked("2f\r\n" + body + end), {400}, closes}, "7.1: CRLF"},
        {{"last_is_0x0", chunked(line + "\r\n0x0\r\n\r\n"), {400}, closes}, "7.1: HEXDIG"},
        {{"last_is_minus_0", chunked(line + "\r\n-0\r\n\r\n"), {400}, closes}, "7.1: HEXDIG"},
        {{"last_has_many_zeros", chunked(line + "\r\n00000\r\n\r\n"), {ok}, any}, "7.1: 1*\"0\""},
        {{"trailer_frames", chunked(line + "\r\n0\r\nContent-Length: 5\r\n\r\n"), {400}, any},
         "9110 6.5.1: ignored or refused"},
        {{"trailer_transfer_encoding",
          chunked(line + "\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n"),
          {400},
          any},
         "9110 6.5.1"},
        {{"trailer_host", chunked(line + "\r\n0\r\nHost: other\r\n\r\n"), {ok}, any}, "9110 6.5.1"},
        {{"trailer_connection_close", chunked(line + "\r\n0\r\nConnection: close\r\n\r\n"), {ok}, any},
         "9110 6.5.1"},
        {{"trailer_with_blank_in_name", chunked(line + "\r\n0\r\nX : y\r\n\r\n"), {400}, closes}, "5.1"},
        {{"trailer_with_nul_in_name", chunked(line + "\r\n0\r\nX\0Y: y\r\n\r\n"s), {400}, closes},
         "9110 5.1"},
        {{"many_trailers", chunked(line + "\r\n0\r\n" + repeated("A: b\r\n", 3000) + "\r\n"), {400}, closes},
         "9110 5.4: a bound"},
        {{"seventeen_kibibytes_byte_by_byte",
          chunked(repeated("1\r\nx\r\n", 17 * 1024) + "0\r\n\r\n"),
          {413},
          any},
         "9110 15.5.14"},
    };
}

std::vector<hostile> targets() {
    return {
        {{"absolute_without_host", to_target("http:///api/devices"), {404}}, "9110 4.2.1: invalid"},
        {{"absolute_with_a_query_for_host", to_target("http://?/api/devices"), {404}}, "9110 4.2.1"},
        {{"absolute_and_another_host", to_target("http://other/api/devices"), {ok}},
         "3.2.2: Host is ignored"},
        {{"absolute_with_userinfo", to_target("http://a:b@test/api/devices"), {ok}}, "9110 4.2.4"},
        {{"absolute_ftp", to_target("ftp://test/api/devices"), {404}}, "9110 7.4: not ours"},
        {{"absolute_file", to_target("file:///api/devices"), {404}}, "9110 7.4: not ours"},
        {{"authority_form", to_target("test:80"), {404}}, "3.2.3: for CONNECT alone"},
        {{"asterisk_form", to_target("*"), {404}}, "3.2.4: for OPTIONS alone"},
        {{"connect", start("CONNECT test:80 HTTP/1.1"), {404}}, "9110 9.3.6: not a proxy"},
        {{"trace", start("TRACE /api/devices HTTP/1.1"), {405}}, "9110 9.3.8: nothing is sent back"},
        {{"two_slashes", to_target("//api/devices"), {404}}, "3986 3.3: another path"},
        {{"backslashes", to_target("\\api\\devices"), {404}}, "3.2.1: starts with a slash"},
        {{"malformed_escape", to_target("/api/devices%zz"), {404}}, "3986 2.1"},
        {{"escaped_nul", to_target("/api/devices%00"), {404}}, "3986 3.3: another path"},
        {{"escaped_crlf", to_target("/api/devices%0d%0aX:%20y"), {404}}, "3986 3.3: another path"},
        {{"dots_above_the_root", to_target("/../../etc/passwd"), {404}}, "3986 5.2.4"},
        {{"delete_character",
          to_target("/api/\x7f"
                    "devices"),
          {400}},
         "3986 2: not a character of URIs"},
        {{"crlf_in_target", start(method + " /api/devices\r\nX: y HTTP/1.1"), {400}, closes},
         "3: no version"},
        {{"bare_cr_in_target", to_target("/api/\rdevices"), {400}, closes}, "2.2: bare CR"},
        {{"vertical_tab_separates", start(method + "\x0b/api/devices HTTP/1.1"), {400}, closes}, "3: SP"},
        {{"lower_case_method", start((posts() ? "post"s : "get"s) + " /api/devices HTTP/1.1"), {405}},
         "9110 9.1: has case"},
        {{"method_of_every_token_character", start("!#$%&'*+-.^_`|~ /api/devices HTTP/1.1"), {405}},
         "9110 5.6.2"},
        {{"method_in_quotes", start("\"GET\" /api/devices HTTP/1.1"), {400}, closes}, "9110 5.6.2"},
    };
}

std::vector<hostile> versions() {
    return {
        {{"leading_zero", in_version("HTTP/01.1"), {400}, closes}, "2.3: one digit each"},
        {{"three_parts", in_version("HTTP/1.1.1"), {400}, closes}, "2.3"},
        {{"one_part", in_version("HTTP/1"), {400}, closes}, "2.3"},
        {{"sign", in_version("HTTP/+1.1"), {400}, closes}, "2.3"},
        {{"letter", in_version("HTTP/1.a"), {400}, closes}, "2.3"},
        {{"https", in_version("HTTPS/1.1"), {400}, closes}, "2.3"},
        {{"mixed_case", in_version("Http/1.1"), {400}, closes}, "2.3: has case"},
        {{"blank_inside", in_version("HTTP /1.1"), {400}, closes}, "2.3"},
        {{"blank_behind", in_version("HTTP/1.1 "), {400}, closes}, "3: nothing behind it"},
        {{"vertical_tab_behind", in_version("HTTP/1.1\x0b"), {400}, closes}, "3"},
        {{"nul_behind", in_version("HTTP/1.1\0"s), {400}, closes}, "3"},
        {{"bare_cr_behind", in_version("HTTP/1.1\r"), {400}, closes}, "2.2: bare CR"},
    };
}

std::vector<hostile> hosts() {
    const auto host = [](const std::string& value) { return with_host("Host: " + value + "\r\n"); };
    return {
        {{"empty", with_host("Host:\r\n"), {ok}}, "9110 7.2"},
        {{"list", host("a, b"), {400}}, "3.2: not a host"},
        {{"userinfo", host("user@test"), {400}}, "3.2: uri-host [ \":\" port ]"},
        {{"url", host("http://test"), {400}}, "3.2"},
        {{"path", host("test/api"), {400}}, "3.2"},
        {{"query", host("test?x"), {400}}, "3.2"},
        {{"fragment", host("test#x"), {400}}, "3.2"},
        {{"backslash", host("test\\x"), {400}}, "3986 3.2.2"},
        {{"markup", host("<script>"), {400}}, "3986 3.2.2"},
        {{"quoted", host("\"test\""), {400}}, "3986 3.2.2"},
        {{"malformed_escape", host("te%st"), {400}}, "3986 2.1"},
        {{"high_bytes", host("t\xc3\xa9st"), {400}}, "3986 3.2.2"},
        {{"port_in_letters", host("test:http"), {400}}, "3986 3.2.3: DIGIT"},
        {{"two_ports", host("test:80:80"), {400}}, "3986 3.2.3"},
        {{"open_bracket", host("[::1"), {400}}, "3986 3.2.2: IP-literal"},
        {{"port_behind_bracket_without_colon", host("[::1]80"), {400}}, "3986 3.2.2"},
        {{"control_character", host("te\x01st"), {400}, closes}, "9110 5.5"},
        {{"address_of_ip_version_6", host("[::1]:80"), {ok}, any}, "3986 3.2.2: well-formed"},
        {{"empty_port", host("test:"), {ok}, any}, "3986 3.2.3: well-formed"},
        {{"folded", with_host("Host:\r\n test\r\n"), {400}, closes}, "5.2"},
        {{"two_in_1_0", start(method + " /api/devices HTTP/1.0", "Host: a\r\nHost: b\r\n"), {400}, closes},
         "3.2: any request"},
    };
}

std::vector<hostile> options() {
    const auto with = [](const std::string& lines) { return with_lines(lines + "\r\n"); };
    return {
        {{"connection_close_and_keep_alive", with("Connection: keep-alive, close"), {ok}, any},
         "9.3: close wins"},
        {{"connection_names_host", with("Connection: Host"), {ok}, any}, "9110 7.6.1"},
        {{"connection_names_length", with("Connection: Content-Length"), {ok}, any}, "9110 7.6.1"},
        {{"connection_empty", with("Connection:"), {ok}, any}, "9110 5.6.1: empty list"},
        {{"connection_commas", with("Connection: ,,,,"), {ok}, any}, "9110 5.6.1: empty elements"},
        {{"connection_not_a_token", with("Connection: @@"), {400}, any}, "9110 7.6.1"},
        {{"upgrade_to_h2c",
          with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA"),
          {ok},
          any},
         "9110 7.8: may be ignored"},
        {{"upgrade_to_websocket",
          with("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"),
          {ok},
          any},
         "9110 7.8: may be ignored"},
        {{"upgrade_to_tls", with("Connection: Upgrade\r\nUpgrade: TLS/1.3"), {ok}, any}, "9110 7.8"},
        {{"upgrade_without_connection", with("Upgrade: h2c"), {ok}, any}, "9110 7.8"},
        {{"te_chunked", with("TE: chunked, trailers;q=0.5"), {ok}, any}, "9110 10.1.4"},
        {{"expect_two", with("Expect: 100-continue, tea"), {417}, any}, "9110 10.1.1"},
        {{"expect_second_line", with("Expect: tea\r\nExpect: 100-continue"), {417}, any}, "9110 10.1.1"},
        {{"method_override", with("X-HTTP-Method-Override: DELETE"), {ok}, any},
         "9110 9.1: the method is the line's"},
        {{"forwarded_path", with("X-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics"), {ok}, any},
         "9110 7.1: the target is the line's"},
        {{"range", with("Range: bytes=0-0,1-1,2-2,3-"), {ok}, any}, "9110 14.2: may be ignored"},
        {{"keep_alive_for_ever", with("Keep-Alive: timeout=18446744073709551616, max=-1"), {ok}, any},
         "9110 7.6.1"},
        {{"proxy_connection", with("Proxy-Connection: keep-alive"), {ok}, any}, "C.2.2: never of use"},
        {{"nine_kibibytes_of_empty_fields", with(repeated("A:\r\n", 2500) + "B:"), {431}, closes},
         "9110 5.4"},
        {{"nine_kibibytes_of_options", with("Connection: " + repeated("a,", 4700) + "b"), {431}, closes},
         "9110 5.4"},
    };
}

std::vector<hostile> protocols() {
    const std::string end = "\r\n\r\n";
    return {
        {{"byte_order_mark", "\xef\xbb\xbf" + start(method + " /api/devices HTTP/1.1"), {400}, closes}, "3"},
        {{"nul_first", "\0"s + start(method + " /api/devices HTTP/1.1"), {400}, closes}, "3"},
        {{"blank_first", " " + start(method + " /api/devices HTTP/1.1"), {400}, closes}, "3"},
        {{"bare_cr_first", "\r" + start(method + " /api/devices HTTP/1.1"), {400}, closes}, "2.2"},
        {{"proxy_protocol",
          "PROXY TCP4 1.2.3.4 5.6.7.8 80 80\r\n" + start(method + " / HTTP/1.1"),
          {400},
          closes},
         "3: not HTTP"},
        {{"proxy_protocol_2", "\r\n\r\n\0\r\nQUIT\n\x21\x11"s + end, {400}, closes}, "3: not HTTP"},
        {{"ssh", "SSH-2.0-OpenSSH_9.6" + end, {400}, closes}, "3: not HTTP"},
        {{"smtp", "EHLO test\r\nMAIL FROM:<a@b>" + end, {400}, closes}, "3: not HTTP"},
        {{"memcached", "set x 0 0 1\r\na" + end, {400}, closes}, "3: not HTTP"},
        {{"redis", "*1\r\n$4\r\nPING" + end, {400}, closes}, "3: not HTTP"},
        {{"sip", "REGISTER sip:test SIP/2.0" + end, {400}, closes}, "2.3"},
        {{"utf_16", "G\0E\0T\0 \0/\0 \0"s + end, {400}, closes}, "3: not HTTP"},
        {{"field_before_the_line",
          "Host: test\r\n" + start(method + " /api/devices HTTP/1.1"),
          {400},
          closes},
         "2.1: the line comes first"},
    };
}

std::string name_of_row(const ::testing::TestParamInfo<hostile>& info) {
    return info.param.request.name;
}

INSTANTIATE_TEST_SUITE_P(transfer_coding, contract_hostile, ::testing::ValuesIn(transfer_codings()),
                         name_of_row);
INSTANTIATE_TEST_SUITE_P(length, contract_hostile, ::testing::ValuesIn(lengths()), name_of_row);
INSTANTIATE_TEST_SUITE_P(chunk, contract_hostile, ::testing::ValuesIn(chunk_oddities()), name_of_row);
INSTANTIATE_TEST_SUITE_P(target, contract_hostile, ::testing::ValuesIn(targets()), name_of_row);
INSTANTIATE_TEST_SUITE_P(version, contract_hostile, ::testing::ValuesIn(versions()), name_of_row);
INSTANTIATE_TEST_SUITE_P(host, contract_hostile, ::testing::ValuesIn(hosts()), name_of_row);
INSTANTIATE_TEST_SUITE_P(option, contract_hostile, ::testing::ValuesIn(options()), name_of_row);
INSTANTIATE_TEST_SUITE_P(protocol, contract_hostile, ::testing::ValuesIn(protocols()), name_of_row);

} // namespace

} // namespace beastmark::testing
