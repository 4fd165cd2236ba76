// What is accepted as a device, at the edges. Only for targets that serve POST.

#include "tests/contract/answers.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace beastmark::testing {

namespace {

class contract_devices : public ::testing::Test {
protected:
    void SetUp() override {
        if (the_target().kind == target_kind::get)
            GTEST_SKIP() << "the target has no POST";
        client_ = the_target().connect();
    }

    nlohmann::json post(const std::string& content, const std::string& type = "application/json") {
        client_->send(request("POST", "/api/devices", content, {"Content-Type: " + type}));
        const auto response = client_->receive();
        expect_success(response);
        return nlohmann::json::parse(response.body);
    }

    std::string firmware_of(const std::string& json_string) {
        return post(R"({"mac":"EF-2B-C4-F5-D6-34","firmware":)" + json_string + "}").at("firmware");
    }

private:
    std::optional<http_client> client_;
};

} // namespace

TEST_F(contract_devices, are_answered_as_they_were_given) {
    const auto device = post(R"({"mac": "EF-2B-C4-F5-D6-34", "firmware": "2.1.5"})");
    EXPECT_EQ(device["mac"], "EF-2B-C4-F5-D6-34");
    EXPECT_EQ(device["firmware"], "2.1.5");
}

TEST_F(contract_devices, have_ids_and_uuids_of_their_own) {
    std::set<std::int64_t> ids;
    std::set<std::string> uuids;
    for (int i = 0; i < 50; ++i) {
        const auto device = post(R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})");
        ids.insert(device["id"].get<std::int64_t>());
        uuids.insert(device["uuid"].get<std::string>());
    }
    EXPECT_EQ(ids.size(), 50U);
    EXPECT_EQ(uuids.size(), 50U);
}

TEST_F(contract_devices, mac_may_be_in_lower_case) {
    const std::string mac = post(R"({"mac":"ef-2b-c4-f5-d6-0a","firmware":"2.1.5"})").at("mac");
    EXPECT_TRUE(mac == "ef-2b-c4-f5-d6-0a" || mac == "EF-2B-C4-F5-D6-0A") << mac;
}

TEST_F(contract_devices, white_space_and_order_of_fields_do_not_matter) {
    post("\r\n\t {\n \"firmware\" :\t\"1\" ,\r\n \"mac\" : \"EF-2B-C4-F5-D6-34\"\n} \r\n\t ");
}

TEST_F(contract_devices, unknown_keys_are_ignored) {
    post(
        R"({"id":7,"uuid":"x","nested":{"a":[1,-2.5e+10,{"mac":"bad"}],"b":{}},"mac":"EF-2B-C4-F5-D6-34","t":true,
             "f":false,"n":null,"firmware":"2.1.5","":"","s":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00"})");
}

TEST_F(contract_devices, of_a_key_given_twice_the_last_counts) {
    const auto device =
        post(R"({"mac":"00-00-00-00-00-00","firmware":"1","mac":"EF-2B-C4-F5-D6-34","firmware":"2"})");
    EXPECT_EQ(device["mac"], "EF-2B-C4-F5-D6-34");
    EXPECT_EQ(device["firmware"], "2");
}

TEST_F(contract_devices, only_the_last_of_a_key_given_twice_is_looked_at) {
    const auto device =
        post(R"({"mac":"bad","firmware":"","mac":"EF-2B-C4-F5-D6-34","firmware":[1],"firmware":"2"})");
    EXPECT_EQ(device["firmware"], "2");
}

TEST_F(contract_devices, escaped_keys_are_keys) {
    EXPECT_EQ(post(R"({"\u006dac":"EF-2B-C4-F5-D6-34","firm\u0077are":"2"})").at("firmware"), "2");
}

TEST_F(contract_devices, firmware_is_counted_in_characters) {
    std::string smiles;
    std::string escapes;
    for (int i = 0; i < 64; ++i) {
        smiles += "\xf0\x9f\x98\x80";
        escapes += "\\ud83d\\ude00";
    }
    EXPECT_EQ(firmware_of("\"" + smiles + "\""), smiles);
    EXPECT_EQ(firmware_of("\"" + escapes + "\""), smiles);
    EXPECT_EQ(firmware_of("\"" + std::string(64, 'x') + "\""), std::string(64, 'x'));
    EXPECT_EQ(firmware_of("\"x\""), "x");
}

TEST_F(contract_devices, firmware_may_hold_anything_but_nul) {
    EXPECT_EQ(firmware_of(R"("\"\\\/\b\f\n\r\t\u0001\u001f\u007f")"), "\"\\/\b\f\n\r\t\x01\x1f\x7f");
    EXPECT_EQ(firmware_of(R"("'); DROP TABLE device; --")"), "'); DROP TABLE device; --");
    EXPECT_EQ(firmware_of(R"("\u00e9\u20ac\ufffd\uffff")"), "\xc3\xa9\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbf");
    EXPECT_EQ(firmware_of("\"</script>&%s{}\""), "</script>&%s{}");
    EXPECT_EQ(firmware_of("\"\xe2\x80\xa8 \xf4\x8f\xbf\xbf\""), "\xe2\x80\xa8 \xf4\x8f\xbf\xbf");
}

TEST_F(contract_devices, firmware_of_64_characters_that_all_need_escapes) {
    std::string escapes;
    for (int i = 0; i < 64; ++i)
        escapes += "\\u0001";
    EXPECT_EQ(firmware_of("\"" + escapes + "\""), std::string(64, '\x01'));
}

TEST_F(contract_devices, content_type_may_have_parameters_and_either_case) {
    const std::string content = R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})";
    for (const std::string type : {"application/json; charset=utf-8", "APPLICATION/JSON",
                                   "application/json;charset=UTF-8", "application/json ; a=\"b\""}) {
        SCOPED_TRACE(type);
        post(content, type);
    }
}

TEST_F(contract_devices, content_type_may_be_missing) {
    auto client = the_target().connect();
    client.send(request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})"));
    expect_success(client.receive());
}

TEST_F(contract_devices, deep_nesting_in_an_ignored_key_is_survived) {
    const std::string deep = std::string(4000, '[') + std::string(4000, ']');
    auto client = the_target().connect();
    client.send(request("POST", "/api/devices",
                        R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5","x":)" + deep + "}"));
    const auto response = client.receive();
    if (response.status != 201)
        expect_error(response, {400}); // a limit is allowed, a crash is not
    expect_alive();
}

TEST_F(contract_devices, timestamps_are_the_same_at_first) {
    const auto device = post(R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})");
    EXPECT_EQ(device["created_at"], device["updated_at"]);
}

} // namespace beastmark::testing
