#include "tls_front.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {
namespace {

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket);
        return -1;
    }
    return socket;
}

void must(bool done, const char* what) {
    if (!done)
        throw std::runtime_error(std::string("tls_front: ") + what);
}

} // namespace

tls_front::tls_front(std::uint16_t behind, const tls_front_options& options)
    : behind_(behind),
      record_(options.record),
      says_goodbye_(options.says_goodbye),
      context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to clients that are gone
    auto* const context = context_.get();
    must(SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) == 1, "certificate");
    must(SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1, "key");
    must(SSL_CTX_set_max_proto_version(context, options.highest_version) == 1, "version");
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("f"), 1);
    if (!options.client_authority.empty()) {
        must(SSL_CTX_load_verify_locations(context, options.client_authority.c_str(), nullptr) == 1,
             "client_authority");
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if (!options.protocol.empty()) {
        protocol_ = static_cast<char>(options.protocol.size()) + options.protocol;
        SSL_CTX_set_alpn_select_cb(context, choose, &protocol_);
    }
    threads_.emplace([this](int socket, std::uint64_t /*connection*/) { serve(socket); });
}

int tls_front::choose(SSL* /*session*/, const unsigned char** out, unsigned char* out_size,
                      const unsigned char* offered, unsigned offered_size, void* wanted) {
    const auto& name = *static_cast<const std::string*>(wanted);
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, out_size, reinterpret_cast<const unsigned char*>(name.data()),
                              static_cast<unsigned>(name.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

std::string tls_front::last_name() const {
    const std::lock_guard lock(mutex_);
    return last_name_;
}

std::string tls_front::last_protocol() const {
    const std::lock_guard lock(mutex_);
    return last_protocol_;
}

void tls_front::serve(int socket) {
    SSL* const client = SSL_new(context_.get());
    SSL_set_fd(client, socket);
    if (SSL_accept(client) == 1) {
        ++handshakes_;
        resumed_ += SSL_session_reused(client) == 1 ? 1 : 0;
        {
            const std::lock_guard lock(mutex_);
            const char* const name = SSL_get_servername(client, TLSEXT_NAMETYPE_host_name);
            last_name_ = name == nullptr ? "" : name;
            const unsigned char* protocol = nullptr;
            unsigned size = 0;
            SSL_get0_alpn_selected(client, &protocol, &size);
            last_protocol_.assign(reinterpret_cast<const char*>(protocol), size);
        }
        if (const int behind = connect_to(behind_); behind >= 0) {
            pass_on(client, socket, behind);
            ::close(behind);
        }
        if (says_goodbye_)
            SSL_shutdown(client);
    }
    SSL_free(client);
}

void tls_front::pass_on(SSL* client, int socket, int behind) const {
    std::array<char, 16'384> block{};
    for (;;) {
        std::array<pollfd, 2> both{{{socket, POLLIN, 0}, {behind, POLLIN, 0}}};
        if (SSL_pending(client) == 0 && ::poll(both.data(), both.size(), -1) < 0)
            return;
        if (SSL_pending(client) > 0 || both[0].revents != 0) {
            const int size = SSL_read(client, block.data(), static_cast<int>(block.size()));
            if (size <= 0 || ::send(behind, block.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) < 0)
                return;
        }
        if (both[1].revents == 0)
            continue;
        const auto size = ::recv(behind, block.data(), std::min(block.size(), record_ * 64), 0);
        if (size <= 0)
            return;
        for (std::size_t sent = 0; sent < static_cast<std::size_t>(size); sent += record_) {
            const auto part = std::min(record_, static_cast<std::size_t>(size) - sent);
            if (SSL_write(client, block.data() + sent, static_cast<int>(part)) <= 0)
                return;
        }
    }
}

} // namespace beastmark::testing
