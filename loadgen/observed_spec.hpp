// What the command line says of the processes and endpoints to observe: --watch NAME=PID, --scrape NAME=URL.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

namespace beastmark::loadgen {

struct watch_spec {
    std::string name;
    pid_t pid = 0;
};

struct scrape_spec {
    std::string name;
    std::string url;
    std::string host; // an IPv6 address without its brackets
    std::string port;
    std::string path; // with the query
};

/// Reads "NAME=PID". A name is 1 to 64 of A-Z a-z 0-9 _ . - Throws std::invalid_argument with one clear line.
watch_spec parse_watch(std::string_view text);

/// Reads "NAME=http://HOST[:PORT]/PATH". Throws std::invalid_argument with one clear line.
scrape_spec parse_scrape(std::string_view text);

} // namespace beastmark::loadgen
