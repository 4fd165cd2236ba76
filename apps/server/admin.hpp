// The admin port: /healthz, /readyz and /metrics, on a thread of its own, so that a saturated service still
// answers its probes and scrapes.
#pragma once

#include "server/core.hpp"

#include <prometheus/collectable.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace beastmark::server {

/// Why the service is not ready, or empty when it is. Called on the admin thread.
using readiness = std::function<std::string_view()>;

using collectables = std::vector<std::shared_ptr<prometheus::Collectable>>;

class admin {
public:
    /// Probes and scrapers are few; more wait.
    static constexpr std::size_t max_connections = 64;

    /// Serves from now on. @param listener its socket; @param collected what /metrics shows, in this order.
    admin(listening_socket listener, readiness ready, collectables collected);

    /// Closes every connection and joins the thread.
    ~admin();

    admin(const admin&) = delete;
    admin& operator=(const admin&) = delete;

private:
    core core_;
    std::thread thread_;
};

} // namespace beastmark::server
