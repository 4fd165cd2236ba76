#include "server/admin.hpp"

#include <prometheus/text_serializer.h>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <sstream>
#include <utility>

#include <pthread.h>

namespace beastmark::server {

namespace {

enum admin_route : std::size_t { healthz, readyz, metrics };

const route_table& admin_routes() {
    static const route_table routes{
        {"/healthz", method::get, R"({"status":"ok"})"}, {"/readyz", method::get}, {"/metrics", method::get}};
    return routes;
}

core_limits admin_limits() {
    using namespace std::chrono_literals;
    return {.max_connections = admin::max_connections,
            .timeout_lengths = {60s, 5s, 5s, 5s, 2s},
            .request = request_limits{},
            .connection = {}};
}

class admin_handler final : public handler {
public:
    admin_handler(readiness ready, collectables collected)
        : ready_{std::move(ready)}, collected_{std::move(collected)} {}

    void handle(exchange& request) override {
        if (request.route_index() == admin_route::readyz) {
            answer_readiness(request);
        } else {
            answer_metrics(request);
        }
    }

private:
    void answer_readiness(exchange& request) const {
        if (const auto why_not = ready_(); why_not.empty()) {
            request.respond(response{.body = R"({"status":"ready"})"});
        } else {
            request.respond(http_error{http::status::service_unavailable, "not_ready", why_not});
        }
    }

    void answer_metrics(exchange& request) const {
        std::vector<prometheus::MetricFamily> families;
        for (const auto& each : collected_) {
            auto more = each->Collect();
            std::move(more.begin(), more.end(), std::back_inserter(families));
        }
        std::ostringstream text;
        prometheus::TextSerializer{}.Serialize(text, families);
        const std::string page = std::move(text).str();
        request.respond(response{.body = page, .content_type = "text/plain; version=0.0.4; charset=utf-8"});
    }

    readiness ready_;
    collectables collected_;
};

} // namespace

admin::admin(listening_socket listener, readiness ready, collectables collected)
    : core_{admin_routes(), admin_limits(), std::move(listener)} {
    core_.set_handler(std::make_unique<admin_handler>(std::move(ready), std::move(collected)));
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "admin");
        core_.run();
    }};
}

admin::~admin() {
    core_.cut();
    thread_.join();
}

} // namespace beastmark::server
