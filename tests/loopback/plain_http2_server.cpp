#include "plain_http2_server.hpp"

#include <cerrno>
#include <memory>
#include <system_error>

#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* requests) {
    if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    ++*static_cast<std::uint64_t*>(requests);
    std::uint8_t name[] = ":status";
    std::uint8_t value[] = "204";
    const nghttp2_nv status{name, value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NONE};
    return nghttp2_submit_response(session, frame->hd.stream_id, &status, 1, nullptr);
}

struct free_session {
    void operator()(nghttp2_session* s) const { nghttp2_session_del(s); }
};

using session_pointer = std::unique_ptr<nghttp2_session, free_session>;

session_pointer make_session(std::uint64_t& requests) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new(&session, callbacks, &requests);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    return session_pointer(session);
}

void send_all(nghttp2_session& session, int socket) {
    const std::uint8_t* bytes = nullptr;
    for (auto size = nghttp2_session_mem_send(&session, &bytes); size > 0;
         size = nghttp2_session_mem_send(&session, &bytes))
        ::send(socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
}

void check(int result, const char* what) {
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

plain_http2_server::plain_http2_server() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(listener_, "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    check(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), "bind");
    check(listen(listener_, 64), "listen");
    check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

plain_http2_server::~plain_http2_server() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_)
            shutdown(socket, SHUT_RDWR);
    }
    for (auto& s : servers_)
        s.join();
}

std::vector<std::uint64_t> plain_http2_server::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void plain_http2_server::accept_all() {
    for (;;) {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const std::lock_guard lock(mutex_);
        sockets_.push_back(socket);
        servers_.emplace_back([this, socket] { serve(socket); });
    }
}

void plain_http2_server::serve(int socket) {
    std::uint64_t requests = 0;
    const auto session = make_session(requests);
    send_all(*session, socket);
    std::uint8_t block[4096];
    for (auto size = recv(socket, block, sizeof block, 0); size > 0;
         size = recv(socket, block, sizeof block, 0)) {
        if (nghttp2_session_mem_recv(session.get(), block, static_cast<std::size_t>(size)) < 0)
            break;
        send_all(*session, socket);
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(requests);
    std::erase(sockets_, socket);
    close(socket);
}

} // namespace beastmark::testing
