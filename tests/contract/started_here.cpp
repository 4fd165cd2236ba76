// For the suites that start and stop what they test: with a target that listens already no test runs, and
// that is said once.

#include "tests/contract/programs.hpp"

#include <gtest/gtest.h>

#include <exception>

namespace beastmark::testing {

namespace {

class started_here_environment : public ::testing::Environment {
public:
    void SetUp() override {
        try {
            expect_started_here();
        } catch (const std::exception& failure) {
            FAIL() << failure.what();
        }
    }
};

[[maybe_unused]] const auto* registered = ::testing::AddGlobalTestEnvironment(new started_here_environment);

} // namespace

} // namespace beastmark::testing
