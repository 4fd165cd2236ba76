// memcached's side of a connection: sets of any content become exactly the commands meant, replies of any
// content, cut anywhere, complete each set at most once, and what they mean does not depend on the cut. The
// first two bytes of the input are dice and where the rest is cut into the sets' contents and the replies.
#include "ingest/memcached/codec.hpp"
#include "ingest/memcached/error.hpp"
#include "ingest/memcached/set_queue.hpp"
#include "tests/fuzz/oracle.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace beastmark::memcached;
using beastmark::fuzz::dice;
using beastmark::fuzz::must;
using boost::system::error_code;

constexpr std::size_t capacity = 6;

struct node : set_request {
    bool pending = false;
};

// Takes the commands apart again, knowing nothing of how they were made but memcached's grammar.
struct command {
    std::string key;
    std::string value;
};

std::vector<command> read_commands(std::string_view bytes) {
    std::vector<command> all;
    while (!bytes.empty()) {
        const auto line = bytes.substr(0, bytes.find("\r\n"));
        must(line.starts_with("ms ") && line.size() < bytes.size());
        const auto key = line.substr(3, line.find(' ', 3) - 3);
        const auto rest = line.substr(3 + key.size() + 1);
        const auto size = static_cast<std::size_t>(std::stoul(std::string(rest)));
        must(rest == std::to_string(size) + " T20");
        bytes.remove_prefix(line.size() + 2);
        must(bytes.size() >= size + 2 && bytes.substr(size, 2) == "\r\n");
        all.push_back({std::string(key), std::string(bytes.substr(0, size))});
        bytes.remove_prefix(size + 2);
    }
    return all;
}

void check_commands(std::string_view key, std::string_view value) {
    if (!is_key(key)) {
        must(key.empty() || key.size() > 250 ||
             std::ranges::any_of(key, [](unsigned char c) { return c <= ' ' || c == 127; }));
        return;
    }
    std::array<node, 2> sets;
    set_queue tested(sets.size());
    for (auto& each : sets) {
        each.key = key;
        each.value = value;
        each.ttl_s = 20;
        tested.push(each, {});
    }
    const auto read = read_commands(tested.start_write());
    must(read.size() == sets.size());
    for (const auto& each : read) {
        must(each.key == key && each.value == value);
    }
    error_code error;
    while (tested.fail_next(error) != nullptr) {
        must(error == errc::lost);
    }
}

using outcome = std::vector<std::pair<std::size_t, int>>; // which set, its error; last: how it ended

// All sets are pushed, then the replies come.
template <class Cut>
outcome take_replies(std::string_view replies, Cut cut) {
    std::array<node, capacity> sets;
    set_queue tested(capacity);
    for (auto& each : sets) {
        each.key = "k";
        tested.push(each, {});
    }
    tested.start_write();
    tested.written();
    outcome told;
    auto last = set_queue::progress::need_bytes;
    while (!replies.empty() && last == set_queue::progress::need_bytes) {
        const auto space = tested.read_space();
        must(!space.empty());
        const auto bytes = std::min({std::max<std::size_t>(cut(), 1), space.size(), replies.size()});
        replies.copy(space.data(), bytes);
        tested.received(bytes);
        replies.remove_prefix(bytes);
        set_queue::completion c;
        while ((last = tested.next(c)) == set_queue::progress::completed) {
            told.emplace_back(static_cast<node*>(c.request) - sets.data(), c.error.value());
        }
    }
    for (std::size_t i = 0; i < told.size(); ++i) {
        must(told[i].first == i); // in order, each once
    }
    must(tested.offending_line().size() <= 80);
    must(tested.size() + told.size() == capacity);
    told.emplace_back(capacity, static_cast<int>(last));
    return told;
}

// Sets, writes, replies, time-outs and losses, as they come.
class chaos {
public:
    chaos(std::string_view replies, std::uint32_t seed) : replies_(replies), roll_{seed} {}

    void play() {
        for (int step = 0; step < 200; ++step) {
            now_ += std::chrono::milliseconds(1);
            switch (roll_() % 8) {
            case 0:
            case 1:
                push();
                break;
            case 2:
                writing_ = writing_ || !tested_.start_write().empty();
                break;
            case 3:
                if (std::exchange(writing_, false)) {
                    tested_.written();
                }
                break;
            case 4:
                expire();
                break;
            case 5:
                if (roll_() % 16 == 0) {
                    lose();
                }
                break;
            default:
                read();
            }
        }
        lose();
        must(std::ranges::none_of(nodes_, &node::pending));
    }

private:
    void push() {
        const auto free = std::ranges::find(nodes_, false, &node::pending);
        if (free == nodes_.end() || tested_.full()) {
            return;
        }
        free->pending = true;
        free->key = "k";
        free->submitted = now_;
        tested_.push(*free, now_ + std::chrono::milliseconds(1 + roll_() % 40));
    }

    void read() {
        const auto space = tested_.read_space();
        const auto bytes = std::min<std::size_t>({1 + roll_() % 20, space.size(), replies_.size()});
        replies_.copy(space.data(), bytes);
        replies_.remove_prefix(bytes);
        tested_.received(bytes);
        for (;;) {
            set_queue::completion c;
            switch (tested_.next(c)) {
            case set_queue::progress::need_bytes:
                return;
            case set_queue::progress::out_of_sync:
                return lose();
            case set_queue::progress::completed:
                if (c.request != nullptr) {
                    complete(*c.request);
                }
            }
        }
    }

    void expire() {
        std::size_t place = 0;
        while (set_request* const r = tested_.abandon_overdue(now_, place)) {
            complete(*r);
        }
    }

    void lose() {
        error_code error;
        while (set_request* const r = tested_.fail_next(error)) {
            must(error == errc::lost || error == errc::unavailable);
            complete(*r);
        }
        must(tested_.empty());
        writing_ = false;
    }

    static void complete(set_request& r) { must(std::exchange(static_cast<node&>(r).pending, false)); }

    std::string_view replies_;
    dice roll_;
    set_queue tested_{capacity};
    std::array<node, 2 * capacity> nodes_;
    bool writing_ = false;
    set_queue::time_point now_{std::chrono::hours(1)};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string input(reinterpret_cast<const char*>(data + 2), size - 2);
    const auto key = std::string_view(input).substr(0, data[1]);
    check_commands(key, std::string_view(input).substr(key.size()));

    dice roll{data[0]};
    const auto whole = take_replies(input, [&] { return input.size(); });
    must(whole == take_replies(input, [] { return std::size_t{1}; }));
    must(whole == take_replies(input, [&] { return std::size_t{roll() % 40}; }));
    for (std::size_t i = 0; i + 1 < whole.size(); ++i) { // stored only by a line that says so
        must(whole[i].second != 0 || input.find("HD") != std::string::npos);
    }
    chaos(input, data[0] * 256U + data[1]).play();
    return 0;
}
