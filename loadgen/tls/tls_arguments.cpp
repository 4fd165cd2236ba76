#include "loadgen/tls/tls_arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

namespace {

void require_https(const run_arguments& a, std::span<const target_spec> targets) {
    if (std::ranges::any_of(targets, [](const auto& t) { return t.where.secure; }))
        return;
    const std::array<std::pair<bool, const char*>, 5> given{{{a.insecure, "-k"},
                                                             {!a.tls.ca_file.empty(), "--cacert"},
                                                             {!a.tls.certificate.empty(), "--cert"},
                                                             {!a.tls.key.empty(), "--key"},
                                                             {a.tls.resume, "--tls-resume"}}};
    for (const auto& [is_given, flag] : given)
        if (is_given)
            throw std::invalid_argument(
                fmt::format("{} belongs to https, and no URL begins with https://", flag));
}

} // namespace

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

tls_options read_tls(const run_arguments& a, std::span<const target_spec> targets) {
    require_https(a, targets);
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
