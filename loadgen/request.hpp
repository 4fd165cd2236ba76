// The bytes of a request: what never changes is built once, what changes from arrival to arrival is written
// between it.
#pragma once

#include "loadgen/body_template.hpp"
#include "loadgen/http_version.hpp"
#include "loadgen/url.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// A request of HTTP/2 (RFC 9113 section 8.3).
struct http2_message {
    std::vector<std::pair<std::string_view, std::string_view>> fields; // all but content-length
    std::string_view body;
    bool has_length = false; // content-length is sent
};

class request_template {
public:
    /// @param headers lines "Name: value"; Host, Content-Type and User-Agent given here replace ours. Their
    /// values and the URL's target may have placeholders, whose files are relative to where the program was
    /// started.
    /// Throws std::invalid_argument with one clear line: an ill-formed method or header, a header that would
    /// contradict the body's framing; as body_template().
    request_template(std::string_view method, const url& where, std::span<const std::string> headers,
                     body_template body);

    /// The same with another target, and other files for the headers. Of HTTP/2 a header that is of HTTP/1.1
    /// alone (RFC 9113 section 8.2.2) is an error, too.
    request_template(std::string_view method, const url& where, const body_template& target,
                     std::span<const std::string> headers, body_template body, line_files& files,
                     http_version version = http_version::http_1_1);

    /// The same bytes for every arrival: constant_bytes() holds them.
    [[nodiscard]] bool constant() const noexcept { return constant_; }

    [[nodiscard]] std::string_view constant_bytes() const noexcept { return head_.constant_text(); }

    /// The answer has no body although its head speaks of one (RFC 9110 section 9.3.2).
    [[nodiscard]] bool head_only() const noexcept { return head_only_; }

    [[nodiscard]] std::size_t max_size() const noexcept;

    /// Writes the request of arrival `i` into a buffer of at least max_size() bytes. Returns its size. No
    /// allocation.
    std::size_t render(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept;

    /// The same as HTTP/2 has it, of one made for that. What is not in `buffer` lasts as long as this.
    void render(http2_message& into, char* buffer, std::uint64_t seed, std::uint64_t i) const;

    /// As body_template's, of the whole request.
    [[nodiscard]] std::uint32_t checksum(std::uint32_t crc) const {
        return body_.checksum(head_.checksum(crc));
    }

private:
    struct field {
        std::string name;
        body_template value;
    };

    void write(std::string_view method, const url& where, const body_template& target,
               std::span<const std::string> headers, line_files& files, http_version version);
    void write_http2(std::string_view method, const url& where, const body_template& target,
                     const std::vector<field>& fields);

    body_template head_; // up to the value of Content-Length, or, of a body that never changes, all of it
    body_template body_; // one that changes
    std::vector<field> http2_fields_; // of HTTP/2, as all below that says so
    std::string http2_body_;          // one that never changes
    bool has_length_ = false;
    bool head_only_;
    bool constant_ = false;
};

} // namespace beastmark::loadgen
