// One POST over HTTP/1.1 on a connection of its own, before a deadline. Blocks.
#pragma once

#include "common/host_and_port.hpp"
#include "loadgen/http_exchange.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

/// Answers of more than 64 KiB are errors. The name is looked up each time: that alone may outlast
/// `patience`, by what the resolver takes.
http_reply post(const host_and_port& where, const std::string& path, std::string_view body,
                std::chrono::nanoseconds patience);

} // namespace beastmark::loadgen
