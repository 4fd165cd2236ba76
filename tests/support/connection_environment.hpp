// What a core gives its HTTP connections, without a core: for tests that feed a connection themselves.
#pragma once

#include "server/http1_connection.hpp"

#include <utility>

namespace beastmark::testing {

template <class Handler>
struct connection_environment {
    /// Routes and counts are the caller's, and outlive it.
    connection_environment(const server::route_table& routes, server::core_metrics& counts,
                           server::request_limits of_request, server::connection_limits of_connection)
        : request{std::move(of_request)},
          connection{of_connection},
          metrics{counts},
          workspaces{request.head_bytes() + 1},
          shared{.routes = routes,
                 .request = request,
                 .connection = connection,
                 .metrics = counts,
                 .date = date,
                 .workspaces = workspaces,
                 .handles = &handles} {
        date.update(784111777); // answers of two environments are alike, also when the second has changed
    }

    connection_environment(const connection_environment&) = delete; // `shared` refers to the rest
    connection_environment& operator=(const connection_environment&) = delete;

    server::request_limits request;
    server::connection_limits connection;
    server::core_metrics& metrics;
    server::date_header date;
    server::workspace_pool workspaces;
    Handler handles;
    server::http1_environment shared;
};

} // namespace beastmark::testing
