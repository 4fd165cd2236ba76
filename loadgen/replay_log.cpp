#include "loadgen/replay_log.hpp"

#include "common/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace beastmark::loadgen {

namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::size_t longest_line = 1024 * 1024;
constexpr nanoseconds longest = std::chrono::hours(24 * 31); // what is due is told second by second

std::invalid_argument wrong(const std::string& file, std::string_view why) {
    return std::invalid_argument(fmt::format("--replay {}: {}", file, why));
}

// How long a schedule goes on whose last arrival is due at `last`: each of them has its share of it.
nanoseconds duration_of(nanoseconds last, std::size_t requests) {
    if (last.count() == 0)
        return 1s;
    return last + std::max(last / static_cast<std::int64_t>(requests - 1), nanoseconds(1));
}

std::vector<std::uint64_t> count_by_second(const std::vector<nanoseconds>& due) {
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(due.back() / 1s) + 1);
    for (const auto t : due)
        ++counts[static_cast<std::size_t>(t / 1s)];
    return counts;
}

} // namespace

double replay_log::mean_rps() const {
    return static_cast<double>(lines - skipped) / std::chrono::duration<double>(duration).count();
}

std::string replay_log::note() const {
    if (skipped == 0 && reordered == 0)
        return {};
    auto text = fmt::format("--replay {}: ", file);
    if (skipped > 0)
        text += fmt::format("{} of {} lines are no requests and left out, the first is {}", skipped, lines,
                            first_skipped);
    if (reordered > 0)
        text += fmt::format("{}{} were written after a later one and are sent at their time",
                            skipped > 0 ? "; " : "", reordered);
    return text;
}

void replay_reader::line(std::string_view text) {
    ++number_;
    if (text.ends_with('\r'))
        text.remove_suffix(1);
    if (text.empty())
        return;
    ++lines_;
    const auto read = read_log_line(text);
    if (const auto* const none = std::get_if<not_a_request>(&read)) {
        skip(none->why);
        return;
    }
    const auto& request = std::get<logged_request>(read);
    if (entries_.size() == most_.requests)
        throw wrong(file_, fmt::format("more than {} requests: replay a part of it, e.g. its first {} lines",
                                       most_.requests, most_.requests));
    reordered_ += request.at < latest_ ? 1 : 0;
    latest_ = std::max(latest_, request.at);
    const auto place = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({request.at, place_of(request), place, request.whole_second});
}

void replay_reader::endless_line() {
    ++number_;
    ++lines_;
    skip("it is longer than a megabyte");
}

void replay_reader::skip(std::string_view why) {
    if (skipped_++ == 0)
        first_skipped_ = fmt::format("line {}: {}", number_, why);
}

std::uint32_t replay_reader::place_of(const logged_request& request) {
    auto key = fmt::format("{} {}\n{}", request.method, request.path, request.body);
    const auto [at, fresh] = known_.try_emplace(std::move(key), static_cast<std::uint32_t>(known_.size()));
    if (fresh)
        known_bytes_ += at->first.size();
    if (known_.size() > most_.distinct || known_bytes_ > most_.distinct_bytes)
        throw wrong(file_,
                    fmt::format("more than {} requests that differ, or than {} bytes of them: replay a "
                                "part of it",
                                most_.distinct, most_.distinct_bytes));
    return at->second;
}

void replay_reader::order() {
    const auto earlier = [](const entry& a, const entry& b) {
        return std::tie(a.at, a.place) < std::tie(b.at, b.place);
    };
    if (!std::is_sorted(entries_.begin(), entries_.end(), earlier))
        std::sort(entries_.begin(), entries_.end(), earlier);
}

void replay_reader::spread_seconds() {
    for (auto first = entries_.begin(); first != entries_.end();) {
        const auto last = std::find_if(first, entries_.end(), [&](const entry& e) {
            return e.at != first->at || e.whole_second != first->whole_second;
        });
        const auto count = last - first;
        if (first->whole_second)
            for (std::ptrdiff_t i = 1; i < count; ++i)
                (first + i)->at += nanoseconds(1s) * i / count;
        first = last;
    }
}

std::vector<replayed_request> replay_reader::take_requests() {
    std::vector<replayed_request> all(known_.size());
    for (const auto& [key, place] : known_) {
        const auto blank = key.find(' ');
        const auto end = key.find('\n', blank);
        all[place] = {key.substr(0, blank), key.substr(blank + 1, end - blank - 1), key.substr(end + 1)};
    }
    known_.clear();
    return all;
}

replay_log replay_reader::finish(double speed) {
    if (2 * skipped_ > lines_)
        throw wrong(
            file_, fmt::format("{} of {} lines are no requests, the first is {}. It reads the Common and the "
                               "Combined Log Format, and JSON lines like {{\"ts\": 0.25, \"path\": \"/\"}}",
                               skipped_, lines_, first_skipped_));
    if (entries_.empty())
        throw wrong(file_, "it is empty: there is no request to replay");
    order();
    spread_seconds();
    order(); // a second's may have come between exact ones
    std::vector<nanoseconds> due;
    std::vector<std::uint32_t> which;
    due.reserve(entries_.size());
    which.reserve(entries_.size());
    for (const auto& e : entries_) {
        const auto since = e.at - entries_.front().at;
        due.push_back(speed == 1 ? since
                                 : nanoseconds(std::llround(static_cast<double>(since.count()) / speed)));
        which.push_back(e.request);
    }
    if (due.back() > longest)
        throw wrong(file_,
                    fmt::format("at this speed it lasts {}, above the limit of {}: replay a part of it, or "
                                "faster with --replay-speed",
                                format_duration(std::chrono::floor<std::chrono::seconds>(due.back())),
                                format_duration(longest)));
    replay_log log{.file = file_,
                   .speed = speed,
                   .lines = lines_,
                   .skipped = skipped_,
                   .reordered = reordered_,
                   .first_skipped = first_skipped_,
                   .distinct = known_.size(),
                   .duration = duration_of(due.back(), due.size()),
                   .due_each_second = count_by_second(due),
                   .due = nullptr,
                   .which = nullptr};
    log.due = std::make_shared<const std::vector<nanoseconds>>(std::move(due));
    log.which = std::make_shared<const std::vector<std::uint32_t>>(std::move(which));
    log.requests = take_requests();
    return log;
}

replay_log read_replay(const std::string& file, double speed) {
    std::ifstream in(file, std::ios::binary);
    const auto fail = [&] {
        throw std::runtime_error(fmt::format("--replay: cannot read {}: {}", file, std::strerror(errno)));
    };
    if (!in)
        fail();
    replay_reader reader(file);
    std::vector<char> buffer(longest_line + 1);
    while (!in.eof()) {
        in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        const auto size = static_cast<std::size_t>(in.gcount());
        if (in.bad()) // a folder, for example
            fail();
        if (in.eof() && size == 0)
            break;
        if (in.fail() && !in.eof()) {
            in.clear();
            in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
            reader.endless_line();
            continue;
        }
        reader.line({buffer.data(), in.eof() ? size : size - 1});
    }
    return reader.finish(speed);
}

} // namespace beastmark::loadgen
