// TLS on a connection's socket, by OpenSSL: what recv(2) and send(2) are without it.
#pragma once

#include "loadgen/http_version.hpp"
#include "loadgen/tls/tls_options.hpp"

#include <boost/system/error_code.hpp>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

namespace detail {

struct ssl_free {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }

    void operator()(SSL* session) const noexcept { SSL_free(session); }

    void operator()(SSL_SESSION* state) const noexcept { SSL_SESSION_free(state); }
};

} // namespace detail

/// What a later connection may begin with (RFC 8446 section 2.2).
using tls_ticket = std::unique_ptr<SSL_SESSION, detail::ssl_free>;

/// What all HTTPS connections of a run share. Used by all threads.
class tls_context {
public:
    /// Reads the files. Throws std::runtime_error with one clear line: a file that cannot be read or is no
    /// PEM, a key that is not the certificate's.
    ///
    /// @param offered to the servers, by ALPN (RFC 7301).
    tls_context(const tls_options& options, http_version offered);

    [[nodiscard]] SSL_CTX* native() const noexcept { return context_.get(); }

    [[nodiscard]] bool verifies() const noexcept { return verifies_; }

    [[nodiscard]] bool resumes() const noexcept { return resumes_; }

private:
    std::unique_ptr<SSL_CTX, detail::ssl_free> context_;
    bool verifies_;
    bool resumes_;
};

/// One connection's. Every call is without waiting: asio::error::would_block says that the socket has to
/// have more, or room for more, first. The socket remains the caller's, who ignores SIGPIPE.
class tls_session {
public:
    /// @param host whom the certificate has to name, a name (sent as SNI, RFC 6066 section 3) or an address
    /// @param ticket of an earlier connection, or null
    tls_session(const tls_context& context, const std::string& host, int socket, SSL_SESSION* ticket);

    /// Goes on with the handshake; no error: it is complete and the certificate accepted.
    boost::system::error_code handshake();

    /// Reads up to `room` bytes; asio::error::eof: the other side said that no more follows.
    boost::system::error_code read(char* into, std::size_t room, std::size_t& size);

    /// Writes what fits. After would_block the same bytes have to be offered again.
    boost::system::error_code write(std::string_view bytes, std::size_t& size);

    /// For the next connection; null where the server gave none.
    [[nodiscard]] tls_ticket ticket() const;

    /// What the server chose of what was offered, its name (RFC 7301); empty: nothing.
    [[nodiscard]] std::string_view chosen_protocol() const noexcept;

    /// The server took the ticket.
    [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(session_.get()) == 1; }

    /// Says that nothing follows (RFC 8446 section 6.1), if there is room for it.
    void say_goodbye() noexcept;

private:
    boost::system::error_code error_of(int returned);

    std::unique_ptr<SSL, detail::ssl_free> session_;
    bool verifies_;
    bool complete_ = false;
};

} // namespace beastmark::loadgen
