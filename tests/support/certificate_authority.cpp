#include "tests/support/certificate_authority.hpp"

#include "tests/support/process.hpp"

#include <stdexcept>
#include <utility>

namespace beastmark::testing {

certificate_authority::certificate_authority(std::filesystem::path directory, std::string user)
    : directory_(std::move(directory)), user_(std::move(user)) {
    request("beastmark test authority", "authority", {});
}

void certificate_authority::issue(const std::string& host, const std::string& name) const {
    const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
    request(host, name,
            {"-CA", certificate(), "-CAkey", directory_ / "authority.key", "-addext",
             std::string("subjectAltName=") + (is_address ? "IP:" : "DNS:") + host});
}

void certificate_authority::request(const std::string& host, const std::string& name,
                                    const std::vector<std::string>& signed_by) const {
    process_options options{.arguments = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                          "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                                          "/CN=" + host, "-keyout", directory_ / (name + ".key"), "-out",
                                          directory_ / (name + ".crt")},
                            .user = user_,
                            .directory = directory_};
    options.arguments.insert(options.arguments.end(), signed_by.begin(), signed_by.end());
    const auto finished = run(options);
    if (finished.status != exit_status{0, 0})
        throw std::runtime_error("openssl: " + to_string(finished.status) + "\n" + finished.err);
}

} // namespace beastmark::testing
