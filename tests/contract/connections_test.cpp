// Connections: persistence, pipelining, and requests cut in pieces anywhere.

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <thread>
#include <vector>

namespace beastmark::testing {

namespace {

/// Time for the server to read the first piece alone. Too short makes a test weaker, never wrong.
void let_it_read() {
    std::this_thread::sleep_for(500us);
}

std::string numbered_request(int number) {
    const auto& target = the_target();
    const std::string body = target.body("v" + std::to_string(number));
    std::string text = target.method() + " /api/devices HTTP/1.1\r\nHost: test\r\n";
    if (!body.empty())
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

} // namespace

TEST(contract_connections, http_1_1_keeps_the_connection) {
    auto client = the_target().connect();
    for (int i = 0; i < 100; ++i) {
        client.send(the_target().good_request());
        const auto response = client.receive();
        expect_success(response);
        ASSERT_FALSE(announces_close(response));
    }
}

TEST(contract_connections, close_is_honoured) {
    for (const std::string option : {"close", "Close", "x-other, close", "close, x-other"}) {
        SCOPED_TRACE(option);
        auto client = the_target().connect();
        client.send(the_target().good_request({"Connection: " + option}));
        expect_success(client.receive());
        EXPECT_EQ(client.wait_for_end(), ending::closed);
        EXPECT_EQ(client.pending(), "");
    }
}

TEST(contract_connections, http_1_0_closes) {
    auto client = the_target().connect();
    client.send(the_target().good_request({}, "/api/devices", "HTTP/1.0"));
    expect_success(client.receive());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST(contract_connections, http_1_0_needs_no_host) {
    const auto& target = the_target();
    const std::string body = target.body();
    auto client = target.connect();
    client.send(target.method() + " /api/devices HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    expect_success(client.receive());
}

TEST(contract_connections, http_1_0_with_keep_alive_is_told_or_closed) {
    auto client = the_target().connect();
    const auto request = the_target().good_request({"Connection: keep-alive"}, "/api/devices", "HTTP/1.0");
    client.send(request);
    const auto response = client.receive();
    expect_success(response);
    const auto option = response.header("Connection").value_or("");
    if (option != "keep-alive" && option != "Keep-Alive") { // an old client needs it in writing
        EXPECT_EQ(client.wait_for_end(), ending::closed);
        return;
    }
    client.send(request);
    expect_success(client.receive());
}

TEST(contract_connections, a_client_that_finished_sending_still_gets_its_answer) {
    auto client = the_target().connect();
    client.send(the_target().good_request() + the_target().good_request());
    client.finish_sending();
    expect_success(client.receive());
    expect_success(client.receive());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST(contract_connections, pipelined_requests_are_answered_in_order) {
    auto client = the_target().connect();
    std::string all;
    for (int i = 0; i < 16; ++i)
        all += numbered_request(i);
    client.send(all);
    for (int i = 0; i < 16; ++i)
        expect_stored(client.receive(), "v" + std::to_string(i));
    EXPECT_EQ(client.pending(), "");
}

TEST(contract_connections, hundreds_of_pipelined_requests_are_answered_in_order) {
    auto client = the_target().connect();
    std::string all;
    for (int i = 0; i < 300; ++i)
        all += numbered_request(i);
    client.send(all);
    for (int i = 0; i < 300; ++i)
        expect_stored(client.receive(), "v" + std::to_string(i));
}

TEST(contract_connections, pipelined_good_and_bad_requests_keep_their_order) {
    const auto& target = the_target();
    const std::string bad_body = "{\"mac\": ";
    const std::vector<std::pair<std::string, int>> kinds = {
        {target.good_request(), target.success()},
        {"GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n", 404},
        {"DELETE /api/devices HTTP/1.1\r\nHost: test\r\n\r\n", 405},
        {"POST /api/devices HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(bad_body.size()) +
             "\r\n\r\n" + bad_body,
         target.kind == target_kind::post ? 400 : 405},
        {"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n", 200},
    };
    auto client = target.connect();
    std::string all;
    for (int i = 0; i < 20; ++i)
        all += kinds[i * 7 % kinds.size()].first;
    client.send(all);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(client.receive().status, kinds[i * 7 % kinds.size()].second) << "answer " << i;
}

TEST(contract_connections, what_follows_a_malformed_request_is_not_executed) {
    const auto& target = the_target();
    const auto before = target.rows();
    auto client = target.connect();
    client.send(numbered_request(1) + numbered_request(2) + "NONSENSE\r\n\r\n" + numbered_request(3));
    expect_stored(client.receive(), "v1");
    expect_stored(client.receive(), "v2");
    expect_error(client.receive(), {400});
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    EXPECT_EQ(client.pending(), "");
    if (before) {
        EXPECT_EQ(target.rows(), *before + 2);
    }
}

TEST(contract_connections, close_in_the_middle_of_a_pipeline_ends_it) {
    auto client = the_target().connect();
    client.send(the_target().good_request() + the_target().good_request({"Connection: close"}) +
                the_target().good_request());
    expect_success(client.receive());
    expect_success(client.receive());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
    EXPECT_EQ(client.pending(), "");
}

TEST(contract_connections, a_request_may_be_split_anywhere) {
    const std::string request = the_target().good_request({"X-Header: value"});
    auto client = the_target().connect();
    for (std::size_t at = 1; at < request.size(); ++at) {
        SCOPED_TRACE(at);
        client.send(std::string_view(request).substr(0, at));
        let_it_read();
        client.send(std::string_view(request).substr(at));
        const auto response = client.receive();
        expect_success(response);
        ASSERT_FALSE(announces_close(response));
    }
}

TEST(contract_connections, a_request_may_come_byte_by_byte) {
    auto client = the_target().connect();
    for (const char byte : the_target().good_request()) {
        client.send({&byte, 1});
        let_it_read();
    }
    expect_success(client.receive());
}

TEST(contract_connections, two_requests_may_be_split_anywhere) {
    const std::string both = numbered_request(1) + numbered_request(2);
    auto client = the_target().connect();
    for (std::size_t at = 1; at < both.size(); ++at) {
        SCOPED_TRACE(at);
        client.send(std::string_view(both).substr(0, at));
        let_it_read();
        client.send(std::string_view(both).substr(at));
        expect_stored(client.receive(), "v1");
        expect_stored(client.receive(), "v2");
        ASSERT_EQ(client.pending(), "");
    }
}

TEST(contract_connections, empty_lines_before_a_request_are_skipped) {
    auto client = the_target().connect();
    client.send("\r\n" + the_target().good_request());
    expect_success(client.receive());
    client.send("\r\n" + the_target().good_request() + "\r\n" + the_target().good_request());
    expect_success(client.receive());
    expect_success(client.receive());
}

TEST(contract_connections, a_client_that_goes_away_harms_nobody) {
    const std::string request = the_target().good_request();
    for (std::size_t at = 0; at <= request.size(); at += 7) {
        auto leaves = the_target().connect();
        leaves.send(std::string_view(request).substr(0, at));
        auto resets = the_target().connect();
        resets.send(std::string_view(request).substr(0, at));
        resets.abort();
    }
    expect_alive();
}

TEST(contract_connections, many_connections_at_once) {
    std::vector<http_client> clients;
    for (int i = 0; i < 200; ++i)
        clients.push_back(the_target().connect());
    for (auto& client : clients)
        client.send(the_target().good_request());
    for (auto& client : clients)
        expect_success(client.receive());
}

} // namespace beastmark::testing
