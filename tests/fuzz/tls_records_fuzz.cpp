// TLS as our connections read it, with records and the network's pieces cut anywhere, and perhaps a byte
// changed on the way: what is read is what was sent, or there is an error; never anything else. The input
// chooses sizes: of records, of pieces, and where a byte is changed.
#include "loadgen/tls/tls_session.hpp"
#include "oracle.hpp"

#include <boost/asio/error.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace beastmark::loadgen;
using beastmark::fuzz::must;

SSL_CTX* server_context() {
    static SSL_CTX* const made = [] {
        auto* const key = EVP_EC_gen("P-256");
        auto* const certificate = X509_new();
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
        X509_set_pubkey(certificate, key);
        must(X509_sign(certificate, key, EVP_sha256()) > 0);
        auto* const context = SSL_CTX_new(TLS_server_method());
        must(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
        X509_free(certificate);
        EVP_PKEY_free(key);
        return context;
    }();
    return made;
}

const tls_context& client_context() {
    static const tls_context made = [] {
        tls_options options;
        options.verify = false;
        return tls_context(options, http_version::http_1_1);
    }();
    return made;
}

class script {
public:
    script(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

    std::size_t next(std::size_t when_over) {
        if (left_ == 0)
            return when_over;
        --left_;
        return *data_++;
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

struct ssl_free {
    void operator()(SSL* s) const { SSL_free(s); }
};

// The server, its bytes in memory; the client on a socket.
class talk {
public:
    explicit talk(script& choices) : choices_(choices), server_(SSL_new(server_context())) {
        must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets_.data()) == 0);
        SSL_set_bio(server_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(server_.get());
        client_ = std::make_unique<tls_session>(client_context(), "h", sockets_[0], nullptr);
    }

    ~talk() {
        client_.reset();
        ::close(sockets_[0]);
        ::close(sockets_[1]);
    }

    talk(const talk&) = delete;
    talk& operator=(const talk&) = delete;

    void shake_hands() {
        for (int turn = 0; turn < 10; ++turn) {
            const auto code = client_->handshake();
            from_client();
            SSL_do_handshake(server_.get());
            deliver(SIZE_MAX, [&] { return client_->handshake() == boost::asio::error::would_block; });
            if (!code && SSL_is_init_finished(server_.get()) == 1)
                return;
        }
        must(false);
    }

    // Sends `text` in records, changes the byte at `changed` of what they make. Returns whether all was read
    // as it should.
    bool send(std::string_view text, std::size_t changed) {
        std::string came;
        bool failed = false;
        const auto read = [&] {
            std::array<char, 512> block{};
            for (;;) {
                std::size_t size = 0;
                const auto code = client_->read(block.data(), block.size(), size);
                if (code) {
                    failed = code != boost::asio::error::would_block;
                    return !failed;
                }
                must(size > 0 && size <= block.size());
                came.append(block.data(), size);
                must(text.starts_with(came));
            }
        };
        for (auto left = text; !left.empty();) {
            const auto record = std::clamp<std::size_t>(choices_.next(200), 1, left.size());
            must(SSL_write(server_.get(), left.data(), static_cast<int>(record)) > 0);
            left.remove_prefix(record);
        }
        deliver(changed, read);
        must(!failed || changed != SIZE_MAX);
        must(failed || changed != SIZE_MAX || came == text);
        return !failed;
    }

private:
    void from_client() {
        std::array<char, 4096> block{};
        for (ssize_t size = 0; (size = ::recv(sockets_[1], block.data(), block.size(), 0)) > 0;)
            BIO_write(SSL_get_rbio(server_.get()), block.data(), static_cast<int>(size));
    }

    // What the server has to send, in pieces; `heard` after each, until it is false.
    template <class Heard>
    void deliver(std::size_t changed, Heard heard) {
        char* bytes = nullptr;
        const auto size = BIO_get_mem_data(SSL_get_wbio(server_.get()), &bytes);
        std::string all(bytes, static_cast<std::size_t>(size));
        BIO_reset(SSL_get_wbio(server_.get()));
        if (changed < all.size())
            all[changed] = static_cast<char>(all[changed] ^ 0x41);
        bool listens = true; // else it leaves all in the socket, which takes few pieces
        for (std::string_view left = all; !left.empty();) {
            const auto piece =
                listens ? std::clamp<std::size_t>(choices_.next(255), 1, left.size()) : left.size();
            must(::send(sockets_[1], left.data(), piece, MSG_NOSIGNAL) == static_cast<ssize_t>(piece));
            left.remove_prefix(piece);
            listens = heard() && listens;
            if (!listens && changed != SIZE_MAX)
                return;
        }
    }

    script& choices_;
    std::array<int, 2> sockets_{};
    std::unique_ptr<SSL, ssl_free> server_;
    std::unique_ptr<tls_session> client_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 512)
        return 0;
    script choices(data, size);
    const auto kind = choices.next(0);
    const auto where = choices.next(0);
    std::string text;
    for (int i = 0; i < 60; ++i)
        text += "HTTP/1.1 200 OK " + std::to_string(i) + "\r\n";
    talk t(choices);
    t.shake_hands();
    must(t.send(text, SIZE_MAX));
    if ((kind & 1) != 0)
        t.send(text, where * 5);
    return 0;
}
