// The bytes of a request: what never changes is built once, what changes from arrival to arrival is written
// between it.
#pragma once

#include "loadgen/body_template.hpp"
#include "loadgen/url.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

class request_template {
public:
    /// @param headers lines "Name: value"; Host, Content-Type and User-Agent given here replace ours. Their
    /// values and the URL's target may have placeholders, whose files are relative to where the program was
    /// started.
    /// Throws std::invalid_argument with one clear line: an ill-formed method or header, a header that would
    /// contradict the body's framing; as body_template().
    request_template(std::string_view method, const url& where, std::span<const std::string> headers,
                     body_template body);

    /// The same with another target, and other files for the headers.
    request_template(std::string_view method, const url& where, const body_template& target,
                     std::span<const std::string> headers, body_template body, line_files& files);

    /// The same bytes for every arrival: constant_bytes() holds them.
    [[nodiscard]] bool constant() const noexcept { return constant_; }

    [[nodiscard]] std::string_view constant_bytes() const noexcept { return head_.constant_text(); }

    /// The answer has no body although its head speaks of one (RFC 9110 section 9.3.2).
    [[nodiscard]] bool head_only() const noexcept { return head_only_; }

    [[nodiscard]] std::size_t max_size() const noexcept;

    /// Writes the request of arrival `i` into a buffer of at least max_size() bytes. Returns its size. No
    /// allocation.
    std::size_t render(char* buffer, std::uint64_t seed, std::uint64_t i) const noexcept;

    /// As body_template's, of the whole request.
    [[nodiscard]] std::uint32_t checksum(std::uint32_t crc) const {
        return body_.checksum(head_.checksum(crc));
    }

private:
    void write(std::string_view method, const url& where, const body_template& target,
               std::span<const std::string> headers, line_files& files);

    body_template head_; // up to the value of Content-Length, or, of a body that never changes, all of it
    body_template body_; // one that changes
    bool head_only_;
    bool constant_ = false;
};

} // namespace beastmark::loadgen
