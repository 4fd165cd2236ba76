#include "http2_server.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace beastmark::testing {

http2_server::http2_server(handler h, std::optional<std::uint32_t> allowed, greeting g)
    : handler_(std::move(h)),
      greeting_(std::move(g)),
      allowed_(allowed),
      threads_([this](int socket, std::uint64_t connection) { serve(socket, connection); }) {}

std::vector<http2_request_seen> http2_server::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t http2_server::most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
}

std::vector<std::uint32_t> http2_server::resets() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint32_t> all;
    for (const auto& [connection, codes] : resets_)
        all.insert(all.end(), codes.begin(), codes.end());
    return all;
}

void http2_server::serve(int socket, std::uint64_t connection) {
    std::uint64_t number = 0;
    http2_peer peer(
        [&](http2_peer& p, const http2_request_seen& request) {
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            handler_(p, request, connection, number++);
        },
        allowed_);
    std::array<char, 16'384> block{};
    const auto take = [&] {
        const auto size = ::recv(socket, block.data(), block.size(), 0);
        return size > 0 && peer.feed({block.data(), static_cast<std::size_t>(size)});
    };
    bool goes_on = true;
    std::string behind;
    if (greeting_) {
        goes_on = take();
        behind = greeting_(peer, connection);
    }
    while (goes_on && number < cut_after_) {
        const auto out = peer.output() + std::exchange(behind, {});
        if (!out.empty() && ::send(socket, out.data(), out.size(), MSG_NOSIGNAL) < 0)
            break;
        if (peer.over())
            break;
        goes_on = take();
        const std::lock_guard lock(mutex_);
        most_at_once_ = std::max(most_at_once_, peer.most_at_once());
        resets_[connection] = peer.resets();
    }
    const auto last = number < cut_after_ ? peer.output() : std::string();
    ::send(socket, last.data(), last.size(), MSG_NOSIGNAL);
}

} // namespace beastmark::testing
