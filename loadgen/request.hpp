// The bytes of a request: the head is built once, what changes from arrival to arrival is patched in behind
// it.
#pragma once

#include "loadgen/body_template.hpp"
#include "loadgen/url.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

class request_template {
public:
    /// @param headers lines "Name: value"; Host, Content-Type and User-Agent given here replace ours.
    /// Throws std::invalid_argument with one clear line: an ill-formed method or header, a header that would
    /// contradict the body's framing.
    request_template(std::string_view method, const url& where, std::span<const std::string> headers,
                     body_template body);

    /// The same bytes for every arrival: constant_bytes() holds them.
    [[nodiscard]] bool constant() const noexcept { return body_.constant(); }

    [[nodiscard]] std::string_view constant_bytes() const noexcept { return head_; }

    // What HTTP/2 sends instead (RFC 9113 section 8.3): fields, names in lower case, then a body.
    struct field {
        std::string name;
        std::string value;
    };

    /// All but content-length.
    [[nodiscard]] std::span<const field> fields() const noexcept { return fields_; }

    [[nodiscard]] bool sends_length() const noexcept { return sends_length_; }

    [[nodiscard]] std::size_t max_body_size() const noexcept { return body_.max_size(); }

    /// The body of arrival `i`: written to `buffer` (at least max_body_size() bytes), which is not used when
    /// constant().
    std::string_view body(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept;

    /// The answer has no body although its head speaks of one (RFC 9110 section 9.3.2).
    [[nodiscard]] bool head_only() const noexcept { return head_only_; }

    [[nodiscard]] std::size_t max_size() const noexcept;

    /// Makes `buffer` (at least max_size() bytes) ready for render(): writes the part that never changes.
    void prepare(char* buffer) const noexcept;

    /// Writes the request of arrival `i` into a prepared buffer. Returns its size. No allocation.
    std::size_t render(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept;

private:
    std::string head_; // up to the value of Content-Length; the whole request when constant
    body_template body_;
    std::string constant_body_;
    std::vector<field> fields_;
    bool sends_length_ = false;
    bool head_only_;
};

/// Throws std::invalid_argument, one clear line, where a header is of HTTP/1.1 alone (RFC 9113
/// section 8.2.2).
void require_http2_fields(const request_template& request);

} // namespace beastmark::loadgen
