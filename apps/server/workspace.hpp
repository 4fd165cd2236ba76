// What a connection needs while a request is in progress, and only then: an idle one holds none of it.
#pragma once

#include "server/request_parser.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::server {

/// The buffers of one request in progress. Input is read to the end of `input`; what lies in [begin, end) is
/// not parsed yet.
struct workspace {
    explicit workspace(std::size_t input_bytes)
        : input{std::make_unique<char[]>(input_bytes)}, capacity{input_bytes} {}

    [[nodiscard]] std::string_view unread() const { return {input.get() + begin, end - begin}; }

    [[nodiscard]] bool is_unused() const { return !parser && begin == end && output.empty(); }

    std::unique_ptr<char[]> input;
    std::size_t capacity;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::optional<request_parser> parser; // of the request in progress, from its first byte to its answer
    std::string body;
    std::string output; // answers that the socket has not taken
};

/// The workspaces of one core. Those that were used last are lent first: they are in the CPU's cache.
class workspace_pool {
public:
    /// @param input_bytes of each: one more than a head may have, so that a head over the limit can be seen.
    explicit workspace_pool(std::size_t input_bytes) : input_bytes_{input_bytes} {}

    /// Allocates when none is spare.
    std::unique_ptr<workspace> borrow();

    /// Takes back an unused one. Keeps some: after a burst of slow clients the rest goes back to the system.
    void give_back(std::unique_ptr<workspace> unused);

private:
    static constexpr std::size_t most_spare = 256;

    std::size_t input_bytes_;
    std::vector<std::unique_ptr<workspace>> spare_;
};

} // namespace beastmark::server
