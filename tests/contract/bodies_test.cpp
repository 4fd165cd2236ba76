// Bodies: by length, in chunks, announced with Expect, too large.

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace beastmark::testing {

namespace {

std::string hex(std::size_t number) {
    char text[20];
    std::snprintf(text, sizeof text, "%zX", number);
    return text;
}

std::string chunk(std::string_view data) {
    return data.empty() ? std::string() : hex(data.size()) + "\r\n" + std::string(data) + "\r\n";
}

/// A valid body for the target's method, padded with an unknown key to that size.
std::string padded_body(std::size_t size) {
    std::string body = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5","pad":"")";
    body.insert(body.size() - 1, std::string(size - body.size() - 1, 'x'));
    return body + "}";
}

std::string head_with_length(std::size_t length, const std::string& more = "") {
    return the_target().method() + " /api/devices HTTP/1.1\r\nHost: test\r\n" + more +
           "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

void expect_chunked_success(const std::string& chunks, const std::vector<std::string>& headers = {}) {
    auto client = the_target().connect();
    client.send(the_target().chunked_request(chunks, headers) + the_target().good_request());
    expect_success(client.receive());
    expect_success(client.receive()); // the framing was understood to its last byte
}

} // namespace

TEST(contract_bodies, chunked_in_one) {
    expect_chunked_success(chunk(the_target().body()) + "0\r\n\r\n");
}

TEST(contract_bodies, chunked_byte_by_byte_in_one_write) {
    std::string chunks;
    for (const char byte : the_target().body())
        chunks += chunk({&byte, 1});
    expect_chunked_success(chunks + "0\r\n\r\n");
}

TEST(contract_bodies, chunked_split_at_every_byte) {
    const auto body = the_target().body();
    const auto request =
        the_target().chunked_request(chunk(body.substr(0, body.size() / 2)) +
                                     chunk(body.substr(body.size() / 2)) + "0;last\r\nX-Trailer: 1\r\n\r\n");
    auto client = the_target().connect();
    for (std::size_t at = 1; at < request.size(); ++at) {
        SCOPED_TRACE(at);
        client.send(std::string_view(request).substr(0, at));
        client.send(std::string_view(request).substr(at));
        expect_success(client.receive());
    }
}

TEST(contract_bodies, chunk_extensions_and_trailers_are_ignored) {
    const auto body = the_target().body();
    std::string chunks;
    if (!body.empty())
        chunks = hex(body.size()) + ";name=value;other=\"quoted; string\"\r\n" + body + "\r\n";
    expect_chunked_success(chunks + "0;end\r\nX-Checksum: abc\r\nX-Other: 1\r\n\r\n",
                           {"Trailer: X-Checksum"});
}

TEST(contract_bodies, a_trailer_does_not_frame_anything) {
    expect_chunked_success(chunk(the_target().body()) + "0\r\nX-A: b\r\nExpires: never\r\n\r\n");
}

TEST(contract_bodies, chunk_sizes_have_leading_zeros_and_either_case) {
    const auto body = the_target().body();
    if (body.empty())
        GTEST_SKIP() << "GET has no body";
    std::string lower = hex(body.size());
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    expect_chunked_success("000" + lower + "\r\n" + body + "\r\n0\r\n\r\n");
}

TEST(contract_bodies, transfer_encoding_has_no_case) {
    const auto& target = the_target();
    auto client = target.connect();
    client.send(target.method() +
                " /api/devices HTTP/1.1\r\nHost: test\r\ntransfer-ENCODING: Chunked\r\n\r\n" +
                chunk(target.body()) + "0\r\n\r\n");
    expect_success(client.receive());
}

TEST(contract_bodies, sixteen_kibibytes_are_accepted) {
    if (the_target().kind == target_kind::get)
        GTEST_SKIP() << "GET has no body";
    const auto body = padded_body(16 * 1024);
    auto client = the_target().connect();
    client.send(head_with_length(body.size()) + body);
    expect_success(client.receive());
    expect_chunked_success(chunk(body.substr(0, 10'000)) + chunk(body.substr(10'000)) + "0\r\n\r\n");
}

TEST(contract_bodies, one_byte_more_is_413) {
    const auto body = padded_body(16 * 1024 + 1);
    auto client = the_target().connect();
    client.send(head_with_length(body.size()) + body);
    const auto response = client.receive();
    expect_error(response, {413});
    expect_connection_as_announced(client, response);
    expect_alive();
}

TEST(contract_bodies, expect_100_continue_asks_for_the_body) {
    const auto body = padded_body(1000);
    auto client = the_target().connect();
    client.send(head_with_length(body.size(), "Expect: 100-continue\r\n"));
    auto response = client.receive();
    if (response.status == 100) {
        client.send(body);
        response = client.receive();
        expect_success(response);
        expect_connection_as_announced(client, response);
    } else { // a final answer without the body is right only where the body does not matter
        ASSERT_EQ(the_target().kind, target_kind::get);
        expect_success(response);
    }
}

TEST(contract_bodies, expect_100_continue_with_a_body_that_does_not_wait) {
    const auto body = padded_body(1000);
    auto client = the_target().connect();
    client.send(head_with_length(body.size(), "Expect: 100-Continue\r\n") + body);
    auto response = client.receive();
    if (response.status == 100)
        response = client.receive();
    expect_success(response);
    expect_connection_as_announced(client, response);
}

TEST(contract_bodies, expect_100_continue_is_not_answered_in_http_1_0) {
    const auto body = padded_body(1000);
    auto client = the_target().connect();
    client.send(the_target().method() + " /api/devices HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    expect_success(client.receive());
}

TEST(contract_bodies, expect_100_continue_of_a_large_body_is_refused_at_once) {
    auto client = the_target().connect();
    client.send(head_with_length(17 * 1024, "Expect: 100-continue\r\n"));
    expect_error(client.receive(), {413}); // no 100 before it, and without any byte of the body
    expect_alive();
}

TEST(contract_bodies, expect_100_continue_of_an_unknown_path_is_refused_at_once) {
    auto client = the_target().connect();
    client.send(
        "POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    auto response = client.receive();
    if (response.status == 100) { // asking first is allowed
        client.send(std::string(100, 'x'));
        response = client.receive();
    }
    expect_error(response, {404});
    expect_alive();
}

TEST(contract_bodies, any_other_expectation_is_417) {
    auto client = the_target().connect();
    client.send(the_target().good_request({"Expect: 200-maybe"}));
    const auto response = client.receive();
    expect_error(response, {417});
    expect_connection_as_announced(client, response);
}

// RFC 9112 section 9.6: a server that closes while the client still sends makes TCP reset the connection,
// and the reset makes the client lose the answer that explains it.
TEST(contract_bodies, a_client_still_sending_a_large_body_can_read_the_413) {
    for (int round = 0; round < 5; ++round) {
        auto client = the_target().connect();
        const std::string block(16 * 1024, 'x');
        ASSERT_TRUE(client.try_send(head_with_length(1024 * 1024)));
        for (int sent = 0; sent < 64; ++sent)
            ASSERT_TRUE(client.try_send(block)) << "reset after " << sent << " blocks";
        expect_error(client.receive(), {413});
        client.finish_sending();
        EXPECT_EQ(client.wait_for_end(), ending::closed);
    }
}

TEST(contract_bodies, a_client_still_sending_large_chunks_can_read_the_413) {
    auto client = the_target().connect();
    const std::string block = chunk(std::string(16 * 1024, 'x'));
    ASSERT_TRUE(client.try_send(the_target().chunked_request("")));
    for (int sent = 0; sent < 64; ++sent)
        ASSERT_TRUE(client.try_send(block)) << "reset after " << sent << " chunks";
    ASSERT_TRUE(client.try_send("0\r\n\r\n"));
    expect_error(client.receive(), {413});
    client.finish_sending();
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST(contract_bodies, a_body_of_a_request_that_is_refused_is_not_read_as_the_next_request) {
    const auto& target = the_target();
    const auto before = target.rows();
    const std::string smuggled = target.good_request();
    for (const std::string start : {"POST /nowhere", "PUT /api/devices", "GET /nowhere"}) {
        SCOPED_TRACE(start);
        auto client = target.connect();
        client.send(start + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(smuggled.size()) +
                    "\r\n\r\n" + smuggled);
        const auto response = client.receive();
        expect_error(response, {404, 405});
        if (announces_close(response)) {
            EXPECT_EQ(client.wait_for_end(), ending::closed);
            EXPECT_EQ(client.pending(), "");
        } else {
            client.send("GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
            EXPECT_EQ(client.receive().status, 200);
            EXPECT_EQ(client.wait_for_end(), ending::closed);
            EXPECT_EQ(client.pending(), "");
        }
    }
    EXPECT_EQ(target.rows(), before);
}

} // namespace beastmark::testing
