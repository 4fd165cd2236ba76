// What every target answers to requests that are right.

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beastmark::testing {

namespace {

http_response exchange(const std::string& bytes, bool to_head = false) {
    auto client = the_target().connect();
    client.send(bytes);
    return client.receive(to_head);
}

std::string head_request(const std::string& path) {
    return "HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

void expect_405(const std::string& method) {
    SCOPED_TRACE(method);
    auto client = the_target().connect();
    client.send(method + " /api/devices HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    const auto response = client.receive();
    expect_error(response, {405});
    expect_connection_as_announced(client, response);
}

} // namespace

TEST(contract_answers, the_devices_or_the_stored_device) {
    expect_success(exchange(the_target().good_request()));
}

TEST(contract_answers, healthz_is_200) {
    EXPECT_EQ(exchange("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").status, 200);
}

TEST(contract_answers, a_query_does_not_change_the_route) {
    expect_success(exchange(the_target().good_request({}, "/api/devices?limit=3&x=%20")));
    expect_success(exchange(the_target().good_request({}, "/api/devices?")));
}

TEST(contract_answers, absolute_form_is_a_target_like_any_other) {
    expect_success(exchange(the_target().good_request({}, "http://test/api/devices")));
    expect_success(exchange(the_target().good_request({}, "HTTP://test:80/api/devices?a=b")));
    expect_error(exchange(the_target().good_request({}, "http://test/nowhere")), {404});
}

TEST(contract_answers, field_names_and_options_have_no_case) {
    const auto& target = the_target();
    auto client = target.connect();
    const std::string body = target.body();
    client.send(target.method() +
                " /api/devices HTTP/1.1\r\nhOsT: test\r\nCONTENT-length: " + std::to_string(body.size()) +
                "\r\ncontent-TYPE: Application/JSON\r\nCONNECTION: Close\r\n\r\n" + body);
    expect_success(client.receive());
    EXPECT_EQ(client.wait_for_end(), ending::closed);
}

TEST(contract_answers, optional_white_space_around_values_is_ignored) {
    expect_success(
        exchange(the_target().good_request({"X-Empty:", "X-Padded: \t  a b \t ", "Connection:close"})));
}

TEST(contract_answers, head_is_get_without_the_body) {
    const auto& target = the_target();
    const std::string path = target.kind == target_kind::get ? "/api/devices" : "/healthz";
    const auto with_body = exchange("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    auto client = target.connect();
    client.send(head_request(path) + target.good_request());
    const auto without = client.receive(true);
    EXPECT_EQ(without.status, with_body.status);
    EXPECT_EQ(without.header("Content-Type"), with_body.header("Content-Type"));
    EXPECT_EQ(without.header("Content-Length"), with_body.header("Content-Length"));
    expect_success(client.receive()); // and no byte of a body came before it
}

TEST(contract_answers, head_of_an_error_has_no_body) {
    auto client = the_target().connect();
    client.send(head_request("/nowhere") + the_target().good_request());
    EXPECT_EQ(client.receive(true).status, 404);
    expect_success(client.receive());
}

TEST(contract_answers, any_other_method_is_405_and_keeps_the_connection) {
    expect_405(the_target().kind == target_kind::get ? "POST" : "GET");
    for (const std::string method : {"PUT", "DELETE", "PATCH", "M-SEARCH"})
        expect_405(method);
}

TEST(contract_answers, an_invented_method_is_405_and_keeps_the_connection) {
    for (const std::string& method :
         {std::string("BREW"), std::string("get"), std::string("post"), std::string(64, 'X')})
        expect_405(method);
}

TEST(contract_answers, methods_with_a_meaning_of_their_own_are_not_served) {
    const auto& target = the_target();
    for (const std::string start : {"OPTIONS /api/devices", "TRACE /api/devices"}) {
        SCOPED_TRACE(start);
        expect_error(exchange(start + " HTTP/1.1\r\nHost: test\r\n\r\n"), {405});
    }
    for (const std::string start : {"OPTIONS *", "CONNECT test:80"}) {
        SCOPED_TRACE(start);
        auto client = target.connect();
        client.send(start + " HTTP/1.1\r\nHost: test\r\n\r\n");
        const auto response = client.receive();
        expect_error(response, {400, 404, 405, 501});
        expect_connection_as_announced(client, response);
    }
}

TEST(contract_answers, unknown_paths_are_404) {
    for (const std::string path :
         {"/", "/api", "/api/devices/", "/api/devices/1", "/api/devicesx", "/API/devices", "/api/devices%00",
          "/api/devices;a=b", "//api/devices", "/../api/devices"}) {
        SCOPED_TRACE(path);
        auto client = the_target().connect();
        client.send(the_target().good_request({}, path));
        const auto response = client.receive();
        expect_error(response, {404});
        expect_connection_as_announced(client, response);
    }
}

TEST(contract_answers, metrics_and_readiness_are_not_on_the_app_port) {
    EXPECT_EQ(exchange("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").status, 404);
}

TEST(contract_answers, error_details_do_not_break_out_of_their_json) {
    expect_error(exchange(the_target().good_request({}, "/\"}%22\\x")), {400, 404});
}

} // namespace beastmark::testing
