// The private servers do what other tests take for granted.

#include "tests/support/http_client.hpp"
#include "tests/support/memcached_server.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/types.h>
#include <unistd.h>

namespace beastmark::testing {

TEST(process_test, captures_output_and_exit_code) {
    const auto finished =
        run({.arguments = {"sh", "-c", "echo $GIVEN; echo oops >&2; exit 3"}, .environment = {"GIVEN=word"}});
    EXPECT_EQ(finished.status, (exit_status{3, 0}));
    EXPECT_EQ(finished.out, "word\n");
    EXPECT_EQ(finished.err, "oops\n");
}

TEST(process_test, names_a_program_that_does_not_exist) {
    EXPECT_THROW(process({.arguments = {"/nowhere/program"}}), std::system_error);
}

TEST(process_test, stop_escalates_to_sigkill_for_the_whole_group) {
    process child({.arguments = {"sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait; wait"}});
    ASSERT_TRUE(wait_until([&] { return child.out().ends_with('\n'); }));
    const ::pid_t grandchild = std::stoi(child.out());
    EXPECT_EQ(child.stop(100ms), (exit_status{-1, SIGKILL}));
    EXPECT_TRUE(wait_until([&] { return has_ended(grandchild); }));
}

TEST(process_test, limits_descriptors) {
    EXPECT_EQ(run({.arguments = {"sh", "-c", "ulimit -n"}, .descriptors = 123}).out, "123\n");
}

TEST(process_test, gives_no_descriptors_of_the_test_to_a_child) {
    const int mine = ::dup(STDERR_FILENO); // without O_CLOEXEC, as a library's may be
    const auto finished = run({.arguments = {"ls", "/proc/self/fd"}});
    ::close(mine);
    EXPECT_EQ(finished.out, "0\n1\n2\n3\n") << "3 is the folder that ls reads";
}

TEST(temporary_directory_test, goes_away_with_its_owner) {
    std::filesystem::path path;
    {
        const temporary_directory directory;
        path = directory.path();
        EXPECT_TRUE(std::filesystem::is_directory(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ports_test, are_not_given_twice) {
    EXPECT_NE(free_port(), free_port());
}

TEST(postgres_cluster_test, keeps_rows_over_a_crash_and_its_port) {
    postgres_cluster cluster;
    cluster.query("CREATE TABLE t(n int, x text)");
    cluster.query("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
    const auto port = cluster.port();
    cluster.restart(postgres_cluster::shutdown::immediate);
    EXPECT_EQ(cluster.port(), port);
    EXPECT_EQ(cluster.query("SELECT * FROM t ORDER BY n"), (postgres_rows{{"1", "a"}, {"2", "<null>"}}));
    EXPECT_EQ(cluster.value("SHOW synchronous_commit"), "on");
    EXPECT_THROW(cluster.query("SELECT nonsense"), std::runtime_error);
    cluster.stop();
    EXPECT_THROW(cluster.query("SELECT 1"), std::runtime_error);
}

TEST(memcached_server_test, loses_its_entries_and_keeps_its_port) {
    memcached_server server;
    http_client link(server.port());
    link.send("set k 0 0 1\r\nv\r\n");
    EXPECT_EQ(link.receive_some(patience), "STORED\r\n");
    server.stop();
    EXPECT_THROW(http_client{server.port()}, http_error);
    server.start();
    http_client again(server.port());
    again.send("get k\r\n");
    EXPECT_EQ(again.receive_some(patience), "END\r\n");
}

TEST(metrics_test, reads_labels_escapes_and_types) {
    const auto all =
        metrics::parse("# HELP a b\n# TYPE a counter\na{x=\"1\",y=\"q\\\"\\\\\"} 2\na{x=\"2\"} 3.5\nb 1e3\n");
    EXPECT_EQ(all.sum("a"), 5.5);
    EXPECT_EQ(all.sum("a", {{"x", "1"}, {"y", "q\"\\"}}), 2);
    EXPECT_EQ(all.sum("c"), std::nullopt);
    EXPECT_EQ(all.types().at("a"), "counter");
    EXPECT_THROW(metrics::parse("a{x=1} 2\n"), std::runtime_error);
    EXPECT_THROW(metrics::parse("a 1 2\n"), std::runtime_error);
}

} // namespace beastmark::testing
