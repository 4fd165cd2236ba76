#include "tests/backend/ingest_load.hpp"

#include "tests/support/http_client.hpp"

#include <nlohmann/json.hpp>

namespace beastmark::testing {

ingest_load::ingest_load(std::uint16_t port, int connections) : port_(port) {
    for (int i = 0; i < connections; ++i)
        threads_.emplace_back([this] { post_until_stopped(); });
}

ingest_load::~ingest_load() {
    finish();
}

load_account ingest_load::so_far() const {
    const std::lock_guard lock(mutex_);
    return account_;
}

load_account ingest_load::finish() {
    stop_ = true;
    for (auto& thread : threads_)
        if (thread.joinable())
            thread.join();
    return so_far();
}

void ingest_load::post_until_stopped() {
    while (!stop_)
        post_on_one_connection();
}

void ingest_load::post_on_one_connection() {
    http_client client(port_);
    const std::string bytes =
        request("POST", "/api/devices", R"({"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"})");
    while (!stop_) {
        client.send(bytes);
        try {
            const auto response = client.receive();
            const std::lock_guard lock(mutex_);
            ++account_.statuses[response.status];
            if (response.status == 201)
                account_.uuids.push_back(nlohmann::json::parse(response.body).at("uuid"));
            if (response.status == 503 && !response.header("Retry-After"))
                ++account_.without_retry_after;
        } catch (const http_error&) {
            const std::lock_guard lock(mutex_);
            ++account_.unanswered;
            return;
        }
        if (so_far().statuses.rbegin()->first >= 500)
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // refusals come fast
    }
}

} // namespace beastmark::testing
