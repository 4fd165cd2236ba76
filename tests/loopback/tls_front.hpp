// TLS before a server that has none: takes it off and passes on what is in it, both ways.
#pragma once

#include "connection_threads.hpp"

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace beastmark::testing {

struct tls_front_options {
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path client_authority; // clients have to have a certificate of it; empty: they need none
    int highest_version = TLS1_3_VERSION;
    std::size_t record = 16'384; // as many bytes at most in each that it sends
    bool says_goodbye = true;    // before it closes
    std::string protocol;        // that it chooses where it is offered (ALPN), e.g. "h2"; empty: none
};

/// Listens on 127.0.0.1, a thread for each connection.
class tls_front {
public:
    tls_front(std::uint16_t behind, const tls_front_options& options);

    [[nodiscard]] std::uint16_t port() const { return threads_->port(); }

    [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const {
        return "https://" + host + ":" + std::to_string(port()) + "/";
    }

    [[nodiscard]] std::uint64_t handshakes() const { return handshakes_; }

    /// Of these.
    [[nodiscard]] std::uint64_t resumed() const { return resumed_; }

    /// The name that the last client asked for (SNI); empty: none.
    [[nodiscard]] std::string last_name() const;

    /// That was chosen with the last client (ALPN); empty: none.
    [[nodiscard]] std::string last_protocol() const;

private:
    struct free_context {
        void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
    };

    void serve(int socket);
    void pass_on(SSL* client, int socket, int behind) const;

    static int choose(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                      unsigned offered_size, void* wanted);

    std::uint16_t behind_;
    std::string protocol_; // with its length before it
    std::size_t record_;
    bool says_goodbye_;
    std::unique_ptr<SSL_CTX, free_context> context_;
    std::atomic<std::uint64_t> handshakes_{0};
    std::atomic<std::uint64_t> resumed_{0};
    mutable std::mutex mutex_;
    std::string last_name_;
    std::string last_protocol_;
    std::optional<connection_threads> threads_; // last: they use the others
};

} // namespace beastmark::testing
