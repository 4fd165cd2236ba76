// Which paths a server answers, and to which methods.
#pragma once

#include <boost/beast/http/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream> // verb.hpp prints verbs, but Boost 1.81 does not include it
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::server {

/// The methods that routes and metrics tell apart; OpenTelemetry's name for all others is `_OTHER`.
enum class method : std::uint8_t { get, head, post, other };

inline constexpr std::size_t method_count = 4;

method to_method(boost::beast::http::verb verb);

/// The method as a metric label.
std::string_view to_label(method which);

/// A path and the one method it takes; GET brings HEAD with it.
struct route {
    std::string_view path;
    method takes;
    /// Where not empty, the JSON that answers every request; the handler never sees them.
    std::string_view fixed_answer = {};

    [[nodiscard]] bool allows(method asked) const {
        return asked == takes || (takes == method::get && asked == method::head);
    }

    /// The value of the Allow header (RFC 9110 section 10.2.1).
    [[nodiscard]] std::string_view allow() const { return takes == method::get ? "GET, HEAD" : "POST"; }
};

/// The routes of one server; an index into them is a metric label, so they are few and fixed.
using route_table = std::vector<route>;

/// The index of no route.
inline constexpr std::size_t no_route = static_cast<std::size_t>(-1);

/// The path of a request target: without query, and without scheme and authority in absolute form (RFC 9112
/// section 3.2.2). Empty where the absolute form names no host.
std::string_view path_of(std::string_view target);

/// The index of the route with this path, or no_route. Linear: a handful of routes.
std::size_t find_route(const route_table& routes, std::string_view path);

} // namespace beastmark::server
