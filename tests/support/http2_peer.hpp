// The server's side of an HTTP/2 connection, by libnghttp2, that does what a test tells it to. No socket:
// bytes in, bytes out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace beastmark::testing {

struct http2_request_seen {
    std::int32_t stream = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    /// Of the first with this name; empty: none.
    [[nodiscard]] std::string field(std::string_view name) const;
};

class http2_peer {
public:
    /// Called with each request once it is complete.
    using handler = std::function<void(http2_peer&, const http2_request_seen&)>;

    /// @param allowed how many streams at once; none: it does not say.
    explicit http2_peer(handler h, std::optional<std::uint32_t> allowed = {});
    http2_peer(const http2_peer&) = delete;
    http2_peer& operator=(const http2_peer&) = delete;

    /// Takes what the client sent. False when the connection is over.
    bool feed(std::string_view bytes);

    /// Nothing is to be said any more, by either side.
    [[nodiscard]] bool over() const;

    /// What to send to it.
    std::string output();

    // What a handler can do.
    using fields = std::vector<std::pair<std::string, std::string>>;

    /// Answers with a status, or with no status at all (0).
    void answer(std::int32_t stream, unsigned status = 200, std::string body = "ok", const fields& more = {});

    /// Says something before the answer: a 1xx.
    void say_first(std::int32_t stream, unsigned status);
    void reset(std::int32_t stream, std::uint32_t code);

    /// GOAWAY: streams above `last` are not looked at.
    void go_away(std::int32_t last, std::uint32_t code = NGHTTP2_NO_ERROR);

    /// GOAWAY, and with it the connection is over.
    void end(std::int32_t last, std::uint32_t code);
    void allow(std::uint32_t streams);

    /// How many requests had begun and not ended, at the most.
    [[nodiscard]] std::size_t most_at_once() const { return most_at_once_; }

    /// Codes of RST_STREAM that came.
    [[nodiscard]] const std::vector<std::uint32_t>& resets() const { return resets_; }

    /// What the client has set, by NGHTTP2_SETTINGS_*.
    [[nodiscard]] std::uint32_t setting_of_client(nghttp2_settings_id id) const {
        return nghttp2_session_get_remote_settings(session_.get(), id);
    }

    /// Bytes of bodies that it may send on the connection before the client allows more.
    [[nodiscard]] std::int32_t window() const {
        return nghttp2_session_get_remote_window_size(session_.get());
    }

private:
    struct session_free {
        void operator()(nghttp2_session* s) const noexcept { nghttp2_session_del(s); }
    };

    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t flags, void* self);
    static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream, const std::uint8_t* data,
                       std::size_t size, void* self);
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
    static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* self);
    static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room,
                             std::uint32_t* flags, nghttp2_data_source* source, void* self);

    handler handler_;
    std::map<std::int32_t, http2_request_seen> requests_;
    std::map<std::int32_t, std::string> bodies_; // of answers: what is left of them
    std::size_t most_at_once_ = 0;
    std::vector<std::uint32_t> resets_;
    std::unique_ptr<nghttp2_session, session_free> session_;
};

} // namespace beastmark::testing
