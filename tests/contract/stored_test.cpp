// What a 201 promises: the row, and the cache entry. Only where the suite started the target, and so knows
// its PostgreSQL and its memcached.

#include "tests/contract/answers.hpp"
#include "tests/contract/programs.hpp"
#include "tests/contract/target.hpp"

#include <gtest/gtest.h>
#include <libmemcached/memcached.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <memory>
#include <string>

namespace beastmark::testing {

namespace {

using json = nlohmann::json;

class contract_stored : public ::testing::Test {
protected:
    void SetUp() override {
        if (!the_target().has_backends())
            GTEST_SKIP() << "the target has no POST, or is not started by the suite";
    }

    static http_response post(const std::string& firmware) {
        auto client = the_target().connect();
        client.send(request("POST", "/api/devices", the_target().body(firmware)));
        const auto response = client.receive();
        expect_stored(response, firmware);
        return response;
    }

    /// Through libmemcached, which knows nothing of any target's client. Empty: no entry.
    static std::string cached(const std::string& key) {
        const std::string configuration =
            "--SERVER=" + the_backends().memcached.address() + " --CONNECT-TIMEOUT=5000";
        const std::unique_ptr<memcached_st, decltype(&::memcached_free)> client(
            ::memcached(configuration.c_str(), configuration.size()), &::memcached_free);
        std::size_t length = 0;
        std::uint32_t flags = 0;
        memcached_return_t code = MEMCACHED_SUCCESS;
        const std::unique_ptr<char, decltype(&::free)> value(
            ::memcached_get(client.get(), key.data(), key.size(), &length, &flags, &code), &::free);
        EXPECT_TRUE(code == MEMCACHED_SUCCESS || code == MEMCACHED_NOTFOUND)
            << ::memcached_strerror(client.get(), code);
        EXPECT_EQ(flags, 0U);
        return value ? std::string(value.get(), length) : std::string();
    }
};

} // namespace

TEST_F(contract_stored, row_and_cache_entry_equal_the_answer) {
    auto& postgres = the_backends().postgres;
    const auto before = postgres.count("device");
    for (const std::string firmware : {"2.1.5", "\"quoted\" \\ and \n", "\xf0\x9f\x98\x80 \xc3\xa9"}) {
        const auto response = post(firmware);
        ASSERT_EQ(response.status, 201) << response.body;
        EXPECT_EQ(response.header("X-Cache"), "stored");
        const auto device = json::parse(response.body);
        const std::string uuid = device["uuid"];
        EXPECT_EQ(cached(uuid), response.body);
        EXPECT_EQ(
            postgres.query("SELECT id, mac, firmware FROM device WHERE uuid = '" + uuid + "'"),
            (postgres_rows{{std::to_string(device["id"].get<std::int64_t>()), device["mac"], firmware}}));
        EXPECT_EQ(postgres.value("SELECT created_at = '" + device["created_at"].get<std::string>() +
                                 "'::timestamptz AND updated_at = '" +
                                 device["updated_at"].get<std::string>() +
                                 "'::timestamptz FROM device WHERE uuid = '" + uuid + "'"),
                  "t");
    }
    EXPECT_EQ(postgres.count("device"), before + 3);
}

TEST_F(contract_stored, entry_expires_after_twenty_seconds) {
    const std::string uuid = json::parse(post("2.1.5").body)["uuid"];
    http_client link(the_backends().memcached.port());
    link.send("mg " + uuid + " t\r\n"); // t: seconds left
    const auto answer = link.receive_some(patience);
    ASSERT_TRUE(answer.starts_with("HD t")) << answer;
    const int left = std::stoi(answer.substr(4));
    EXPECT_LE(left, 20);
    EXPECT_GE(left, 10); // set at once; a slow machine may have needed some
}

} // namespace beastmark::testing
