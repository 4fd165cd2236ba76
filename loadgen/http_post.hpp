// One POST over HTTP/1.1 on a connection of its own, before a deadline. Blocks.
#pragma once

#include "common/host_and_port.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace beastmark::loadgen {

struct post_answer {
    unsigned status = 0; // 0: none came
    std::string body;
    std::string error; // of the connection, when none came
};

/// Answers of more than 64 KiB are errors. The name is looked up each time: that alone may outlast
/// `patience`, by what the resolver takes.
post_answer post(const host_and_port& where, const std::string& path, std::string_view body,
                 std::chrono::nanoseconds patience);

} // namespace beastmark::loadgen
