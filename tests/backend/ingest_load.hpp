// Connections that post devices one after the other and keep account of what they were told.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace beastmark::testing {

struct load_account {
    std::map<int, int> statuses;
    std::vector<std::string> uuids; // of each 201
    int unanswered = 0;             // sent, and the connection ended without an answer
    int without_retry_after = 0;    // 503s that do not say when to come back

    int count(int status) const {
        const auto found = statuses.find(status);
        return found != statuses.end() ? found->second : 0;
    }
};

/// Starts on construction; finish() stops it and tells.
class ingest_load {
public:
    ingest_load(std::uint16_t port, int connections);
    ~ingest_load();
    ingest_load(const ingest_load&) = delete;
    ingest_load& operator=(const ingest_load&) = delete;

    load_account so_far() const;
    load_account finish();

private:
    void post_until_stopped();
    void post_on_one_connection();

    std::uint16_t port_;
    std::atomic<bool> stop_ = false;
    mutable std::mutex mutex_;
    load_account account_;
    std::vector<std::thread> threads_;
};

} // namespace beastmark::testing
