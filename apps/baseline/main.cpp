#include "baseline/handler.hpp"
#include "server/service.hpp"

namespace {

namespace server = beastmark::server;

server::program baseline_program() {
    return {.name = "baseline",
            .routes = {{"/api/devices", server::method::get},
                       {"/healthz", server::method::get, R"({"status":"ok"})"}},
            .make_handler =
                [](std::size_t, beastmark::event_loop&) {
                    return std::make_unique<beastmark::baseline::devices_handler>();
                },
            .collected = {},
            .not_ready = "starting"};
}

} // namespace

int main(int argc, char** argv) {
    server::options options{.port = 8080, .admin_port = 8081};
    CLI::App app{"GET /api/devices with three hardcoded devices: measures the HTTP stack alone.", "baseline"};
    server::add_options(app, options);
    return server::run_main(app, argc, argv, options,
                            [&] { return server::run_service(options, baseline_program()); });
}
