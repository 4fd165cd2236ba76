// The program under the contract suite: one of ours, started by the suite, or any other by its address.
#pragma once

#include "tests/contract/programs.hpp"
#include "tests/support/http_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

/// Where requests go. Chosen once for the whole run: what the suite starts (programs.hpp), or
///   BEASTMARK_CONTRACT_TARGET=http://127.0.0.1:8280 BEASTMARK_CONTRACT_KIND=get|post   anything that listens
struct target {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    target_kind kind = target_kind::get;
    bool started_here = false; // by the suite: for POST with the_backends() behind it

    http_client connect(int receive_buffer = 0) const;

    /// The suite knows its database and its cache, and may ask them.
    bool has_backends() const { return started_here && kind == target_kind::post; }

    /// Rows of table device, where the suite owns the database.
    std::optional<std::int64_t> rows() const;

    /// "GET" or "POST".
    std::string method() const;

    int success() const { return kind == target_kind::get ? 200 : 201; }

    /// A body that fits the method: empty, or a device whose firmware is `firmware`.
    std::string body(std::string_view firmware = "2.1.5") const;
    /// A request that must succeed; header lines without CRLF, besides Host and Content-Length.
    std::string good_request(const std::vector<std::string>& headers = {},
                             std::string_view path = "/api/devices",
                             std::string_view version = "HTTP/1.1") const;
    /// The same with the body in chunks, given as they are on the wire (size lines, trailers and all).
    std::string chunked_request(std::string_view chunks, const std::vector<std::string>& headers = {}) const;
};

/// The target of this run. Throws when it is not there.
const target& the_target();

/// A device as JSON, for POST.
std::string device_json(std::string_view mac, std::string_view firmware);

} // namespace beastmark::testing
