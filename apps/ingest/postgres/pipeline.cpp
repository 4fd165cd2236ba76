#include "ingest/postgres/pipeline.hpp"

#include "ingest/postgres/error.hpp"

#include <algorithm>
#include <utility>

namespace beastmark::postgres {
namespace {

// One closes a statement; a second is seen around an error. PostgreSQL never needs more.
constexpr int most_nulls_in_a_row = 2;

constexpr std::string_view no_data = "02000"; // SQL's own code for "there was no row"

} // namespace

pipeline::pipeline(std::size_t depth) : slots_(depth) {}

void pipeline::sent(request& r, time_point now) {
    slots_.push_back(slot{.waiting = &r, .sent = now, .submitted = r.submitted});
}

bool pipeline::row(std::int64_t id) noexcept {
    if (slots_.empty() || answer_ != answer::none)
        return false;
    answer_ = answer::row;
    id_ = id;
    nulls_in_a_row_ = 0;
    return true;
}

bool pipeline::no_row() noexcept {
    if (slots_.empty() || answer_ != answer::none)
        return false;
    answer_ = answer::no_row;
    std::ranges::copy(no_data, sqlstate_.begin());
    nulls_in_a_row_ = 0;
    return true;
}

bool pipeline::error(std::string_view sqlstate, bool ends_session) noexcept {
    // Without a code it is libpq's own error (the link is gone); FATAL means that the server will close it.
    // In both the answer stays what it is: a row that was reported may or may not have been committed.
    if (slots_.empty() || ends_session || sqlstate.size() != sqlstate_.size() - 1)
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

bool pipeline::sync(completion& result) noexcept {
    if (slots_.empty() || answer_ == answer::none)
        return false;
    result.done = slots_.front().waiting;
    result.error = answer_ == answer::row ? boost::system::error_code() : make_error_code(errc::refused);
    pop(result.done);
    return true;
}

void pipeline::pop(request* r) noexcept {
    if (r != nullptr) {
        r->id = id_;
        r->sqlstate = sqlstate_;
    }
    slots_.pop_front();
    answer_ = answer::none;
    id_ = 0;
    sqlstate_ = {};
    nulls_in_a_row_ = 0;
}

request* pipeline::abandon_before(time_point deadline) noexcept {
    for (slot& s : slots_) {
        if (s.waiting == nullptr)
            continue;
        if (s.submitted >= deadline)
            return nullptr; // sent in the order of submission: none after it is older
        return std::exchange(s.waiting, nullptr);
    }
    return nullptr;
}

bool pipeline::oldest_before(time_point limit) const noexcept {
    return !slots_.empty() && slots_.front().sent < limit;
}

request* pipeline::fail_next(boost::system::error_code& error) noexcept {
    while (!slots_.empty()) {
        request* const r = slots_.front().waiting;
        // A refusal has undone the transaction, whether or not the sync still came.
        error = make_error_code(answer_ == answer::refused ? errc::refused : errc::outcome_unknown);
        pop(r);
        if (r != nullptr)
            return r;
    }
    nulls_in_a_row_ = 0;
    return nullptr;
}

} // namespace beastmark::postgres
