// TLS to PostgreSQL with the server's certificate verified, and the password by SCRAM.

#include "tests/backend/ingest_fixture.hpp"
#include "tests/support/certificate_authority.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace beastmark::testing {

namespace {

using ::testing::HasSubstr;

const std::string password = "s3cret word";

class ingest_tls : public ::testing::Test {
protected:
    /// By address, so that no name is looked up; the name is what the certificate has to be for.
    std::string verifying(const std::string& host, const std::filesystem::path& authority) const {
        return "hostaddr=127.0.0.1 host=" + host + " port=" + std::to_string(cluster.port()) +
               " user=postgres dbname=postgres sslmode=verify-full channel_binding=require sslrootcert=" +
               authority.string();
    }

    service_options given(const std::string& connection, std::vector<std::string> environment) const {
        return {.program = "ingest",
                .arguments = {"--postgres", connection, "--memcached", memcached.address()},
                .environment = std::move(environment),
                .wait_until_ready = false};
    }

    /// Not ready, and the log says so and why in one line.
    void expect_refused(const std::string& connection, const std::string& why) {
        service running(given(connection, {"PGPASSWORD=" + password}));
        EXPECT_TRUE(wait_until([&] { return running.log().find(why) != std::string::npos; }))
            << running.log();
        EXPECT_THAT(running.log(), HasSubstr("cannot connect, trying again"));
        EXPECT_FALSE(running.ready());
        EXPECT_EQ(
            fetch(running.port(), "POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"1"})")
                .status,
            503);
        EXPECT_THAT(cluster.log(), ::testing::Not(HasSubstr("method=scram-sha-256")))
            << "said who it is to whom it does not know";
    }

    postgres_cluster cluster{{.settings = {"log_connections=on"}, .password = password, .tls = true}};
    memcached_server memcached;
};

} // namespace

TEST_F(ingest_tls, serves_over_a_link_to_the_server_it_was_told_of) {
    const temporary_directory directory;
    const auto file = directory.path() / "pgpass";
    std::ofstream(file) << "localhost:" << cluster.port() << ":postgres:postgres:" << password << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    const std::vector<std::string> environment = {"PGPASSFILE=" + file.string(), "PGPASSWORD"};
    const auto connection = verifying("localhost", cluster.authority());
    const auto made = run({.arguments = {built_program("ingest"), "--init-schema", "--postgres", connection},
                           .environment = environment});
    ASSERT_EQ(made.status, (exit_status{0, 0})) << made.err;

    service running(given(connection, environment));
    EXPECT_TRUE(wait_until([&] { return running.ready(); })) << running.log();
    const auto response =
        fetch(running.port(), "POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})");
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(cluster.value("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                            "WHERE application_name = 'beastmark-ingest'"),
              "t");
    EXPECT_THAT(cluster.log(), HasSubstr("method=scram-sha-256"));
}

TEST_F(ingest_tls, a_server_that_another_authority_vouches_for_is_refused) {
    const temporary_directory directory;
    const certificate_authority another(directory.path());
    expect_refused(verifying("localhost", another.certificate()), "certificate verify failed");
}

TEST_F(ingest_tls, a_server_of_another_name_is_refused) {
    expect_refused(verifying("elsewhere.test", cluster.authority()),
                   "does not match host name \"elsewhere.test\"");
}

} // namespace beastmark::testing
