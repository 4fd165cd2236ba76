#include "tests/support/http2_peer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace beastmark::testing {

namespace {

void must(int result, const char* what) {
    if (result < 0)
        throw std::runtime_error(std::string("http2_peer: ") + what + ": " + nghttp2_strerror(result));
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

http2_peer& peer(void* self) {
    return *static_cast<http2_peer*>(self);
}

std::vector<nghttp2_nv> to_nghttp2(const http2_peer::fields& all) {
    std::vector<nghttp2_nv> made;
    const auto bytes = [](const std::string& s) {
        return const_cast<std::uint8_t*>( // NOLINT(cppcoreguidelines-pro-type-const-cast): it is copied
            reinterpret_cast<const std::uint8_t*>(s.data()));
    };
    for (const auto& [name, value] : all)
        made.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    return made;
}

} // namespace

std::string http2_request_seen::field(std::string_view name) const {
    const auto at =
        std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
    return at == fields.end() ? std::string() : at->second;
}

http2_peer::http2_peer(handler h, std::optional<std::uint32_t> allowed) : handler_(std::move(h)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    must(nghttp2_session_callbacks_new(&callbacks), "callbacks");
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session* made = nullptr;
    const auto result = nghttp2_session_server_new(&made, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    must(result, "session");
    session_.reset(made);
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, allowed.value_or(0)};
    must(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, &limit, allowed ? 1 : 0), "settings");
}

bool http2_peer::feed(std::string_view bytes) {
    const auto used = nghttp2_session_mem_recv(
        session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return used >= 0;
}

bool http2_peer::over() const {
    return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

std::string http2_peer::output() {
    std::string all;
    for (;;) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
        must(static_cast<int>(std::min<ssize_t>(size, 0)), "output");
        if (size == 0)
            return all;
        all += text(bytes, static_cast<std::size_t>(size));
    }
}

void http2_peer::answer(std::int32_t stream, unsigned status, std::string body, const fields& more) {
    fields all;
    if (status > 0)
        all.emplace_back(":status", std::to_string(status));
    all.insert(all.end(), more.begin(), more.end());
    const auto made = to_nghttp2(all);
    nghttp2_data_provider source{};
    source.read_callback = read_body;
    const bool has_body = !body.empty();
    bodies_[stream] = std::move(body);
    must(nghttp2_submit_response(session_.get(), stream, made.data(), made.size(),
                                 has_body ? &source : nullptr),
         "answer");
}

void http2_peer::say_first(std::int32_t stream, unsigned status) {
    const fields status_alone{{":status", std::to_string(status)}};
    const auto made = to_nghttp2(status_alone);
    must(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream, nullptr, made.data(), made.size(),
                                nullptr),
         "1xx");
}

void http2_peer::reset(std::int32_t stream, std::uint32_t code) {
    must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, code), "reset");
}

void http2_peer::go_away(std::int32_t last, std::uint32_t code) {
    must(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, code, nullptr, 0), "goaway");
}

void http2_peer::end(std::int32_t last, std::uint32_t code) {
    must(nghttp2_session_terminate_session2(session_.get(), last, code), "end");
}

void http2_peer::allow(std::uint32_t streams) {
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    must(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &limit, 1), "settings");
}

int http2_peer::on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    auto& p = peer(self);
    p.requests_[frame->hd.stream_id].stream = frame->hd.stream_id;
    p.most_at_once_ = std::max(p.most_at_once_, p.requests_.size());
    return 0;
}

int http2_peer::on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                          std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                          std::uint8_t /*flags*/, void* self) {
    peer(self).requests_[frame->hd.stream_id].fields.emplace_back(text(name, name_size),
                                                                  text(value, value_size));
    return 0;
}

int http2_peer::on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                        const std::uint8_t* data, std::size_t size, void* self) {
    peer(self).requests_[stream].body += text(data, size);
    return 0;
}

int http2_peer::on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
    auto& p = peer(self);
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        p.resets_.push_back(frame->rst_stream.error_code);
    const bool of_request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (of_request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        p.handler_(p, p.requests_[frame->hd.stream_id]);
    return 0;
}

int http2_peer::on_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t /*code*/,
                         void* self) {
    peer(self).requests_.erase(stream);
    peer(self).bodies_.erase(stream);
    return 0;
}

ssize_t http2_peer::read_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* into,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                              void* self) {
    auto& left = peer(self).bodies_[stream];
    const auto size = std::min(room, left.size());
    std::memcpy(into, left.data(), size);
    left.erase(0, size);
    if (left.empty())
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
}

} // namespace beastmark::testing
