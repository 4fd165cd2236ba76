// POST /api/devices: check, name, insert into PostgreSQL, set in Memcached, answer. One for each core.
//
// The row is the truth: the answer is 201 once the transaction has committed, whatever becomes of the cache
// entry; a statement that may have been executed is never sent again (docs/design.md, "Commit semantics").
#pragma once

#include "common/event_loop.hpp"
#include "device/uuid.hpp"
#include "ingest/connection_shortage.hpp"
#include "ingest/ingest_metrics.hpp"
#include "ingest/memcached/client.hpp"
#include "ingest/postgres/pool.hpp"
#include "server/handler.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace beastmark::ingest {

/// each: a transaction for each request. group: one for those that wait together, which is other work for the
/// database.
enum class write_mode { each, group };

struct handler_options {
    /// For a request, from its arrival here: waiting, insert and cache set together.
    std::chrono::nanoseconds request_timeout = std::chrono::seconds{2};
    postgres::pool_options postgres; ///< its statements and timeout are set by the handler
    write_mode mode = write_mode::each;
    memcached::client_options memcached;
    connection_shortage* shortage = nullptr; ///< where this core tells of it; outlives the handler
};

class devices_handler final : public server::handler {
public:
    /// @param metrics outlives the handler.
    devices_handler(event_loop& loop, const handler_options& options, backend_metrics& metrics);
    ~devices_handler() override;

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
