// What is asked of HTTPS.
#pragma once

#include <string>

namespace beastmark::loadgen {

struct tls_options {
    bool verify = true;      // the server's certificate and its name
    std::string ca_file;     // --cacert: PEM, instead of the system's authorities
    std::string certificate; // --cert: PEM, ours, for a server that asks for one
    std::string key;         // --key: PEM, without a passphrase; empty: in the certificate's file
    bool resume = false;     // --tls-resume: a connection begins with the session of the one before it
};

} // namespace beastmark::loadgen
