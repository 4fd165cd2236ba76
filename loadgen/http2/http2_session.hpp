// The client's side of one HTTP/2 connection (RFC 9113), by libnghttp2: bytes and requests in, bytes and
// events out. No socket and no clock. Up to so many requests at once, each on a place that the next one takes
// over.
#pragma once

#include "loadgen/body_search.hpp"
#include "loadgen/outcome.hpp"
#include "loadgen/request.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace beastmark::loadgen {

enum class http2_event_kind : std::uint8_t {
    streams_allowed, // at once, by the server: `count`. The first one comes with the server's preface
    first_byte,      // of an answer
    answered,        // `status`, `body_as_expected`
    failed,          // `how` and `code`
    not_taken,       // the server went away without having looked at the request: it can be sent again
    going_away, // the server takes no more requests on this connection; `code` says why where it is not well
    over,       // nor answers any, `code`: those of requests under way will not come
};

struct http2_event {
    http2_event_kind what{};
    std::uint32_t place = 0; // of the request
    std::uint32_t count = 0;
    unsigned status = 0;
    bool body_as_expected = true;
    outcome how = outcome::ok;
    boost::system::error_code code;
};

class http2_session {
public:
    /// @param places how many requests at once
    /// @param wanted what a body should contain; null: anything
    /// @param first the id of the first request (RFC 9113 section 5.1.1): odd
    http2_session(std::uint32_t places, const body_search* wanted, std::int32_t first = 1);
    http2_session(const http2_session&) = delete;
    http2_session& operator=(const http2_session&) = delete;

    /// Puts a request on a free place. What it refers to lasts until the request has ended.
    void submit(std::uint32_t place, const http2_message& request);

    /// There is no id for a further request: 2^30 were.
    [[nodiscard]] bool used_up() const {
        return nghttp2_session_get_next_stream_id(session_.get()) > INT32_MAX;
    }

    /// Gives up the request of a place: RST_STREAM CANCEL. The place is free, no event tells of it.
    void cancel(std::uint32_t place);

    /// What came. Events follow from it.
    void feed(std::string_view bytes);

    /// Hands out what happened, in order, and takes an empty vector to go on with.
    void take_events(std::vector<http2_event>& into);

    /// What to send next; empty: nothing. Valid until the next call.
    std::string_view output();

private:
    struct place {
        std::int32_t stream = 0; // none
        unsigned status = 0;
        bool by_server = false; // its end: RST_STREAM came
        std::string_view body_left;
        body_search::progress seen = 0;
        std::array<char, 20> length{}; // digits of its content-length
    };

    struct session_free {
        void operator()(nghttp2_session* s) const noexcept { nghttp2_session_del(s); }
    };

    // libnghttp2's callbacks, with this as their user data.
    static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t flags, void* self);
    static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream, const std::uint8_t* data,
                       std::size_t size, void* self);
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
    static int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* self);
    static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room,
                             std::uint32_t* flags, nghttp2_data_source* source, void* self);
    static const nghttp2_session_callbacks* callbacks();
    static const nghttp2_option* options();

    [[nodiscard]] bool under_way() const;
    place* place_of(std::int32_t stream);
    http2_event& tell(http2_event_kind what, const place* at = nullptr);
    void on_end_stream(std::int32_t stream);
    void on_goaway(const nghttp2_goaway& frame);
    void end(const boost::system::error_code& code);

    std::vector<place> places_;
    const body_search* wanted_;
    std::vector<http2_event> events_;
    std::string output_;
    bool server_spoke_ = false; // its preface came
    bool going_away_ = false;
    bool over_ = false;
    std::vector<nghttp2_nv> fields_; // of the request being submitted
    std::unique_ptr<nghttp2_session, session_free> session_;
};

} // namespace beastmark::loadgen
