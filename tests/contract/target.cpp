#include "tests/contract/target.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <exception>
#include <memory>
#include <stdexcept>

namespace beastmark::testing {

namespace {

target external(const std::string& url) {
    const std::string scheme = "http://";
    const auto colon = url.rfind(':');
    if (!url.starts_with(scheme) || colon < scheme.size())
        throw std::runtime_error("BEASTMARK_CONTRACT_TARGET is not http://HOST:PORT: " + url);
    target result;
    result.host = url.substr(scheme.size(), colon - scheme.size());
    result.port = static_cast<std::uint16_t>(std::stoul(url.substr(colon + 1)));
    result.kind = kind_under_test();
    return result;
}

std::unique_ptr<service> started;

/// One process for the whole suite: what one test does to it, the next ones notice. It must end well, too.
class service_environment : public ::testing::Environment {
public:
    /// Without a target no test runs: said once, not by each.
    void SetUp() override {
        try {
            the_target();
        } catch (const std::exception& failure) {
            FAIL() << failure.what();
        }
    }

    void TearDown() override { started.reset(); }
};

[[maybe_unused]] const auto* registered = ::testing::AddGlobalTestEnvironment(new service_environment);

target start_target() {
    started = std::make_unique<service>(options_under_test());
    target result;
    result.port = started->port();
    result.kind = kind_under_test();
    result.started_here = true;
    return result;
}

} // namespace

const target& the_target() {
    static const target chosen = [] {
        const std::string url = variable("BEASTMARK_CONTRACT_TARGET");
        return url.empty() ? start_target() : external(url);
    }();
    return chosen;
}

http_client target::connect(int receive_buffer) const {
    return http_client(port, host, receive_buffer);
}

std::optional<std::int64_t> target::rows() const {
    if (!has_backends())
        return std::nullopt;
    return the_backends().postgres.count("device");
}

std::string target::method() const {
    return kind == target_kind::get ? "GET" : "POST";
}

std::string device_json(std::string_view mac, std::string_view firmware) {
    return nlohmann::json{{"mac", mac}, {"firmware", firmware}}.dump();
}

std::string target::body(std::string_view firmware) const {
    return kind == target_kind::get ? "" : device_json("EF-2B-C4-F5-D6-34", firmware);
}

namespace {

std::string head(const target& to, std::string_view path, std::string_view version,
                 const std::vector<std::string>& headers) {
    std::string text = to.method();
    text.append(" ").append(path).append(" ").append(version).append("\r\nHost: test\r\n");
    for (const auto& line : headers)
        text.append(line).append("\r\n");
    return text;
}

} // namespace

std::string target::good_request(const std::vector<std::string>& headers, std::string_view path,
                                 std::string_view version) const {
    std::string text = head(*this, path, version, headers);
    const std::string content = body();
    if (!content.empty())
        text.append("Content-Type: application/json\r\nContent-Length: ")
            .append(std::to_string(content.size()))
            .append("\r\n");
    return text.append("\r\n").append(content);
}

std::string target::chunked_request(std::string_view chunks, const std::vector<std::string>& headers) const {
    return head(*this, "/api/devices", "HTTP/1.1", headers)
        .append("Transfer-Encoding: chunked\r\n\r\n")
        .append(chunks);
}

} // namespace beastmark::testing
