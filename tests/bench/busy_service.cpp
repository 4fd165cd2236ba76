// A service on the engine of the others whose handler takes CPU time: what ./bench perf server --hostile
// overloads and drains. GET /api/devices is a small answer after --work of CPU time (default 100 us).
#include "server/service.hpp"

#include <chrono>
#include <ctime>

namespace {

namespace server = beastmark::server;

/// CPU time of this thread: what is stolen from it is not work.
std::chrono::nanoseconds thread_cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

class busy_handler final : public server::handler {
public:
    explicit busy_handler(std::chrono::nanoseconds work) : work_(work) {}

    void handle(server::exchange& request) override {
        const auto end = thread_cpu_time() + work_;
        while (thread_cpu_time() < end) {
        }
        request.respond(server::response{.body = R"({"worked":true})"});
    }

private:
    std::chrono::nanoseconds work_;
};

} // namespace

int main(int argc, char** argv) {
    server::options options{.port = 8080, .admin_port = 8081};
    std::chrono::nanoseconds work = std::chrono::microseconds{100};
    CLI::App app{"GET /api/devices that takes CPU time: to be overloaded.", "busy_service"};
    server::add_options(app, options);
    server::add_duration(app, "--work", work, "CPU time of each request", std::chrono::microseconds{1});
    return server::run_main(app, argc, argv, options, [&] {
        const server::program busy{
            .name = "busy_service",
            .routes = {{"/api/devices", server::method::get}},
            .make_handler = [work](std::size_t,
                                   beastmark::event_loop&) { return std::make_unique<busy_handler>(work); },
            .collected = {},
            .not_ready = "starting"};
        return server::run_service(options, busy);
    });
}
