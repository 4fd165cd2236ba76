// The request parser on hostile bytes: a request must come out the same however the network cuts it.
#include "server/request_parser.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using beastmark::server::request_parser;

const beastmark::server::route_table routes{{"/api/devices", beastmark::server::method::post},
                                            {"/healthz", beastmark::server::method::get}};

const beastmark::server::request_limits limits;

struct outcome {
    request_parser::state state;
    unsigned status;
    std::string body;

    bool operator==(const outcome&) const = default;
};

// As a session does: a buffer of bounded size, in which what was not used is offered again.
outcome parse(std::string_view input, std::size_t piece) {
    std::string body;
    request_parser parser{routes, limits, body};
    std::string buffer;
    while (!input.empty() && parser.current() == request_parser::state::need_more) {
        const auto room = limits.head_bytes() + 1 - buffer.size();
        const auto taken = std::min({piece, room, input.size()});
        buffer += input.substr(0, taken);
        input.remove_prefix(taken);
        buffer.erase(0, parser.feed(buffer));
        if (parser.current() == request_parser::state::need_more && buffer.size() > limits.head_bytes()) {
            std::abort(); // the session would wait for ever
        }
    }
    if (body.size() > limits.body_bytes()) {
        std::abort();
    }
    if (parser.current() == request_parser::state::failed && !parser.error()) {
        std::abort();
    }
    const auto status = parser.error() ? static_cast<unsigned>(parser.error()->status) : 0U;
    return {parser.current(), status,
            parser.current() == request_parser::state::complete ? body : std::string{}};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{reinterpret_cast<const char*>(data), size};
    const auto whole = parse(input, input.size() + 1);
    const auto by_bytes = parse(input, 1);
    // How early a mistake is found, and which of several, may depend on the cut; what is a request may not.
    const bool either_complete =
        whole.state == request_parser::state::complete || by_bytes.state == request_parser::state::complete;
    if (either_complete && whole != by_bytes) {
        std::abort();
    }
    return 0;
}
