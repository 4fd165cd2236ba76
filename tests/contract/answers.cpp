#include "tests/contract/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <regex>

namespace beastmark::testing {

namespace {

using json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::MatchesRegex;

constexpr const char* three_devices = R"([
 {"id":1,"uuid":"9add349c-c35c-4d32-ab0f-53da1ba40a2a","mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5",
  "created_at":"2024-05-28T15:21:51.137Z","updated_at":"2024-05-28T15:21:51.137Z"},
 {"id":2,"uuid":"d2293412-36eb-46e7-9231-af7e9249fffe","mac":"E7-34-96-33-0C-4C","firmware":"1.0.3",
  "created_at":"2024-01-28T15:20:51.137Z","updated_at":"2024-01-28T15:20:51.137Z"},
 {"id":3,"uuid":"eee58ca8-ca51-47a5-ab48-163fd0e44b77","mac":"68-93-9B-B5-33-B9","firmware":"4.3.1",
  "created_at":"2024-08-28T15:18:21.137Z","updated_at":"2024-08-28T15:18:21.137Z"}])";

/// Seconds since the epoch, of IMF-fixdate (RFC 9110 section 5.6.7) in C's locale.
std::optional<std::time_t> parse_imf_fixdate(const std::string& text) {
    static const std::regex form("(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] "
                                 "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
                                 "[0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT");
    std::tm time{};
    if (!std::regex_match(text, form) ||
        ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr)
        return std::nullopt;
    return ::timegm(&time);
}

void expect_near_now(std::time_t then) {
    EXPECT_LE(std::abs(std::difftime(then, std::time(nullptr))), 30.0);
}

void expect_common_headers(const http_response& response) {
    EXPECT_TRUE(response.version == "HTTP/1.1" || response.version == "HTTP/1.0") << response.version;
    EXPECT_EQ(response.count("Content-Length"), 1U);
    EXPECT_EQ(response.count("Content-Type"), 1U);
    EXPECT_THAT(response.header("Content-Type").value_or(""), MatchesRegex("application/json.*"));
    const auto date = parse_imf_fixdate(response.header("Date").value_or("none"));
    ASSERT_TRUE(date) << "Date: " << response.header("Date").value_or("none");
    expect_near_now(*date);
}

void expect_timestamp(const json& value) {
    ASSERT_TRUE(value.is_string()) << value;
    const auto text = value.get<std::string>();
    EXPECT_TRUE(std::regex_match(
        text, std::regex("[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3,9}Z")))
        << text;
    std::tm time{};
    ASSERT_NE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time), nullptr);
    expect_near_now(::timegm(&time));
}

void expect_device(const json& device) {
    std::vector<std::string> keys;
    for (const auto& item : device.items())
        keys.push_back(item.key());
    ASSERT_THAT(keys, ElementsAre("id", "uuid", "mac", "firmware", "created_at", "updated_at"));
    EXPECT_TRUE(device["id"].is_number_integer()) << device;
    EXPECT_GT(device["id"].get<std::int64_t>(), 0);
    EXPECT_TRUE(
        std::regex_match(device["uuid"].get<std::string>(),
                         std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
        << device;
    EXPECT_TRUE(device["mac"].is_string());
    EXPECT_TRUE(device["firmware"].is_string());
    expect_timestamp(device["created_at"]);
    expect_timestamp(device["updated_at"]);
}

bool has_option(const http_response& response, const std::string& option) {
    std::string value;
    for (const auto& [name, text] : response.headers)
        if (std::regex_match(name, std::regex("connection", std::regex::icase)))
            value += text + ",";
    return std::regex_search(value, std::regex("(^|,)\\s*" + option + "\\s*,", std::regex::icase));
}

} // namespace

void expect_success(const http_response& response) {
    const auto& target = the_target();
    ASSERT_EQ(response.status, target.success()) << response.body;
    expect_common_headers(response);
    const auto content = json::parse(response.body, nullptr, false);
    if (target.kind == target_kind::get) {
        EXPECT_EQ(content, json::parse(three_devices)) << response.body;
        EXPECT_EQ(content.dump(), json::parse(three_devices).dump()) << "another order of fields";
        return;
    }
    expect_device(content);
    EXPECT_THAT(response.header("X-Cache").value_or("none"), ::testing::AnyOf("stored", "failed"));
}

void expect_stored(const http_response& response, std::string_view firmware) {
    expect_success(response);
    if (the_target().kind == target_kind::post && response.status == 201) {
        EXPECT_EQ(json::parse(response.body)["firmware"], firmware);
    }
}

void expect_error(const http_response& response, const std::set<int>& statuses) {
    EXPECT_TRUE(statuses.contains(response.status)) << "got " << response.status << " " << response.body
                                                    << ", expected " << ::testing::PrintToString(statuses);
    expect_common_headers(response);
    const auto content = json::parse(response.body, nullptr, false);
    ASSERT_TRUE(content.is_object()) << response.body;
    for (const char* field : {"error", "detail"}) {
        ASSERT_TRUE(content.contains(field) && content[field].is_string()) << response.body;
        EXPECT_FALSE(content[field].get<std::string>().empty()) << response.body;
    }
    EXPECT_FALSE(std::regex_search(content["error"].get<std::string>(), std::regex("\\s")))
        << "an error code is one word: " << response.body;
    if (response.status == 405) {
        EXPECT_THAT(response.header("Allow").value_or("none"), ::testing::HasSubstr(the_target().method()));
    }
    if (response.status == 503) {
        EXPECT_TRUE(response.header("Retry-After"));
    }
}

bool announces_close(const http_response& response) {
    return has_option(response, "close") ||
           (response.version == "HTTP/1.0" && !has_option(response, "keep-alive"));
}

void expect_connection_as_announced(http_client& client, const http_response& response) {
    if (announces_close(response)) {
        EXPECT_EQ(client.wait_for_end(), ending::closed) << "close was announced";
        return;
    }
    client.send(the_target().good_request());
    expect_success(client.receive());
}

void expect_alive() {
    auto client = the_target().connect();
    client.send(the_target().good_request({"Connection: close"}));
    expect_success(client.receive());
}

} // namespace beastmark::testing
