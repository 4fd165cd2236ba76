#include "loadgen/tls/tls_arguments.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace beastmark::loadgen {

void add_tls_options(CLI::App& command, run_arguments& a) {
    command.add_flag("-k,--insecure", a.insecure,
                     "https: take any certificate, expired, of another name or of nobody known");
    command.add_option("--cacert", a.tls.ca_file,
                       "https: PEM file of the authorities to trust [the system's]");
    command.add_option("--cert", a.tls.certificate,
                       "https: PEM file of our own certificate, for a server that asks for one");
    command.add_option("--key", a.tls.key, "https: PEM file of its key [the file of --cert]");
    command.add_flag("--tls-resume", a.tls.resume,
                     "https: a connection that is made again begins with the session of the one before it, "
                     "which saves the server a signature");
}

tls_options read_tls(const run_arguments& a) {
    if (a.insecure && !a.tls.ca_file.empty())
        throw std::invalid_argument(
            "-k takes any certificate, --cacert says which to trust: leave one of them out");
    if (!a.tls.key.empty() && a.tls.certificate.empty())
        throw std::invalid_argument("--key is of the certificate of --cert: give both, or neither");
    auto options = a.tls;
    options.verify = !a.insecure;
    return options;
}

} // namespace beastmark::loadgen
