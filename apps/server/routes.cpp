#include "server/routes.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cstddef>

namespace beastmark::server {

method to_method(boost::beast::http::verb verb) {
    switch (verb) {
    case boost::beast::http::verb::get:
        return method::get;
    case boost::beast::http::verb::head:
        return method::head;
    case boost::beast::http::verb::post:
        return method::post;
    default:
        return method::other;
    }
}

std::string_view to_label(method which) {
    switch (which) {
    case method::get:
        return "GET";
    case method::head:
        return "HEAD";
    case method::post:
        return "POST";
    case method::other:
        break;
    }
    return "_OTHER";
}

std::string_view path_of(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.starts_with('/')) {
            break; // origin-form, as nearly all are
        }
        if (boost::beast::iequals(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(scheme.size());
            const auto slash = target.find_first_of("/?");
            if (slash == 0) {
                return {}; // no host: not to be served (RFC 9110 section 4.2.1)
            }
            target = slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
            break;
        }
    }
    return target.substr(0, std::min(target.find('?'), target.size()));
}

std::size_t find_route(const route_table& routes, std::string_view path) {
    for (std::size_t i = 0; i < routes.size(); ++i) {
        if (routes[i].path == path) {
            return i;
        }
    }
    return no_route;
}

} // namespace beastmark::server
