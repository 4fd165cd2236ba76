#include "loadgen/address_tally.hpp"

#include <algorithm>
#include <numeric>
#include <sstream>

namespace beastmark::loadgen {

using boost::asio::ip::tcp;

std::string text_of(const tcp::endpoint& where) {
    std::ostringstream text;
    text << where;
    return text.str();
}

std::uint64_t address_tally::answered() const noexcept {
    return of(outcome::ok) + of(outcome::unexpected) + of(outcome::http_3xx) + of(outcome::http_4xx) +
           of(outcome::http_5xx);
}

std::uint64_t address_tally::attempts_failed() const noexcept {
    return std::accumulate(not_opened.begin(), not_opened.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const error_count& e) { return sum + e.count; });
}

void address_tally::merge(const address_tally& other, bool requests) {
    opened += other.opened;
    for (const auto& e : other.not_opened)
        add_error(not_opened, e.where, e.code, e.count);
    if (!requests)
        return;
    for (std::size_t i = 0; i < outcome_count; ++i)
        outcomes[i] += other.outcomes[i];
    response.merge(other.response);
}

address_tally& address_tallies::take_place(std::size_t place, const tcp::endpoint& where) {
    if (place >= all_.size())
        all_.resize(place + 1);
    all_[place].used = true;
    all_[place].counts.where = where;
    return all_[place].counts;
}

std::size_t address_tallies::place_of(const tcp::endpoint& where, std::size_t likely) const {
    const auto is_there = [&](const entry& e) { return e.used && e.counts.where == where; };
    if (likely < all_.size() && is_there(all_[likely]))
        return likely;
    auto at = std::find_if(all_.begin(), all_.end(), is_there);
    if (at == all_.end()) // else the first place that nobody has
        at = std::find_if(all_.begin(), all_.end(), [](const entry& e) { return !e.used; });
    return static_cast<std::size_t>(at - all_.begin());
}

void address_tallies::merge(const address_tallies& other, bool requests) {
    for (std::size_t i = 0; i < other.all_.size(); ++i) {
        if (!other.all_[i].used)
            continue;
        const auto& from = other.all_[i].counts;
        at(place_of(from.where, i), from.where).merge(from, requests);
    }
}

void address_tallies::reset() noexcept {
    for (auto& e : all_) {
        if (!e.used)
            continue;
        e.used = false;
        e.counts.opened = 0;
        e.counts.not_opened.clear(); // keeps its memory
        e.counts.outcomes.fill(0);
        e.counts.response.reset();
    }
}

bool address_tallies::empty() const noexcept {
    return std::none_of(all_.begin(), all_.end(), [](const entry& e) { return e.used; });
}

std::vector<const address_tally*> address_tallies::in_order() const {
    std::vector<const address_tally*> met;
    for (const auto& e : all_)
        if (e.used)
            met.push_back(&e.counts);
    std::sort(met.begin(), met.end(),
              [](const address_tally* a, const address_tally* b) { return a->where < b->where; });
    return met;
}

} // namespace beastmark::loadgen
