// POST /api/devices: check, name, insert into PostgreSQL, set in Memcached, answer. One for each core. This
// one never waits: a few pipelined connections, driven by the core's event loop.
//
// The row is the truth: the answer is 201 once the transaction has committed, whatever becomes of the cache
// entry; a statement that may have been executed is never sent again (docs/design.md, "Commit semantics").
#pragma once

#include "common/event_loop.hpp"
#include "device/uuid.hpp"
#include "ingest/driver_options.hpp"
#include "ingest/ingest_metrics.hpp"
#include "ingest/memcached/client.hpp"
#include "ingest/postgres/pool.hpp"
#include "server/handler.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace beastmark::ingest {

class async_handler final : public server::handler {
public:
    /// @param metrics outlives the handler.
    async_handler(event_loop& loop, const driver_options& options, backend_metrics& metrics);
    ~async_handler() override;

    void handle(server::exchange& request) override;
    void start() override;
    void tick(std::chrono::steady_clock::time_point now) override;

    [[nodiscard]] bool ready() const override { return pool_.ready(); }

    void stop() override;

private:
    struct operation;

    static void on_inserted(postgres::request& insert, boost::system::error_code error) noexcept;
    static void on_cached(memcached::set_request& set, boost::system::error_code error) noexcept;

    operation& borrow(server::exchange& request);
    server::exchange& give_back(operation& done);
    void answer_failure(operation& failed, boost::system::error_code error);

    std::chrono::nanoseconds request_timeout_;
    postgres::pool pool_;
    memcached::client cache_;
    connection_shortage* shortage_;
    device::uuid_source uuids_;
    std::vector<std::unique_ptr<operation>> operations_; // all that were ever in progress at once
    std::vector<operation*> free_;
};

} // namespace beastmark::ingest
