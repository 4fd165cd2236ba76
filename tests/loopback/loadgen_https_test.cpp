// Whole runs over TLS: what is wrong with a certificate is told in words, and records may be cut anywhere.
#include "fault_server.hpp"
#include "loadgen/error_count.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/run.hpp"
#include "loadgen/worker.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait.hpp"
#include "tls_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::and_then;
using testing::answer;
using testing::at_once;
using testing::certificate_authority;
using testing::fault_server;
using ::testing::HasSubstr;
using testing::reply;
using testing::request_seen;
using testing::tls_front;
using testing::tls_front_options;

class loadgen_https : public ::testing::Test {
protected:
    loadgen_https() : authority_(folder_.path()) { authority_.issue("127.0.0.1", "server"); }

    [[nodiscard]] tls_front_options with(const std::string& name) const {
        tls_front_options options;
        options.certificate = folder_.path() / (name + ".crt");
        options.key = folder_.path() / (name + ".key");
        return options;
    }

    // openssl(1) makes no certificate that has expired.
    void let_expire(const std::string& name) const {
        const auto crt = folder_.path() / (name + ".crt");
        const auto key = folder_.path() / "authority.key";
        const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(crt.c_str(), "r"), BIO_free);
        const std::unique_ptr<BIO, decltype(&BIO_free)> key_in(BIO_new_file(key.c_str(), "r"), BIO_free);
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(
            PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> signer(
            PEM_read_bio_PrivateKey(key_in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -3600);
        ASSERT_GT(X509_sign(certificate.get(), signer.get(), EVP_sha256()), 0);
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new_file(crt.c_str(), "w"), BIO_free);
        ASSERT_EQ(PEM_write_bio_X509(out.get(), certificate.get()), 1);
    }

    // 40 requests in 200 ms.
    [[nodiscard]] run_options options_for(const std::string& url) const {
        run_options o;
        o.targets = {parse_target(url)};
        o.stages = {{stage_kind::hold, 200ms, 200, 200, 1}};
        o.connections = 4;
        o.timeout = 20s; // not because the machine is slow
        o.tls.ca_file = authority_.certificate();
        return o;
    }

    static run_record run_with(const run_options& options) { return run(make_plan(options), {}, {}); }

    static const stage_record& total(const run_record& r) { return r.targets.front().total(); }

    // Why no connection came up.
    static std::string refusal(const run_options& options) {
        try {
            run_with(options);
        } catch (const std::runtime_error& wrong) {
            return wrong.what();
        }
        return "none";
    }

    testing::temporary_directory folder_;
    certificate_authority authority_;
    fault_server server_{at_once};
};

TEST_F(loadgen_https, every_arrival_is_sent_once_and_answered_and_handshakes_are_measured_apart) {
    const tls_front front(server_.port(), with("server"));
    const auto record = run_with(options_for(front.url()));
    EXPECT_EQ(total(record).counts.of(outcome::ok), 40u);
    EXPECT_EQ(server_.requests().size(), 40u);
    EXPECT_EQ(total(record).counts.bytes_in, 40 * answer().size()) << "what was in the records";
    EXPECT_EQ(total(record).times.tls_handshake.count(), 4u);
    EXPECT_EQ(total(record).times.connect.count(), 4u);
    EXPECT_EQ(front.handshakes(), 4u);
    EXPECT_EQ(front.last_name(), "") << "an address is no name (RFC 6066 section 3)";
}

TEST_F(loadgen_https, works_with_tls_1_2) {
    auto older = with("server");
    older.highest_version = TLS1_2_VERSION;
    const tls_front front(server_.port(), older);
    EXPECT_EQ(total(run_with(options_for(front.url()))).counts.of(outcome::ok), 40u);
}

TEST_F(loadgen_https, a_name_is_asked_for_and_has_to_be_the_certificates) {
    authority_.issue("localhost", "named");
    const tls_front front(server_.port(), with("named"));
    EXPECT_EQ(total(run_with(options_for(front.url("localhost")))).counts.of(outcome::ok), 40u);
    EXPECT_EQ(front.last_name(), "localhost");
    EXPECT_THAT(refusal(options_for(front.url())), HasSubstr("tls: IP address mismatch"));
    const tls_front of_address(server_.port(), with("server"));
    EXPECT_THAT(refusal(options_for(of_address.url("localhost"))), HasSubstr("tls: hostname mismatch"));
}

TEST_F(loadgen_https, http1_is_offered_where_a_server_could_choose_http2) {
    auto knows_both = with("server");
    knows_both.protocol = "http/1.1";
    const tls_front front(server_.port(), knows_both);
    EXPECT_EQ(total(run_with(options_for(front.url()))).counts.of(outcome::ok), 40u);
    EXPECT_EQ(front.last_protocol(), "http/1.1");
}

TEST_F(loadgen_https, a_certificate_that_is_not_accepted_is_told_and_taken_with_insecure) {
    authority_.issue("127.0.0.1", "expired");
    let_expire("expired");
    authority_.issue("other.example", "other");
    const tls_front expired(server_.port(), with("expired"));
    const tls_front other(server_.port(), with("other"));
    const tls_front unknown(server_.port(), with("server"));
    EXPECT_THAT(refusal(options_for(expired.url())), HasSubstr("tls: certificate has expired"));
    EXPECT_THAT(refusal(options_for(other.url())), HasSubstr("tls: IP address mismatch"));
    auto system = options_for(unknown.url());
    system.tls.ca_file.clear();
    EXPECT_THAT(refusal(system), HasSubstr("tls: unable to get local issuer certificate"));
    for (const auto* const front : {&expired, &other, &unknown}) {
        auto any = options_for(front->url());
        any.tls.ca_file.clear();
        any.tls.verify = false;
        EXPECT_EQ(total(run_with(any)).counts.of(outcome::ok), 40u);
    }
}

TEST_F(loadgen_https, what_speaks_no_tls_is_told) {
    auto options = options_for("https://127.0.0.1:" + std::to_string(server_.port()) + "/");
    server_.speak_first("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_NE(refusal(options), "none");
    const fault_server plain([](const request_seen&) { return reply{{answer(400)}}; });
    options.targets = {parse_target("https://127.0.0.1:" + std::to_string(plain.port()) + "/")};
    options.timeout = 500ms; // it waits for the end of a head
    EXPECT_THAT(refusal(options), HasSubstr("tls: "));
}

TEST_F(loadgen_https, our_own_certificate_is_shown_to_who_asks) {
    authority_.issue("client", "client");
    auto asking = with("server");
    asking.client_authority = authority_.certificate();
    const tls_front front(server_.port(), asking);
    auto options = options_for(front.url());
    options.tls.certificate = folder_.path() / "client.crt";
    options.tls.key = folder_.path() / "client.key";
    EXPECT_EQ(total(run_with(options)).counts.of(outcome::ok), 40u);
}

TEST_F(loadgen_https, without_a_certificate_that_is_asked_for_requests_fail_with_the_servers_words) {
    auto asking = with("server");
    asking.client_authority = authority_.certificate();
    asking.highest_version = TLS1_2_VERSION;
    const tls_front front(server_.port(), asking);
    EXPECT_THAT(refusal(options_for(front.url())), HasSubstr("tls: sslv3 alert handshake failure"));
}

class no_control final : public worker_events {
public:
    void worker_ready() override {}

    void worker_done() override {}

    void addresses_changed(std::size_t, const resolved_name::endpoints&) override {}

    void name_failed(std::size_t, const std::string&) override {}
};

// With 1.3 the alert comes when our side of the handshake is over, before or after the run's start: here it
// does not start.
TEST_F(loadgen_https, without_a_certificate_that_is_asked_for_the_words_come_after_the_handshake_of_tls_1_3) {
    auto asking = with("server");
    asking.client_authority = authority_.certificate();
    const tls_front front(server_.port(), asking);
    const auto what = make_plan(options_for(front.url()));
    no_control nobody;
    mailbox reports;
    worker connects(what, 0, reports, nobody);
    connects.connect();
    const auto told = [&] { return connects.connections_of(0); };
    ASSERT_TRUE(testing::wait_until([&] { return told().last_error.failed(); }));
    EXPECT_EQ(words_of(told().last_error), "tlsv13 alert certificate required");
}

TEST_F(loadgen_https, records_may_be_cut_anywhere) {
    const std::string body(700, 'x');
    const fault_server larger([&](const request_seen&) { return reply{{answer(200, body)}}; });
    auto cut = with("server");
    cut.record = 1;
    const tls_front front(larger.port(), cut);
    auto options = options_for(front.url());
    options.expected_body.emplace(body);
    const auto record = run_with(options);
    EXPECT_EQ(total(record).counts.of(outcome::ok), 40u);
    EXPECT_EQ(total(record).counts.bytes_in, 40 * answer(200, body).size());
}

TEST_F(loadgen_https, requests_and_answers_of_many_records_arrive) {
    const std::string answered(1 << 20, 'a');
    const fault_server large([&](const request_seen&) { return reply{{answer(200, answered)}}; });
    const tls_front front(large.port(), with("server"));
    auto options = options_for(front.url());
    options.method = "POST";
    options.body = std::string(1 << 20, 'b');
    options.stages = {{stage_kind::hold, 200ms, 40, 40, 1}};
    const auto record = run_with(options);
    EXPECT_EQ(total(record).counts.of(outcome::ok), 8u);
    for (const auto& request : large.requests())
        EXPECT_EQ(request.body, options.body);
}

TEST_F(loadgen_https, an_answer_that_ends_with_the_connection_needs_the_goodbye) {
    const fault_server closing([](const request_seen&) {
        return reply{{"HTTP/1.1 200 OK\r\n\r\nall of it"}, 0ms, and_then::close};
    });
    const tls_front polite(closing.port(), with("server"));
    EXPECT_EQ(total(run_with(options_for(polite.url()))).counts.of(outcome::ok), 40u);
    auto cut_off = with("server");
    cut_off.says_goodbye = false;
    const tls_front rude(closing.port(), cut_off);
    EXPECT_EQ(total(run_with(options_for(rude.url()))).counts.of(outcome::reset), 40u)
        << "it may have been cut (RFC 9112 section 9.8)";
}

TEST_F(loadgen_https, a_session_is_resumed_only_where_asked) {
    const fault_server closing([](const request_seen&) {
        return reply{{answer(200, "ok", "Connection: close\r\n")}, 0ms, and_then::close};
    });
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto of_version = with("server");
        of_version.highest_version = version;
        const tls_front front(closing.port(), of_version);
        auto options = options_for(front.url());
        EXPECT_EQ(total(run_with(options)).counts.of(outcome::ok), 40u);
        EXPECT_EQ(front.resumed(), 0u);
        options.tls.resume = true;
        EXPECT_EQ(total(run_with(options)).counts.of(outcome::ok), 40u);
        EXPECT_GT(front.resumed(), 10u) << "version " << version;
    }
}

TEST_F(loadgen_https, files_that_are_wrong_are_named) {
    const auto failure = [&](auto change) {
        auto options = options_for("https://127.0.0.1:1/");
        change(options.tls);
        return refusal(options);
    };
    EXPECT_THAT(failure([](tls_options& o) { o.ca_file = "/nowhere"; }),
                HasSubstr("--cacert '/nowhere': No such file"));
    EXPECT_THAT(failure([](tls_options& o) { o.certificate = "/nowhere"; }),
                HasSubstr("--cert '/nowhere': "));
    EXPECT_THAT(failure([&](tls_options& o) {
                    o.certificate = folder_.path() / "server.crt";
                    o.key = folder_.path() / "authority.key";
                }),
                HasSubstr("authority.key': key values mismatch"));
}

} // namespace
} // namespace beastmark::loadgen
