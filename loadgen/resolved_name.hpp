// What a name resolves to, asked again and again. Sans-I/O: answers go in, what has changed comes out.
#pragma once

#include "common/name_lookup.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

class resolved_name {
public:
    using endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

    explicit resolved_name(const endpoints& first);

    struct news {
        std::optional<endpoints> addresses{}; // all of them, when they are others than before
        std::optional<std::string> failure{}; // why the name does not resolve any more; told once
    };

    /// An answer without addresses changes nothing: those of before stay.
    news take(const name_lookup::answer& answer);

private:
    endpoints known_; // in order
    bool told_ = false;
};

} // namespace beastmark::loadgen
