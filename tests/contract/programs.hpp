// Services of this build for tests that start their own: with short timeouts, to be drained, to be scraped.
#pragma once

#include "tests/support/memcached_server.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/service.hpp"

#include <string>
#include <vector>

namespace beastmark::testing {

/// PostgreSQL and memcached of this test run, with table device. Started at the first call.
struct backends {
    postgres_cluster postgres;
    memcached_server memcached;
};

backends& the_backends();

/// BEASTMARK_CONTRACT_PROGRAM, "baseline" when it is not set.
std::string program_under_test();

/// How to start it: for ingest with the backends, which must be up.
service_options options_of(const std::string& program, std::vector<std::string> arguments = {});

} // namespace beastmark::testing
