#include "loadgen/tls/tls_error.hpp"

#include "common/error_category.hpp"

#include <boost/asio/error.hpp>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

namespace beastmark::loadgen {
namespace {

// Values: below 0 a result of the certificate's verification, negated; above it a code of OpenSSL's queue,
// which has at most 31 bits but for errors of the system, which are told as such.
const char* text_of(int value) {
    if (value < 0)
        return X509_verify_cert_error_string(-static_cast<long>(value));
    const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(value));
    return reason != nullptr ? reason : "an error without a name";
}

} // namespace

const boost::system::error_category& tls_category() noexcept {
    static constexpr described_category category("tls", text_of);
    return category;
}

boost::system::error_code certificate_error(long verify_result) noexcept {
    return {static_cast<int>(-verify_result), tls_category()};
}

boost::system::error_code queued_tls_error() noexcept {
    const auto first = ERR_get_error();
    ERR_clear_error();
    if (first == 0 || ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return boost::asio::error::connection_reset;
    if (ERR_SYSTEM_ERROR(first))
        return {ERR_GET_REASON(first), boost::system::system_category()};
    return {static_cast<int>(first), tls_category()};
}

} // namespace beastmark::loadgen
