#include "ingest/postgres/pipeline.hpp"

#include "ingest/postgres/error.hpp"

#include <algorithm>
#include <utility>

namespace beastmark::postgres {
namespace {

// One closes a statement; a second is seen around an error. PostgreSQL never needs more.
constexpr int most_nulls_in_a_row = 2;

constexpr sqlstate_text no_data{"02000"}; // SQL's own code for "there was no row"

} // namespace

pipeline::pipeline(std::size_t depth) : slots_(depth) {
    spare_.reserve(depth); // so that giving back never allocates
}

bool pipeline::stalled() const noexcept {
    return !empty() && front().has_abandoned;
}

// --- sending

std::span<pipeline::entry> pipeline::entries_of(slot& s) noexcept {
    return s.has_keys ? std::span<entry>(s.many) : std::span<entry>(&s.only, 1);
}

pipeline::slot& pipeline::push(bool has_keys, time_point now) noexcept {
    slot& s = at(size_++);
    s.has_keys = has_keys;
    s.has_abandoned = false;
    s.sent = now;
    s.expected = 0;
    if (has_keys && !spare_.empty()) {
        s.many = std::move(spare_.back());
        spare_.pop_back();
    }
    return s;
}

void pipeline::sent(request& r, time_point now) {
    push(false, now).only = {.waiting = &r, .key = {}, .came = false, .id = 0};
}

void pipeline::sent(request_list& rows, time_point now) {
    slot& s = push(true, now);
    for (request& r : rows)
        s.many.push_back({.waiting = &r, .key = r.key, .came = false, .id = 0});
}

// --- results

bool pipeline::row(std::int64_t id) noexcept {
    if (empty() || front().has_keys || answer_ != answer::none)
        return false;
    entry& e = front().only;
    e.came = true;
    e.id = id;
    return rows_end();
}

bool pipeline::row(const row_key& key, std::int64_t id) noexcept {
    if (!tells_keys() || answer_ != answer::none)
        return false;
    entry* const e = find(front(), key);
    if (e == nullptr)
        return false; // nobody sent it, or it came already
    e->came = true;
    e->id = id;
    return true;
}

// Rows come back as they were sent, in practice; but that is a promise that nobody gives.
pipeline::entry* pipeline::find(slot& in, const row_key& key) noexcept {
    const auto is_it = [&key](const entry& e) { return !e.came && e.key == key; };
    auto found = in.many.begin() + static_cast<std::ptrdiff_t>(in.expected);
    if (found == in.many.end() || !is_it(*found))
        found = std::ranges::find_if(in.many, is_it);
    if (found == in.many.end())
        return nullptr;
    in.expected = static_cast<std::size_t>(found - in.many.begin()) + 1;
    return &*found;
}

bool pipeline::rows_end() noexcept {
    if (empty() || answer_ != answer::none)
        return false;
    answer_ = answer::rows;
    nulls_in_a_row_ = 0;
    return true;
}

bool pipeline::no_row() noexcept {
    return rows_end();
}

bool pipeline::error(std::string_view sqlstate, bool ends_session) noexcept {
    // Without a code it is libpq's own error (the link is gone); FATAL means that the server will close it.
    // In both the answer stays what it is: a row that was reported may or may not have been committed.
    if (empty() || ends_session || sqlstate.size() != sqlstate_.size() - 1)
        return false;
    // An error after the row came at commit: the row is gone.
    answer_ = answer::refused;
    std::ranges::copy(sqlstate, sqlstate_.begin());
    nulls_in_a_row_ = 0;
    return true;
}

bool pipeline::null() noexcept {
    return ++nulls_in_a_row_ <= most_nulls_in_a_row;
}

bool pipeline::sync() noexcept {
    if (empty() || answer_ == answer::none)
        return false;
    decide_front();
    pop();
    return true;
}

// --- time and the end

bool pipeline::abandon_before(time_point deadline) noexcept {
    bool any = false;
    for (std::size_t i = 0; i < size_; ++i) {
        slot& s = at(i);
        for (entry& e : entries_of(s)) {
            if (e.waiting == nullptr || e.waiting->submitted >= deadline)
                continue;
            decide(e, errc::timed_out);
            e.waiting = nullptr;
            any = s.has_abandoned = true;
        }
    }
    return any;
}

bool pipeline::oldest_before(time_point limit) const noexcept {
    return !empty() && front().sent < limit;
}

void pipeline::fail() noexcept {
    for (; !empty(); pop()) {
        if (answer_ == answer::refused) { // it has undone the transaction, whether or not the sync still came
            decide_front();
            continue;
        }
        for (const entry& e : entries_of(front()))
            decide(e, errc::outcome_unknown);
    }
    nulls_in_a_row_ = 0;
}

// --- decisions

void pipeline::decide_front() noexcept {
    // Of a statement that was refused which row was to blame is not known, unless there was only one.
    const bool try_alone = answer_ == answer::refused && entries_of(front()).size() > 1;
    for (const entry& e : entries_of(front())) {
        if (answer_ == answer::refused)
            decide(e, errc::refused, sqlstate_, try_alone);
        else if (e.came)
            decide(e, {});
        else
            decide(e, errc::refused, no_data);
    }
}

void pipeline::decide(const entry& e, boost::system::error_code outcome, const sqlstate_text& why,
                      bool try_alone) noexcept {
    if (e.waiting == nullptr)
        return;
    request& r = *e.waiting;
    r.id = outcome ? 0 : e.id;
    r.sqlstate = why;
    r.outcome = outcome;
    r.alone = try_alone;
    decided_.push_back(r);
}

void pipeline::pop() noexcept {
    if (slot& done = front(); done.has_keys) {
        done.many.clear();
        spare_.push_back(std::move(done.many));
    }
    first_ = (first_ + 1) % slots_.size();
    --size_;
    answer_ = answer::none;
    sqlstate_ = {};
    nulls_in_a_row_ = 0;
}

bool pipeline::next(completion& result) noexcept {
    if (decided_.empty())
        return false;
    request& r = decided_.front();
    decided_.pop_front();
    result = {.done = &r, .error = r.outcome, .try_alone = r.alone};
    return true;
}

} // namespace beastmark::postgres
