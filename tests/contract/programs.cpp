#include "tests/contract/programs.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace beastmark::testing {

namespace {

std::unique_ptr<backends> started;

/// Stops the backends after the last test (a static's destructor could come after what it needs).
class backends_environment : public ::testing::Environment {
public:
    void TearDown() override { started.reset(); }
};

[[maybe_unused]] const auto* registered = ::testing::AddGlobalTestEnvironment(new backends_environment);

} // namespace

backends& the_backends() {
    if (!started) {
        auto fresh = std::make_unique<backends>();
        const auto finished = run({.arguments = {built_program("ingest"), "--init-schema", "--postgres",
                                                 fresh->postgres.connection_string()}});
        if (finished.status != exit_status{0, 0})
            throw std::runtime_error("ingest --init-schema: " + finished.err);
        started = std::move(fresh);
    }
    return *started;
}

std::string program_under_test() {
    const char* name = std::getenv("BEASTMARK_CONTRACT_PROGRAM");
    return name != nullptr ? name : "baseline";
}

service_options options_of(const std::string& program, std::vector<std::string> arguments) {
    if (program == "ingest") {
        auto& behind = the_backends();
        arguments.insert(arguments.end(), {"--postgres", behind.postgres.connection_string(), "--memcached",
                                           behind.memcached.address()});
    }
    return {.program = program, .arguments = std::move(arguments)};
}

} // namespace beastmark::testing
