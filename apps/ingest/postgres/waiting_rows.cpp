#include "ingest/postgres/waiting_rows.hpp"

#include <algorithm>

namespace beastmark::postgres {
namespace {

void move_front(request_list& from, request_list& to) noexcept {
    request& r = from.front();
    from.pop_front();
    to.push_back(r);
}

} // namespace

void waiting_rows::take(request_list& into) noexcept {
    if (!alone_.empty())
        return move_front(alone_, into);
    for (auto n = std::min(rows_, fresh_.size()); n > 0; --n)
        move_front(fresh_, into);
}

void waiting_rows::put_back(request_list& rows) noexcept {
    auto& to = rows.front().alone ? alone_ : fresh_;
    rows.splice_after(rows.last(), to);
    to.swap(rows);
}

void waiting_rows::expire(time_point deadline, time_point alone_deadline, request_list& into) noexcept {
    while (!fresh_.empty() && fresh_.front().submitted <= deadline)
        move_front(fresh_, into);
    // In the order of their refusals, not of their deadlines.
    for (auto before = alone_.before_begin(), r = alone_.begin(); r != alone_.end(); r = std::next(before)) {
        if (r->submitted > alone_deadline) {
            before = r;
            continue;
        }
        request& late = *r;
        alone_.erase_after(before);
        into.push_back(late);
    }
}

void waiting_rows::take_all(request_list& into) noexcept {
    into.splice_after(into.empty() ? into.before_begin() : into.last(), alone_);
    into.splice_after(into.empty() ? into.before_begin() : into.last(), fresh_);
}

} // namespace beastmark::postgres
