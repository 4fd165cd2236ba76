#include "tests/support/memcached_server.hpp"

#include "tests/support/http_client.hpp"
#include "tests/support/ports.hpp"

#include <stdexcept>
#include <utility>

namespace beastmark::testing {

namespace {

bool answers(std::uint16_t port) {
    try {
        http_client link(port);
        link.send("version\r\n");
        return link.receive_some(1s).starts_with("VERSION ");
    } catch (const http_error&) {
        return false;
    }
}

} // namespace

memcached_server::memcached_server(std::vector<std::string> options) : options_(std::move(options)) {
    start();
}

bool memcached_server::try_start() {
    process_options options{
        .arguments = {"memcached", "-l", "127.0.0.1", "-p", std::to_string(port_), "-U", "0"},
        .environment = {},
        .user = "nobody", // it refuses to run as root
        .directory = "/"};
    options.arguments.insert(options.arguments.end(), options_.begin(), options_.end());
    server_ = process(options);
    return wait_until([&] { return !server_.running() || answers(port_); }) && server_.running();
}

void memcached_server::start() {
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (!started_once_) // later it must keep the port that the services know
            port_ = free_port();
        if (try_start()) {
            started_once_ = true;
            return;
        }
    }
    throw std::runtime_error("memcached does not start: " + server_.err());
}

void memcached_server::stop() {
    thaw();
    server_.stop();
}

std::string memcached_server::address() const {
    return "127.0.0.1:" + std::to_string(port_);
}

} // namespace beastmark::testing
