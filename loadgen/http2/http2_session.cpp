#include "loadgen/http2/http2_session.hpp"

#include "loadgen/http2/http2_error.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <new>
#include <utility>

namespace beastmark::loadgen {

namespace {

// Answers are dropped as they come: the server need not wait for leave to send more (as h2load's default).
constexpr std::int32_t window = (1 << 30) - 1;

// What is gathered for a write. A frame comes whole, so it may be up to 16 KB more.
constexpr std::size_t output_goal = 16 * 1024;

// Of a request, above what servers take: it is for them to refuse. libnghttp2's own limit is 64 KiB.
constexpr std::size_t longest_head = 1 << 20;

nghttp2_nv field_of(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) { // of C, and only read
        return const_cast<std::uint8_t*>(          // NOLINT(cppcoreguidelines-pro-type-const-cast)
            reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(),
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

http2_session& session_of(void* self) {
    return *static_cast<http2_session*>(self);
}

} // namespace

const nghttp2_session_callbacks* http2_session::callbacks() {
    static const auto made = [] {
        nghttp2_session_callbacks* all = nullptr;
        if (nghttp2_session_callbacks_new(&all) != 0)
            throw std::bad_alloc();
        nghttp2_session_callbacks_set_on_begin_headers_callback(all, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(all, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(all, on_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(all, on_stream_close);
        return all;
    }();
    return made;
}

const nghttp2_option* http2_session::options() {
    static const auto made = [] {
        nghttp2_option* all = nullptr;
        if (nghttp2_option_new(&all) != 0)
            throw std::bad_alloc();
        nghttp2_option_set_max_send_header_block_length(all, longest_head);
        return all;
    }();
    return made;
}

http2_session::http2_session(std::uint32_t places, const body_search* wanted, std::int32_t first)
    : places_(places), wanted_(wanted) {
    nghttp2_session* made = nullptr;
    if (nghttp2_session_client_new2(&made, callbacks(), this, options()) != 0)
        throw std::bad_alloc();
    session_.reset(made);
    constexpr std::array<nghttp2_settings_entry, 2> ours{{
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
    }};
    if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, ours.data(), ours.size()) != 0 ||
        nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, window) != 0 ||
        nghttp2_session_set_next_stream_id(made, first) != 0)
        throw std::bad_alloc();
}

void http2_session::submit(std::uint32_t number, const http2_message& request) {
    auto& p = places_[number];
    assert(p.stream == 0);
    fields_.clear();
    for (const auto& [name, value] : request.fields)
        fields_.push_back(field_of(name, value));
    if (request.has_length) {
        const auto* const end =
            std::to_chars(p.length.data(), p.length.data() + p.length.size(), request.body.size()).ptr;
        fields_.push_back(
            field_of("content-length", {p.length.data(), static_cast<std::size_t>(end - p.length.data())}));
    }
    p.status = 0;
    p.by_server = false;
    p.seen = 0;
    p.body_left = request.body;
    nghttp2_data_provider source{};
    source.source.ptr = &p;
    source.read_callback = read_body;
    const auto stream = nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(),
                                               request.body.empty() ? nullptr : &source, &p);
    if (stream > 0) {
        p.stream = stream;
        return;
    }
    auto& e = tell(http2_event_kind::failed, &p); // of no memory
    e.how = outcome::reset;
    e.code = nghttp2_failure(stream);
}

void http2_session::cancel(std::uint32_t number) {
    auto& p = places_[number];
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, std::exchange(p.stream, 0), NGHTTP2_CANCEL);
}

void http2_session::feed(std::string_view bytes) {
    if (over_)
        return;
    if (!server_spoke_ && bytes.starts_with("HTTP/1")) {
        end(http2_errc::answers_http1);
        return;
    }
    const auto used = nghttp2_session_mem_recv(
        session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (used < 0)
        end(nghttp2_failure(static_cast<int>(used)));
}

void http2_session::take_events(std::vector<http2_event>& into) {
    assert(into.empty());
    std::swap(events_, into);
}

std::string_view http2_session::output() {
    output_.clear();
    while (!over_ && output_.size() < output_goal) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
        if (size < 0)
            end(nghttp2_failure(static_cast<int>(size)));
        if (size <= 0)
            break;
        output_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    // It said GOAWAY itself, for what came broke the rules. (Without requests it ends a connection that the
    // server goes away from, too.)
    if (!over_ && nghttp2_session_want_read(session_.get()) == 0 && (under_way() || !going_away_))
        end(http2_errc::connection_over);
    return output_;
}

bool http2_session::under_way() const {
    return std::any_of(places_.begin(), places_.end(), [](const place& p) { return p.stream != 0; });
}

http2_session::place* http2_session::place_of(std::int32_t stream) {
    auto* const p = static_cast<place*>(nghttp2_session_get_stream_user_data(session_.get(), stream));
    return p != nullptr && p->stream == stream ? p : nullptr; // else its request was given up
}

http2_event& http2_session::tell(http2_event_kind what, const place* at) {
    auto& e = events_.emplace_back();
    e.what = what;
    if (at != nullptr)
        e.place = static_cast<std::uint32_t>(at - places_.data());
    return e;
}

void http2_session::end(const boost::system::error_code& code) {
    over_ = true;
    tell(http2_event_kind::over).code = code;
}

int http2_session::on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    auto& s = session_of(self);
    const auto* const p = s.place_of(frame->hd.stream_id);
    if (p != nullptr && p->status == 0) // else behind a 1xx, or trailers
        s.tell(http2_event_kind::first_byte, p);
    return 0;
}

int http2_session::on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                             const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                             std::size_t value_size, std::uint8_t /*flags*/, void* self) {
    constexpr std::string_view status = ":status";
    if (name_size != status.size() || std::memcmp(name, status.data(), status.size()) != 0)
        return 0;
    auto* const p = session_of(self).place_of(frame->hd.stream_id);
    if (p != nullptr) // three digits: libnghttp2 has checked it
        std::from_chars(reinterpret_cast<const char*>(value),
                        reinterpret_cast<const char*>(value) + value_size, p->status);
    return 0;
}

int http2_session::on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                           const std::uint8_t* data, std::size_t size, void* self) {
    auto& s = session_of(self);
    if (s.wanted_ == nullptr)
        return 0;
    if (auto* const p = s.place_of(stream))
        p->seen = s.wanted_->feed(p->seen, {reinterpret_cast<const char*>(data), size});
    return 0;
}

int http2_session::on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    auto& s = session_of(self);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            s.on_end_stream(frame->hd.stream_id);
        break;
    case NGHTTP2_RST_STREAM:
        if (auto* const p = s.place_of(frame->hd.stream_id))
            p->by_server = true;
        break;
    case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
            break;
        s.server_spoke_ = true;
        s.tell(http2_event_kind::streams_allowed).count =
            nghttp2_session_get_remote_settings(s.session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
        break;
    case NGHTTP2_GOAWAY:
        s.on_goaway(frame->goaway);
        break;
    default:
        break;
    }
    return 0;
}

// The answer is complete. A request of which a part is not sent yet is given up (RFC 9113 section 8.1).
void http2_session::on_end_stream(std::int32_t stream) {
    auto* const p = place_of(stream);
    if (p == nullptr)
        return;
    auto& e = tell(http2_event_kind::answered, p);
    e.status = p->status;
    e.body_as_expected = wanted_ == nullptr || wanted_->found(p->seen);
    p->stream = 0;
    if (!p->body_left.empty())
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void http2_session::on_goaway(const nghttp2_goaway& frame) {
    const auto code = frame.error_code == NGHTTP2_NO_ERROR ? boost::system::error_code()
                                                           : loadgen::going_away(frame.error_code);
    if (!std::exchange(going_away_, true) || code)
        tell(http2_event_kind::going_away).code = code;
}

// Of a request without a complete answer.
int http2_session::on_stream_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t code,
                                   void* self) {
    auto& s = session_of(self);
    auto* const p = s.place_of(stream);
    if (p == nullptr)
        return 0;
    p->stream = 0;
    const bool not_sent = !p->by_server && code == NGHTTP2_REFUSED_STREAM;
    if (not_sent && s.going_away_) {
        s.tell(http2_event_kind::not_taken, p);
        return 0;
    }
    auto& e = s.tell(http2_event_kind::failed, p);
    e.how = p->by_server || not_sent ? outcome::reset : outcome::protocol_error;
    if (not_sent)
        e.code = http2_errc::not_sent;
    else
        e.code = p->by_server ? stream_reset(code) : malformed(code);
    return 0;
}

ssize_t http2_session::read_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* into,
                                 std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                                 void* /*self*/) {
    auto& p = *static_cast<place*>(source->ptr);
    if (p.stream != stream) // given up: another's body may be there
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const auto size = std::min(room, p.body_left.size());
    std::memcpy(into, p.body_left.data(), size);
    p.body_left.remove_prefix(size);
    if (p.body_left.empty())
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
}

} // namespace beastmark::loadgen
