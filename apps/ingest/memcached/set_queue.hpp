// What one memcached connection has promised: the sets written or to be written, in order, and their replies.
// Sans-I/O: bytes and time in, bytes and completions out.
#pragma once

#include "ingest/memcached/request.hpp"

#include <boost/circular_buffer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace beastmark::memcached {

/// Replies come in the order of the sets. A set that timed out gives up its place only when its reply has
/// come: the place is kept, the request is not.
class set_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What a reply decided. Without a request it was an abandoned one's, which is dropped.
    struct completion {
        set_request* request = nullptr;
        boost::system::error_code error;
    };

    enum class progress {
        completed,   ///< one completion was given; there may be more
        need_bytes,  ///< no whole reply is left
        out_of_sync, ///< the bytes are no replies to what was sent: the link must be dropped
    };

    explicit set_queue(std::size_t capacity);

    [[nodiscard]] bool full() const noexcept { return slots_.full(); }

    [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }

    [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

    /// Copies the set into the bytes to be written. Precondition: not full, and is_key(r.key).
    /// @param deadline when nobody waits for the reply any more.
    void push(set_request& r, time_point deadline);
    /// A no-op, whose reply is a completion without a request: the first thing said on a new link.
    /// Precondition: empty.
    void push_probe(time_point now);

    /// Writing: what has been pushed since, as one piece that stays valid until written(); empty when there
    /// is nothing. One piece at a time.
    std::string_view start_write();
    void written();

    [[nodiscard]] bool writing() const noexcept { return writing_; }

    /// Reading: where to put bytes (never empty), then how many were put, then next() until it needs more.
    std::span<char> read_space() noexcept;

    void received(std::size_t bytes) noexcept { read_end_ += bytes; }

    progress next(completion& result);

    /// What out_of_sync was about, to be logged: the line received, shortened, without control characters.
    [[nodiscard]] std::string offending_line() const;

    /// A set whose deadline has passed at `now` and that was not yet told so, or null; its place is kept for
    /// its reply. Searches from `place`, and leaves it where to go on.
    set_request* abandon_overdue(time_point now, std::size_t& place) noexcept;
    /// The oldest set, abandoned or not, was submitted before `limit` and its reply has not come.
    [[nodiscard]] bool oldest_before(time_point limit) const noexcept;

    /// The link is gone: gives the sets one after the other, oldest first (unavailable when nothing of it was
    /// handed out to be written, else lost), then null; the queue is then as new.
    set_request* fail_next(boost::system::error_code& error) noexcept;

private:
    struct slot {
        set_request* request; // null: abandoned, or the probe
        bool is_probe;
        time_point submitted;
        time_point deadline;
        std::uint64_t start; // offset of its first byte in all that was ever pushed
    };

    void reset() noexcept;

    boost::circular_buffer<slot> slots_;
    std::string unwritten_;
    std::string written_piece_;
    bool writing_ = false;
    bool out_of_step_ = false; // what comes next is not to be trusted
    std::uint64_t pushed_bytes_ = 0;
    std::uint64_t handed_out_bytes_ = 0;
    std::array<char, 4096> read_{};
    std::size_t read_begin_ = 0;
    std::size_t read_end_ = 0;
};

} // namespace beastmark::memcached
