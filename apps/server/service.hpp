// A whole service: cores and admin port from start to drained.
#pragma once

#include "server/admin.hpp"
#include "server/handler.hpp"
#include "server/options.hpp"
#include "server/routes.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace beastmark::server {

/// What a program brings to run as a service.
struct program {
    std::string name;
    route_table routes;
    handler_factory make_handler;
    /// Shown by /metrics behind the engine's own.
    collectables collected;
    /// Shown by /readyz while a core's handler is not ready.
    std::string_view not_ready;
    /// Descriptors that its handlers keep open, in total; they are taken off what connections may use.
    std::size_t descriptors = 0;
    /// What they are for, in words for who has to raise the limit or to ask for less.
    std::string descriptors_for = {};
};

/// How many cores the options and the machine give: --threads, or what affinity and CPU quota allow.
std::size_t core_count(const options& given);

/// Serves until SIGTERM or SIGINT, then drains: /readyz turns 503, after --drain-delay no connection is taken
/// any more, what is under way is answered. A second signal ends at once.
/// @return 0, or 1 when connections had to be cut.
/// @throws std::runtime_error when it cannot start, e.g. a port is taken.
int run_service(const options& given, const program& served);

} // namespace beastmark::server
