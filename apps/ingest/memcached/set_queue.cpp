#include "ingest/memcached/set_queue.hpp"

#include "ingest/memcached/codec.hpp"
#include "ingest/memcached/error.hpp"

#include <algorithm>
#include <utility>

namespace beastmark::memcached {

set_queue::set_queue(std::size_t capacity) : slots_(capacity) {
    constexpr std::size_t usual_turn_bytes =
        16384; // what a busy turn of the loop writes; more makes them grow
    unwritten_.reserve(usual_turn_bytes);
    written_piece_.reserve(usual_turn_bytes);
}

void set_queue::push(set_request& r, time_point deadline) {
    slots_.push_back(slot{.request = &r,
                          .is_probe = false,
                          .submitted = r.submitted,
                          .deadline = deadline,
                          .start = pushed_bytes_});
    const auto before = unwritten_.size();
    append_set(unwritten_, r.key, r.value, r.ttl_s);
    pushed_bytes_ += unwritten_.size() - before;
}

void set_queue::push_probe(time_point now) {
    slots_.push_back(slot{.request = nullptr,
                          .is_probe = true,
                          .submitted = now,
                          .deadline = time_point::max(),
                          .start = pushed_bytes_});
    const auto before = unwritten_.size();
    append_noop(unwritten_);
    pushed_bytes_ += unwritten_.size() - before;
}

std::string_view set_queue::start_write() {
    if (writing_ || unwritten_.empty())
        return {};
    // Two buffers that change roles keep their memory: one fills while the other is written.
    written_piece_.clear();
    std::swap(written_piece_, unwritten_);
    handed_out_bytes_ += written_piece_.size();
    writing_ = true;
    return written_piece_;
}

void set_queue::written() {
    writing_ = false;
}

std::span<char> set_queue::read_space() noexcept {
    // What is left is less than one reply (next() takes all whole ones and refuses longer lines), so moving
    // it is cheap and the rest is never empty.
    std::copy(read_.begin() + read_begin_, read_.begin() + read_end_, read_.begin());
    read_end_ -= read_begin_;
    read_begin_ = 0;
    return std::span(read_).subspan(read_end_);
}

set_queue::progress set_queue::next(completion& result) {
    if (out_of_step_)
        return progress::out_of_sync;
    const auto [kind, size] = parse_reply({read_.data() + read_begin_, read_end_ - read_begin_});
    if (kind == reply::incomplete)
        return progress::need_bytes;
    if (slots_.empty() || kind == reply::garbage || (kind == reply::noop_done) != slots_.front().is_probe)
        return progress::out_of_sync;

    result.request = slots_.front().request;
    result.error = kind == reply::stored || kind == reply::noop_done ? boost::system::error_code()
                                                                     : make_error_code(errc::refused);
    slots_.pop_front();
    out_of_step_ = kind == reply::command_error;
    if (!out_of_step_) // else the line stays, to be logged
        read_begin_ += size;
    return progress::completed;
}

std::string set_queue::offending_line() const {
    constexpr std::size_t longest_shown = 80;
    const std::string_view bytes(read_.data() + read_begin_, read_end_ - read_begin_);
    std::string line(bytes.substr(0, std::min(bytes.find_first_of("\r\n"), longest_shown)));
    std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return line;
}

// Deadlines are in no order: a set has what its request's insert has left of the time.
set_request* set_queue::abandon_overdue(time_point now, std::size_t& place) noexcept {
    for (; place < slots_.size(); ++place) {
        slot& s = slots_[place];
        if (s.request != nullptr && s.deadline <= now)
            return std::exchange(s.request, nullptr);
    }
    return nullptr;
}

bool set_queue::oldest_before(time_point limit) const noexcept {
    return !slots_.empty() && slots_.front().submitted < limit;
}

set_request* set_queue::fail_next(boost::system::error_code& error) noexcept {
    while (!slots_.empty()) {
        const slot s = slots_.front();
        slots_.pop_front();
        if (s.request != nullptr) {
            error = make_error_code(s.start < handed_out_bytes_ ? errc::lost : errc::unavailable);
            return s.request;
        }
    }
    reset();
    return nullptr;
}

void set_queue::reset() noexcept {
    unwritten_.clear();
    written_piece_.clear();
    writing_ = out_of_step_ = false;
    pushed_bytes_ = handed_out_bytes_ = 0;
    read_begin_ = read_end_ = 0;
}

} // namespace beastmark::memcached
