// What the suites start: a service of this build, or any other program that takes the flags of every target.
#pragma once

#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/service.hpp"

#include <string>
#include <vector>

namespace beastmark::testing {

/// Which half of the contract is kept: GET (baseline and the like) or POST (ingest and the like).
enum class target_kind { get, post };

/// Chosen for the whole run by environment variables: BEASTMARK_CONTRACT_PROGRAM=baseline|ingest of this
/// build (default: baseline), or BEASTMARK_CONTRACT_COMMAND='["python3", "my service.py"]', any program, its
/// words as JSON, and BEASTMARK_CONTRACT_KIND=get|post: it is given addresses, ports and, for post,
/// --postgres URI,
/// --memcached and --pool 8. The kind may be asked before main(), for tables of tests.
target_kind kind_under_test();

/// A program of this build is under test.
bool is_ours();

inline bool posts() {
    return kind_under_test() == target_kind::post;
}

/// "" when it is not set.
std::string variable(const char* name);

/// PostgreSQL and memcached of this test run, with table device. Started at the first call.
struct backends {
    postgres_cluster postgres;
    memcached_server memcached;
};

backends& the_backends();

/// The program of this build under test, for what only ours can do.
std::string program_under_test();

/// Throws std::runtime_error when what is under test listens already: it can be neither started nor stopped.
void expect_started_here();

/// How to start what is under test: for POST with the backends, which must be up.
/// Throws std::runtime_error when the variables make no sense.
service_options options_under_test(std::vector<std::string> arguments = {});

} // namespace beastmark::testing
