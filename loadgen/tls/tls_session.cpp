#include "loadgen/tls/tls_session.hpp"

#include "loadgen/tls/tls_error.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// RFC 7301: without it a server may speak HTTP/2.
constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::array<unsigned char, 3> http_2{2, 'h', '2'};

[[noreturn]] void fail(std::string_view option, const std::string& file) {
    throw std::runtime_error(fmt::format("{} '{}': {}", option, file, queued_tls_error().message()));
}

// SSL_set_tlsext_host_name(), a macro with a cast of C.
void send_name(SSL* session, const std::string& host) {
    SSL_ctrl(
        session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
        const_cast<char*>(host.c_str())); // NOLINT(cppcoreguidelines-pro-type-const-cast): it is only read
}

void trust(SSL_CTX* context, const tls_options& options) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.ca_file.empty())
        SSL_CTX_set_default_verify_paths(context);
    else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1)
        fail("--cacert", options.ca_file);
}

void identify(SSL_CTX* context, const tls_options& options) {
    const auto& key = options.key.empty() ? options.certificate : options.key;
    // What is encrypted is refused: nobody is there to be asked.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
    if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1)
        fail("--cert", options.certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        fail("--key", key);
}

} // namespace

tls_context::tls_context(const tls_options& options, http_version offered)
    : context_(SSL_CTX_new(TLS_client_method())), verifies_(options.verify), resumes_(options.resume) {
    if (!context_)
        throw std::bad_alloc();
    auto* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // A write is offered again from the same bytes, perhaps at another place; buffers of idle connections
    // are given back.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, resumes_ ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                                     : SSL_SESS_CACHE_OFF);
    if (offered == http_version::http_2)
        SSL_CTX_set_alpn_protos(context, http_2.data(), http_2.size());
    else
        SSL_CTX_set_alpn_protos(context, http_1_1.data(), http_1_1.size());
    if (verifies_)
        trust(context, options);
    if (!options.certificate.empty())
        identify(context, options);
}

tls_session::tls_session(const tls_context& context, const std::string& host, int socket, SSL_SESSION* ticket)
    : session_(SSL_new(context.native())), verifies_(context.verifies()) {
    auto* const session = session_.get();
    if (session == nullptr || SSL_set_fd(session, socket) != 1)
        throw std::bad_alloc();
    SSL_set_connect_state(session);
    error_code no_address;
    asio::ip::make_address(host, no_address);
    if (no_address)
        send_name(session, host); // of names alone (RFC 6066 section 3)
    if (verifies_) {
        if (no_address)
            SSL_set1_host(session, host.c_str());
        else
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
    }
    if (ticket != nullptr)
        SSL_set_session(session, ticket);
}

error_code tls_session::handshake() {
    ERR_clear_error();
    const int returned = SSL_do_handshake(session_.get());
    if (returned == 1) {
        complete_ = true;
        return {};
    }
    const auto code = error_of(returned);
    if (verifies_ && code.category() == tls_category())
        if (const auto verified = SSL_get_verify_result(session_.get()); verified != X509_V_OK)
            return certificate_error(verified);
    return code;
}

error_code tls_session::read(char* into, std::size_t room, std::size_t& size) {
    ERR_clear_error();
    const int returned = SSL_read_ex(session_.get(), into, room, &size);
    return returned == 1 ? error_code() : error_of(returned);
}

error_code tls_session::write(std::string_view bytes, std::size_t& size) {
    ERR_clear_error();
    const int returned = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &size);
    return returned == 1 ? error_code() : error_of(returned);
}

error_code tls_session::error_of(int returned) {
    const int system_error = errno;
    switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN:
        return asio::error::eof;
    case SSL_ERROR_SYSCALL:
        complete_ = false;
        if (ERR_peek_error() == 0 && system_error != 0)
            return {system_error, boost::system::system_category()};
        [[fallthrough]];
    default:
        complete_ = false; // SSL_shutdown(3): not after a fatal error
        return queued_tls_error();
    }
}

tls_ticket tls_session::ticket() const {
    tls_ticket found(SSL_get1_session(session_.get()));
    return found && SSL_SESSION_is_resumable(found.get()) == 1 ? std::move(found) : nullptr;
}

std::string_view tls_session::chosen_protocol() const noexcept {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

void tls_session::say_goodbye() noexcept {
    if (!complete_)
        return;
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
}

} // namespace beastmark::loadgen
