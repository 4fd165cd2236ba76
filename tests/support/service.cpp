#include "tests/support/service.hpp"

#include "tests/support/http_client.hpp"
#include "tests/support/ports.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace beastmark::testing {

std::string built_program(const std::string& name) {
    return std::string(BEASTMARK_BIN_DIR) + "/" + name;
}

bool has_sanitizer_report(const std::string& log) {
    return log.find("Sanitizer") != std::string::npos || log.find("runtime error:") != std::string::npos;
}

int status_of(std::uint16_t port, const std::string& path) {
    try {
        return fetch(port, "GET", path, {}, {"Connection: close"}).status;
    } catch (const http_error&) {
        return 0;
    }
}

service::service(service_options options) : options_(std::move(options)) {
    for (int attempt = 0; attempt < 5; ++attempt)
        if (try_start())
            return;
    throw std::runtime_error(options_.program + " does not come up:\n" + process_.err());
}

bool service::try_start() {
    port_ = free_port();
    admin_port_ = free_port();
    process_options options{.arguments = options_.command, .environment = options_.environment};
    auto& words = options.arguments;
    if (words.empty())
        words.push_back(built_program(options_.program));
    words.insert(words.end(), {"--address", "127.0.0.1", "--port", std::to_string(port_), "--admin-address",
                               "127.0.0.1", "--admin-port", std::to_string(admin_port_)});
    words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
    process_ = process(options);
    const std::string probe = options_.wait_until_ready ? "/readyz" : "/healthz";
    wait_until([&] { return !process_.running() || status_of(admin_port_, probe) == 200; }, options_.start);
    if (process_.running() && status_of(admin_port_, probe) == 200)
        return true;
    const bool taken = !process_.running() && process_.err().find(" in use") != std::string::npos;
    if (!taken)
        throw std::runtime_error(options_.program + " does not come up:\n" + process_.err());
    return false;
}

service::~service() {
    if (judged_)
        return;
    const auto status = stop();
    EXPECT_EQ(to_string(status), "exit 0") << options_.program << " said:\n" << log();
    EXPECT_FALSE(has_sanitizer_report(log())) << log();
}

bool service::ready() const {
    return status_of(admin_port_, "/readyz") == 200;
}

exit_status service::stop(std::chrono::milliseconds deadline) {
    judged_ = true;
    return process_.stop(deadline);
}

} // namespace beastmark::testing
