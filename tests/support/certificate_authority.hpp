// An authority of a test's own, and the certificates it signs (openssl(1)).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace beastmark::testing {

class certificate_authority {
public:
    /// Makes key and certificate in `directory`, as `user` when root. Throws std::runtime_error with what
    /// openssl said.
    explicit certificate_authority(std::filesystem::path directory, std::string user = {});

    /// Makes `name`.key and `name`.crt beside, for the server with this host name or IPv4 address.
    void issue(const std::string& host, const std::string& name) const;

    /// What a client trusts (PEM).
    std::filesystem::path certificate() const { return certificate_in(directory_); }

    static std::filesystem::path certificate_in(const std::filesystem::path& directory) {
        return directory / "authority.crt";
    }

private:
    void request(const std::string& host, const std::string& name,
                 const std::vector<std::string>& signed_by) const;

    std::filesystem::path directory_;
    std::string user_;
};

} // namespace beastmark::testing
