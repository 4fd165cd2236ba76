// What OpenSSL says was wrong, as an error_code.
#pragma once

#include <boost/system/error_code.hpp>

#include <string>

namespace beastmark::loadgen {

/// Of codes whose texts are "certificate has expired" (X509_verify_cert_error_string(3)) or "wrong version
/// number" (ERR_reason_error_string(3)).
const boost::system::error_category& tls_category() noexcept;

/// Why a certificate was not accepted. @param verify_result of SSL_get_verify_result(3), not X509_V_OK
boost::system::error_code certificate_error(long verify_result) noexcept;

/// The first of this thread's queue of errors, which it empties. An empty queue is an end of the connection
/// that nobody announced.
boost::system::error_code queued_tls_error() noexcept;

} // namespace beastmark::loadgen
