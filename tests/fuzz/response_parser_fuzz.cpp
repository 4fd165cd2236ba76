// The answer parser on hostile bytes, driven as a connection drives it: an answer must come out the same
// however the network cuts it. The first two bytes of the input are the kind of request and how to cut, the
// rest is the answer.
#include "loadgen/response_parser.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace http = boost::beast::http;
using beastmark::loadgen::response_parser;

// Shorter than a connection's 16 KiB, so that short inputs reach it too.
constexpr std::size_t capacity = 512;

const beastmark::loadgen::body_search wanted("hello");

enum class ending { complete, broken, malformed, too_long };

struct outcome {
    ending how = ending::broken;
    unsigned status = 0;
    bool keep_alive = false;
    bool as_expected = false; // its body holds what is wanted
    std::size_t used = 0;     // of an answer that is complete

    bool operator==(const outcome&) const = default;
};

class reader {
public:
    explicit reader(bool head_only) : head_only_(head_only) { fresh(); }

    // The bytes of one read; empty while the answer goes on.
    std::optional<outcome> take(std::string_view piece) {
        buffer_ += piece;
        std::size_t used = 0;
        while (used < buffer_.size()) {
            boost::system::error_code code;
            const auto room = buffer_.size() - used;
            const auto put = parser_->feed(boost::asio::const_buffer(buffer_.data() + used, room), code);
            if (put > room || (put == 0 && !code && !parser_->is_done())) {
                std::abort(); // more than there was, or a loop without end
            }
            used += put;
            consumed_ += put;
            if (parser_->is_done() && parser_->informational()) {
                fresh();
                continue;
            }
            if (parser_->is_done()) {
                return complete();
            }
            if (code == http::error::need_more) {
                break;
            }
            if (code) {
                return outcome{code == http::error::header_limit ? ending::too_long : ending::malformed};
            }
        }
        buffer_.erase(0, used);
        if (buffer_.size() == capacity) {
            return outcome{ending::too_long};
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t room() const { return capacity - buffer_.size(); }

    outcome end() {
        if (parser_->got_some() && parser_->is_header_done()) {
            boost::system::error_code code;
            parser_->put_eof(code);
            if (!code) {
                return complete();
            }
        }
        return outcome{ending::broken};
    }

private:
    void fresh() { parser_.emplace(head_only_, static_cast<std::uint32_t>(capacity), &wanted); }

    [[nodiscard]] outcome complete() const {
        if (parser_->status() < 100 || parser_->status() > 599) {
            std::abort();
        }
        return {ending::complete, parser_->status(), parser_->keep_alive(), parser_->body_as_expected(),
                consumed_};
    }

    bool head_only_;
    std::optional<response_parser> parser_;
    std::string buffer_;
    std::size_t consumed_ = 0;
};

// `cut` gives the length of each piece.
template <class Cut>
outcome parse(std::string_view input, bool head_only, Cut cut) {
    reader answer(head_only);
    while (!input.empty()) {
        const auto length = std::min({std::max<std::size_t>(cut(), 1), answer.room(), input.size()});
        if (const auto end = answer.take(input.substr(0, length))) {
            return *end;
        }
        input.remove_prefix(length);
    }
    return answer.end();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const bool head_only = (data[0] & 1) != 0;
    std::uint32_t random = data[1];
    const std::string input{reinterpret_cast<const char*>(data + 2), size - 2};
    const auto whole = parse(input, head_only, [&] { return input.size(); });
    const auto by_bytes = parse(input, head_only, [] { return 1; });
    const auto by_pieces = parse(input, head_only, [&random] {
        random = random * 1664525 + 1013904223;
        return random >> 27;
    });
    // How early a mistake is found, and so whether the end comes before it, may depend on the cut, and so may
    // whether the status line counts for the limit of a head; what is an answer may not.
    for (const auto& one : {whole, by_bytes, by_pieces}) {
        for (const auto& other : {whole, by_bytes, by_pieces}) {
            const bool differs = one != other && other.how != ending::too_long;
            if ((one.how == ending::complete && differs) || one.used > input.size()) {
                std::abort();
            }
            if (one.how == ending::too_long && input.size() < capacity) {
                std::abort();
            }
        }
    }
    return 0;
}
