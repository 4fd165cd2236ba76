// An access log: whatever stands in it is refused with one line, or becomes requests that stay within their
// lines, at times that only go up.
#include "loadgen/make_requests.hpp"
#include "loadgen/replay_log.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/schedule.hpp"
#include "oracle.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using beastmark::fuzz::must;
using namespace beastmark::loadgen;

void must_be_one_line(const std::invalid_argument& wrong) {
    const std::string_view message = wrong.what();
    must(!message.empty() && message.find('\n') == std::string_view::npos);
}

// The head of a request for "http://h/": what a server takes for one request, with no header that nobody
// asked for.
void must_be_one_head(const request_template& request) {
    std::string bytes(request.max_size(), '?');
    bytes.resize(request.render(bytes.data(), 1, 0));
    const auto end = bytes.find("\r\n\r\n");
    must(end != std::string::npos);
    const std::string_view head(bytes.data(), end);
    const auto first = head.substr(0, head.find("\r\n"));
    must(std::count(first.begin(), first.end(), ' ') == 2 && first.ends_with(" HTTP/1.1"));
    must(std::count(head.begin(), head.end(), '\n') <= 4);
}

void read_log(std::string_view text, double speed) {
    replay_reader reader("f.log", {.requests = 1000, .distinct = 100, .distinct_bytes = 100'000});
    try {
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            reader.line(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        run_options options;
        options.replay = std::make_shared<const replay_log>(reader.finish(speed));
        const auto& log = *options.replay;
        must(!log.due->empty() && log.due->size() == log.which->size());
        must(log.due->size() == log.lines - log.skipped && log.requests.size() == log.distinct);
        must(log.due->front().count() == 0 && std::is_sorted(log.due->begin(), log.due->end()));
        must(log.due->back() < log.duration && log.note().find('\n') == std::string::npos);
        const schedule all(log.due, log.duration);
        must(all.arrivals_before(log.duration) == all.size());
        auto files = pick_files(options);
        const auto requests = make_requests(options, url::parse("http://h/"), files);
        for (std::uint64_t i = 0; i < all.size(); ++i) {
            must(requests.index_of(i) < requests.size());
            must_be_one_head(requests.of(i));
        }
    } catch (const std::invalid_argument& wrong) {
        must_be_one_line(wrong);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // A power of two from 1/8 to 16.
    const auto speed = static_cast<double>(1U << (data[0] & 7U)) / 8;
    read_log({reinterpret_cast<const char*>(data) + 1, size - 1}, speed);
    return 0;
}
