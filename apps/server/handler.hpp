// The seam between the HTTP engine and a program: a request in progress, and who answers it.
#pragma once

#include "common/event_loop.hpp"
#include "server/http_error.hpp"
#include "server/response.hpp"
#include "server/server_metrics.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace beastmark::server {

/// A request that was received whole and is to be answered once, now or later, on its core's thread. Stays
/// valid until it is answered, also when the client has gone. Answering may destroy it: do not touch it
/// afterwards.
class exchange {
public:
    /// Index into the route table.
    [[nodiscard]] virtual std::size_t route_index() const = 0;

    /// Valid until the answer.
    [[nodiscard]] virtual std::string_view body() const = 0;

    /// Copies the answer before it returns.
    virtual void respond(const response& answer) = 0;

    /// Answers with the error's JSON, and counts what it is counted as. A 503 carries Retry-After (RFC 9110
    /// section 10.2.3).
    virtual void respond(const http_error& error) = 0;

protected:
    ~exchange() = default;
};

/// What a program does with requests. One for each core, called on that core's thread; it
/// is told of the coarse tick so that it needs no timer for its own deadlines.
class handler {
public:
    virtual ~handler() = default;

    virtual void handle(exchange& request) = 0;

    /// The core's thread starts.
    virtual void start() {}

    /// Every 100 ms.
    virtual void tick(std::chrono::steady_clock::time_point) {}

    /// It can serve now: shown by /readyz.
    [[nodiscard]] virtual bool ready() const { return true; }

    /// The core ends: answers every request that still waits, and closes what it holds.
    virtual void stop() {}
};

/// Makes the handler of the core with this index.
using handler_factory = std::function<std::unique_ptr<handler>(std::size_t core_index, event_loop&)>;

} // namespace beastmark::server
