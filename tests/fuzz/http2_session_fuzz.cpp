// Our side of an HTTP/2 connection on hostile bytes, driven as a connection drives it. Whatever comes: each
// request ends at most once, on its own place, and nothing is told after the connection is over. The input is
// a row of steps: what is done next, then how much of the rest comes from the server. Half of the inputs
// begin with a server's preface, so that they get further.
#include "loadgen/http2/http2_session.hpp"
#include "oracle.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace beastmark::loadgen;
using beastmark::fuzz::must;

constexpr std::uint32_t places = 3;

// A request and what its message refers to.
struct sent {
    sent(const char* method, std::size_t body)
        : made(method, where, body_template::literal(where.target), {},
               body_template::literal(std::string(body, 'b')), files, http_version::http_2) {
        made.render(message, nullptr, 1, 0);
    }

    url where = url::parse("http://h/");
    line_files files;
    request_template made;
    http2_message message;
};

const sent& get() {
    static const sent made("GET", 0);
    return made;
}

const sent& post() {
    static const sent made("POST", 100'000);
    return made;
}

const body_search wanted("ok");

class driver {
public:
    void submit(std::uint32_t place, bool with_body) {
        if (over_ || busy_[place])
            return;
        busy_[place] = true;
        session_.submit(place, (with_body ? post() : get()).message);
    }

    void cancel(std::uint32_t place) {
        if (over_ || !busy_[place])
            return;
        busy_[place] = false;
        session_.cancel(place);
    }

    void feed(std::string_view bytes) {
        session_.feed(bytes);
        hear();
        while (!session_.output().empty()) {
        }
        hear();
    }

private:
    void hear() {
        std::vector<http2_event> events;
        session_.take_events(events);
        for (const auto& e : events) {
            must(!over_);
            must(e.place < places);
            switch (e.what) {
            case http2_event_kind::first_byte:
                must(busy_[e.place]);
                break;
            case http2_event_kind::answered:
                must(busy_[e.place] && e.status >= 100 && e.status <= 999);
                busy_[e.place] = false;
                break;
            case http2_event_kind::failed:
                must(busy_[e.place] && e.code && !e.code.message().empty());
                busy_[e.place] = false;
                break;
            case http2_event_kind::not_taken:
                must(busy_[e.place]);
                busy_[e.place] = false;
                break;
            case http2_event_kind::over:
                must(e.code && !e.code.message().empty());
                over_ = true;
                break;
            case http2_event_kind::streams_allowed:
            case http2_event_kind::going_away:
                break;
            }
        }
    }

    http2_session session_{places, &wanted};
    std::array<bool, places> busy_{};
    bool over_ = false;
};

constexpr std::string_view preface("\0\0\0\4\0\0\0\0\0", 9); // SETTINGS, nothing set

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    driver d;
    if (!input.empty() && (input.front() & 1) != 0)
        d.feed(preface);
    if (!input.empty())
        input.remove_prefix(1);
    while (!input.empty()) {
        const auto step = static_cast<std::uint8_t>(input.front());
        input.remove_prefix(1);
        const std::uint32_t place = (step >> 2) % places;
        switch (step & 3) {
        case 0:
            d.submit(place, false);
            break;
        case 1:
            d.submit(place, true);
            break;
        case 2:
            d.cancel(place);
            break;
        default: {
            const auto count = std::min<std::size_t>(step >> 2, input.size());
            d.feed(input.substr(0, count));
            input.remove_prefix(count);
        }
        }
    }
    return 0;
}
