// A service on free ports: of this project (baseline, ingest), or any other that takes the same flags.
#pragma once

#include "tests/support/process.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace beastmark::testing {

/// The path of a program that this build made.
std::string built_program(const std::string& name);

/// True when a sanitizer has complained.
bool has_sanitizer_report(const std::string& log);

struct service_options {
    std::string program;                     // "baseline" or "ingest"; for messages where there is a command
    std::vector<std::string> arguments = {}; // besides addresses and ports
    std::vector<std::string> environment = {}; // as in process_options
    bool wait_until_ready = true;              // else: until the admin port answers /healthz
    std::vector<std::string> command = {};     // instead of the program of this build
    std::chrono::seconds start = patience;     // how long it may take to come up
};

/// Starts the program on 127.0.0.1 with two free ports (other ones when they were taken meanwhile) and waits
/// for it. The destructor stops it, and fails the test unless it exits with 0 and no sanitizer complained.
class service {
public:
    /// Throws std::runtime_error with the program's log when it does not come up.
    explicit service(service_options options);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    std::uint16_t admin_port() const noexcept { return admin_port_; }

    process& running() noexcept { return process_; }

    std::string log() const { return process_.err(); }

    /// GET /readyz is 200.
    bool ready() const;
    /// SIGTERM, and how it ended. What it ended with is then the test's to judge, not the destructor's.
    exit_status stop(std::chrono::milliseconds deadline = patience);

private:
    bool try_start();

    service_options options_;
    std::uint16_t port_ = 0;
    std::uint16_t admin_port_ = 0;
    bool judged_ = false;
    process process_;
};

/// The status of GET `path`, 0 when there is no answer.
int status_of(std::uint16_t port, const std::string& path);

} // namespace beastmark::testing
