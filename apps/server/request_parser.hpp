// One HTTP/1.1 request: bytes in, a request or a refusal out. No socket, no clock.
//
// Beast's basic_parser does the framing (RFC 9112); this class adds what it leaves to its user at Boost 1.81:
// a limit on the whole head (Beast's header_limit is for each line), refusal of ambiguous framing, Host,
// Expect, and the routes.
#pragma once

#include "server/limits.hpp"
#include "server/routes.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace beastmark::server {

/// Parses one request. Single-use, as Beast's parser is: make a new one for each request of a connection.
///
/// A *refusal* is a request that is well framed but will not be served (404, 405, 415, 417): it is read to
/// its end, so that the connection can be kept. A *failure* leaves the place of the next request unknown: the
/// connection must end.
class request_parser : private http::basic_parser<true> {
public:
    enum class state { need_more, complete, failed };

    /// @param body receives the body; cleared first. Borrowed until the parser dies, as the others are.
    request_parser(const route_table& routes, const request_limits& limits, std::string& body);

    /// Takes what it can use of `input`, which must continue where the last call stopped consuming.
    /// @return the bytes used; the rest, at most limits.head_bytes() when need_more, must be offered again
    /// with more behind it.
    std::size_t feed(std::string_view input);

    [[nodiscard]] state current() const { return state_; }

    /// Why it failed, or why it is refused; valid once complete or failed.
    [[nodiscard]] const std::optional<http_error>& error() const { return error_; }

    /// The whole head was read.
    [[nodiscard]] bool has_head() const { return has_head_; }

    /// The client waits for "100 Continue" before it sends the body, and nothing speaks against sending it.
    [[nodiscard]] bool wants_continue() const { return expects_continue_ && has_head_ && !error_; }

    /// The client waits for "100 Continue", but the request is refused: answer now and end the connection.
    [[nodiscard]] bool refused_before_body() const { return expects_continue_ && has_head_ && error_; }

    [[nodiscard]] method requested_method() const { return method_; }

    /// Index of the route, or no_route.
    [[nodiscard]] std::size_t route_index() const { return route_; }

    /// The request came as HTTP/1.0.
    [[nodiscard]] bool is_http_1_0() const { return version_ == 10; }

    /// The connection may carry another request after this one (RFC 9112 section 9.3).
    [[nodiscard]] bool keeps_alive() const { return state_ == state::complete && keep_alive(); }

private:
    using base = http::basic_parser<true>;
    using error_code = boost::system::error_code;
    using string_view = boost::beast::string_view;

    void on_request_impl(http::verb verb, string_view name, string_view target, int version,
                         error_code& ec) override;

    void on_response_impl(int, string_view, int, error_code&) override {}

    void on_field_impl(http::field field, string_view name, string_view value, error_code& ec) override;
    void on_header_impl(error_code& ec) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
    std::size_t on_body_impl(string_view part, error_code& ec) override;

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t remain, string_view part, error_code& ec) override;

    void on_finish_impl(error_code&) override {}

    void check_unusable(std::size_t unread_bytes);
    void refuse(const http_error& why);
    void fail(const http_error& why);
    void fail(const http_error& why, error_code& ec);
    void fail_from_beast(error_code code, std::string_view unread);
    bool check_head(std::string_view taken);

    const route_table& routes_;
    const request_limits& limits_;
    std::string& body_;
    std::optional<http_error> error_;
    std::size_t route_ = no_route;
    std::size_t head_bytes_ = 0;
    std::size_t body_wire_bytes_ = 0;
    int version_ = 0; // 10 or 11
    unsigned fields_ = 0;
    unsigned hosts_ = 0;
    unsigned lengths_ = 0;
    unsigned codings_ = 0;
    method method_ = method::other;
    state state_ = state::need_more;
    bool has_head_ = false;
    bool expects_continue_ = false;
};

} // namespace beastmark::server
