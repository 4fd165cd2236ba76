// Requests that are not HTTP, or whose end cannot be told: RFC 9112 sections 2 to 7, RFC 9110 section 8.6.

#include "tests/contract/bad_input.hpp"

#include <string>
#include <vector>

namespace beastmark::testing {

namespace {

using namespace std::string_literals;

class contract_bad_framing : public ::testing::TestWithParam<bad_request> {};

TEST_P(contract_bad_framing, is_refused) {
    expect_refused(GetParam());
}

// The tables are made before main(): they cannot ask the target, only its environment, as posts() does.
const int ok = posts() ? 201 : 200;
const std::string method = posts() ? "POST" : "GET";
const std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";
const std::string length = std::to_string(body.size());
const std::string chunks = "2e\r\n" + body + "\r\n0\r\n\r\n";

/// With a body by length, so that only the given lines are wrong.
std::string with_lines(const std::string& lines) {
    return method + " /api/devices HTTP/1.1\r\nHost: test\r\n" + lines + "Content-Length: " + length +
           "\r\n\r\n" + body;
}

/// Framing lines given, then the bytes as body.
std::string framed(const std::string& lines, const std::string& bytes) {
    return method + " /api/devices HTTP/1.1\r\nHost: test\r\n" + lines + "\r\n" + bytes;
}

std::string start_line(const std::string& line) {
    return line + "\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n" + body;
}

std::vector<bad_request> lengths() {
    const auto closes = afterwards::closes;
    std::vector<bad_request> table = {
        {"length_and_chunked",
         framed("Content-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n", chunks),
         {400},
         closes},
        {"chunked_and_length",
         framed("Transfer-Encoding: chunked\r\nContent-Length: " + length + "\r\n", chunks),
         {400},
         closes},
        {"two_lengths_that_differ",
         framed("Content-Length: 5\r\nContent-Length: " + length + "\r\n", body),
         {400},
         closes},
        {"two_equal_lengths",
         framed("Content-Length: " + length + "\r\nContent-Length: " + length + "\r\n", body),
         {400},
         closes},
        {"list_of_equal_lengths",
         framed("Content-Length: " + length + ", " + length + "\r\n", body),
         {400},
         closes}, // RFC 9110 section 8.6 would allow to take it as one; the contract does not
        {"list_of_lengths_that_differ", framed("Content-Length: " + length + ", 5\r\n", body), {400}, closes},
    };
    const std::vector<std::pair<std::string, std::string>> malformed = {
        {"word", "abc"},          {"plus", "+46"},          {"minus", "-1"},      {"inner_space", "4 6"},
        {"hexadecimal", "0x2e"},  {"exponent", "4e1"},      {"fraction", "46.0"}, {"empty", ""},
        {"trailing_word", "46a"}, {"trailing_comma", "46,"}};
    for (const auto& [name, value] : malformed)
        table.push_back({"length_" + name, framed("Content-Length: " + value + "\r\n", body), {400}, closes});
    for (const std::string value :
         {"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
          "18446744073709551662", "99999999999999999999999"})
        table.push_back(
            {"length_" + value, framed("Content-Length: " + value + "\r\n", body), {400, 413}, closes});
    return table;
}

std::vector<bad_request> transfer_codings() {
    const auto closes = afterwards::closes;
    const std::string te = "Transfer-Encoding: ";
    return {
        {"gzip", framed(te + "gzip\r\n", body), {501}, closes},
        {"gzip_then_chunked", framed(te + "gzip, chunked\r\n", chunks), {501}, closes},
        {"gzip_then_chunked_in_two_lines",
         framed(te + "gzip\r\n" + te + "chunked\r\n", chunks),
         {501},
         closes},
        {"chunked_then_gzip", framed(te + "chunked, gzip\r\n", chunks), {400, 501}, closes},
        {"chunked_twice", framed(te + "chunked, chunked\r\n", chunks), {400, 501}, closes},
        {"chunked_in_two_lines", framed(te + "chunked\r\n" + te + "chunked\r\n", chunks), {400, 501}, closes},
        {"identity", framed(te + "identity\r\n", body), {400, 501}, closes},
        {"unknown", framed(te + "xchunked\r\n", chunks), {400, 501}, closes},
        {"quoted", framed(te + "\"chunked\"\r\n", chunks), {400, 501}, closes},
        {"empty_coding", framed(te + "\r\n", body), {400, 501}, closes},
        {"chunked_with_parameter", framed(te + "chunked;q=1\r\n", chunks), {400, 501, ok}, closes},
        {"chunked_in_http_1_0",
         method + " /api/devices HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n" + te +
             "chunked\r\n\r\n" + chunks,
         {400, 501, ok},
         closes},
    };
}

std::vector<bad_request> chunked_bodies() {
    const auto closes = afterwards::closes;
    const std::string te = "Transfer-Encoding: chunked\r\n";
    const std::string line = "2e\r\n" + body;
    return {
        {"size_is_no_number", framed(te, "xyz\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"size_is_empty", framed(te, "\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"size_is_negative", framed(te, "-1\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"size_has_a_sign", framed(te, "+2e\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"size_has_0x", framed(te, "0x2e\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"size_overflows_to_46",
         framed(te, "1000000000000002e\r\n" + body + "\r\n0\r\n\r\n"),
         {400, 413},
         closes},
        {"size_overflows_64_bits",
         framed(te, "fffffffffffffffff\r\n" + body + "\r\n0\r\n\r\n"),
         {400, 413},
         closes},
        {"size_is_2_to_the_63",
         framed(te, "8000000000000000\r\n" + body + "\r\n0\r\n\r\n"),
         {400, 413},
         closes},
        {"data_longer_than_its_size", framed(te, "2d\r\n" + body + "\r\n0\r\n\r\n"), {400}, closes},
        {"no_crlf_after_data", framed(te, line + "0\r\n\r\n"), {400}, closes},
        {"seventeen_kibibytes",
         framed(te, "4400\r\n" + std::string(0x4400, 'x') + "\r\n0\r\n\r\n"),
         {413},
         afterwards::as_announced},
        {"seventeen_kibibytes_in_small_chunks",
         framed(te,
                [] {
                    std::string all;
                    for (int i = 0; i < 17; ++i)
                        all += "400\r\n" + std::string(0x400, 'x') + "\r\n";
                    return all + "0\r\n\r\n";
                }()),
         {413},
         afterwards::as_announced},
        {"extension_of_20_kilobytes",
         framed(te, "2e;x=" + std::string(20'000, 'y') + "\r\n" + body + "\r\n0\r\n\r\n"),
         {400, 413, 431},
         closes},
        {"trailers_of_20_kilobytes",
         framed(te, line + "\r\n0\r\nX-T: " + std::string(20'000, 'y') + "\r\n\r\n"),
         {400, 413, 431},
         closes},
        {"trailer_without_colon", framed(te, line + "\r\n0\r\nnonsense\r\n\r\n"), {400}, closes},
    };
}

std::vector<bad_request> start_lines() {
    const auto closes = afterwards::closes;
    const std::string target = " /api/devices ";
    return {
        {"http_2_0", start_line(method + target + "HTTP/2.0"), {505}, closes},
        {"http_3_0", start_line(method + target + "HTTP/3.0"), {505}, closes},
        {"http_0_9_with_version", start_line(method + target + "HTTP/0.9"), {400, 505}, closes},
        {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}, closes},
        {"http_1_2", start_line(method + target + "HTTP/1.2"), {505, 400, ok}},
        {"http_1_10", start_line(method + target + "HTTP/1.10"), {400, 505}, closes},
        {"http_11", start_line(method + target + "HTTP/11"), {400, 505}, closes},
        {"lower_case_version", start_line(method + target + "http/1.1"), {400, 505}, closes},
        {"other_protocol", start_line(method + target + "RTSP/1.1"), {400, 505}, closes},
        {"no_version", "GET /api/devices\r\n\r\n", {400, 505}, closes},
        {"trailing_word", start_line(method + target + "HTTP/1.1 x"), {400, 505}, closes},
        {"no_target", start_line(method + " HTTP/1.1"), {400}, closes},
        {"empty_target", start_line(method + "  HTTP/1.1"), {400}, closes},
        {"two_spaces", start_line(method + "  /api/devices HTTP/1.1"), {400, ok}, closes},
        {"space_in_target", start_line(method + " /api/devices x HTTP/1.1"), {400}, closes},
        {"tab_as_separator", start_line(method + "\t/api/devices\tHTTP/1.1"), {400, ok}, closes},
        {"control_character_in_target", start_line(method + " /api/\x01/devices HTTP/1.1"), {400}, closes},
        {"nul_in_target", start_line(method + " /api/devices\0 HTTP/1.1"s), {400}, closes},
        {"bytes_above_127_in_target", start_line(method + " /api/\xc3\xa9 HTTP/1.1"), {400, 404}},
        {"target_without_slash", start_line(method + " api/devices HTTP/1.1"), {400, 404}},
        {"method_with_at", start_line("G@T" + target + "HTTP/1.1"), {400}, closes},
        {"method_with_colon", start_line("GE:T" + target + "HTTP/1.1"), {400}, closes},
        {"method_with_control_character", start_line("GE\x01T" + target + "HTTP/1.1"), {400}, closes},
        {"method_with_nul", start_line("GE\0T"s + target + "HTTP/1.1"), {400}, closes},
        {"method_with_high_byte", start_line("G\xc9T" + target + "HTTP/1.1"), {400}, closes},
        {"method_in_parentheses", start_line("(GET)" + target + "HTTP/1.1"), {400}, closes},
        {"method_empty", start_line(target + "HTTP/1.1"), {400}, closes},
        {"method_of_9_kilobytes",
         start_line(std::string(9000, 'M') + target + "HTTP/1.1"),
         {400, 405, 431, 501},
         closes},
    };
}

std::vector<bad_request> heads() {
    const auto closes = afterwards::closes;
    std::string many;
    for (int i = 0; i < 500; ++i)
        many += "X-Header-" + std::to_string(i) + ": 1\r\n";
    std::string lf_only = with_lines("");
    for (std::size_t at; (at = lf_only.find("\r\n")) != std::string::npos;)
        lf_only.erase(at, 1);
    return {
        {"no_host",
         method + " /api/devices HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\n" + body,
         {400}},
        {"two_hosts", with_lines("Host: other\r\n"), {400}},
        {"two_equal_hosts", with_lines("Host: test\r\n"), {400}},
        {"space_before_colon", with_lines("X-Name : value\r\n"), {400}, closes},
        {"space_before_colon_of_length", framed("Content-Length : " + length + "\r\n", body), {400}, closes},
        {"space_before_colon_of_transfer_encoding",
         framed("Transfer-Encoding : chunked\r\n", chunks),
         {400},
         closes},
        {"no_field_name", with_lines(": value\r\n"), {400}, closes},
        {"no_colon", with_lines("nonsense\r\n"), {400}, closes},
        {"bad_character_in_name", with_lines("X@Name: value\r\n"), {400}, closes},
        {"nul_in_name", with_lines("X\0Name: value\r\n"s), {400}, closes},
        {"high_byte_in_name", with_lines("X\xe9Name: value\r\n"), {400}, closes},
        {"nul_in_value", with_lines("X-Name: a\0b\r\n"s), {400, ok}, closes},
        {"bare_cr_in_value", with_lines("X-Name: a\rb\r\n"), {400, ok}, closes},
        {"bare_cr_before_smuggled_line", with_lines("X-Name: a\rContent-Length: 0\r\n"), {400, ok}, closes},
        {"obs_fold", with_lines("X-Name: a\r\n b\r\n"), {400, ok}, closes},
        {"obs_fold_of_transfer_encoding",
         framed("Transfer-Encoding:\r\n chunked\r\n", chunks),
         {400, 501, ok},
         closes},
        {"white_space_before_the_first_field",
         method + " /api/devices HTTP/1.1\r\n X-Name: a\r\nHost: test\r\nContent-Length: " + length +
             "\r\n\r\n" + body,
         {400, ok},
         closes},
        {"bare_lf", lf_only, {400, ok}, closes},
        {"nine_kibibytes_in_one_field",
         with_lines("X-Long: " + std::string(9 * 1024, 'x') + "\r\n"),
         {431},
         closes},
        {"nine_kibibytes_in_many_fields", with_lines(many), {431}, closes},
        {"nine_kibibytes_of_target",
         start_line(method + " /" + std::string(9 * 1024, 'x') + " HTTP/1.1"),
         {414, 431},
         closes},
        {"nine_kibibytes_of_field_name", with_lines(std::string(9 * 1024, 'x') + ": 1\r\n"), {431}, closes},
        {"a_megabyte_that_never_ends", "GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'x'), {431}, closes},
    };
}

std::vector<bad_request> garbage() {
    const auto closes = afterwards::closes;
    std::string every_byte;
    for (int i = 0; i < 256; ++i)
        every_byte += static_cast<char>(i);
    return {
        {"words", "hello, is this a web server?\r\n\r\n", {400}, closes},
        {"one_word", "NONSENSE\r\n\r\n", {400}, closes},
        {"tls_client_hello",
         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 random random\r\n\r\n"s,
         {400},
         closes},
        {"every_byte", every_byte + "\r\n\r\n", {400}, closes},
        {"nul_bytes", std::string(1000, '\0') + "\r\n\r\n", {400}, closes},
        {"json_without_http", body + "\r\n\r\n", {400}, closes},
        {"a_response", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {400, 505}, closes},
        {"high_bytes", std::string(1000, '\xff') + "\r\n\r\n", {400}, closes},
    };
}

INSTANTIATE_TEST_SUITE_P(length, contract_bad_framing, ::testing::ValuesIn(lengths()), name_of);
INSTANTIATE_TEST_SUITE_P(transfer_coding, contract_bad_framing, ::testing::ValuesIn(transfer_codings()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(chunks, contract_bad_framing, ::testing::ValuesIn(chunked_bodies()), name_of);
INSTANTIATE_TEST_SUITE_P(start_line, contract_bad_framing, ::testing::ValuesIn(start_lines()), name_of);
INSTANTIATE_TEST_SUITE_P(head, contract_bad_framing, ::testing::ValuesIn(heads()), name_of);
INSTANTIATE_TEST_SUITE_P(garbage, contract_bad_framing, ::testing::ValuesIn(garbage()), name_of);

} // namespace

} // namespace beastmark::testing
