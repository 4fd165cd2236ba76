#include "loadgen/dispatcher.hpp"

#include "loadgen/http2/http2_error.hpp"
#include "loadgen/request_set.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace beastmark::loadgen {

dispatcher::dispatcher(const schedule& all, const settings& options)
    : all_(&all),
      options_(options),
      cursor_(all, options.stripe, options.stripes),
      limit_(all.size()),
      slots_(options.connections),
      interval_(std::make_unique<interval>()) {
    for (std::size_t i = 0; i < options_.addresses.size(); ++i) // also those that no connection will go to
        address_in(interval_->of(0), i);
}

void dispatcher::connection_up(connection_id id, run_time now, std::size_t address) {
    count_opened(address);
    stream_up(id, now, address);
}

void dispatcher::count_opened(std::size_t address) {
    if (!options_.addresses.empty())
        ++address_in(interval_->of(segment_now_), address).opened;
}

void dispatcher::take_turns() {
    idle_ = {};
    for (connection_id id = 0; id < slots_.size(); ++id)
        if (slots_[id].is == state::idle)
            append(idle_, id);
}

void dispatcher::stream_up(connection_id id, run_time now, std::size_t address) {
    assert(slots_[id].is == state::down);
    slots_[id].address = static_cast<std::uint32_t>(address);
    if (all_->closed_loop() && begin_of(id) > now) {
        slots_[id].is = state::to_join;
        append(to_join_, id);
    } else {
        make_idle(id, now);
    }
    ++connected_;
    down_because_ = {};
}

void dispatcher::connection_down(connection_id id) {
    assert(slots_[id].is == state::idle || slots_[id].is == state::to_join);
    remove(slots_[id].is == state::idle ? idle_ : to_join_, id);
    slots_[id].is = state::down;
    --connected_;
}

void dispatcher::connect_failed(const boost::system::error_code& code, std::optional<run_time> during_run,
                                phase where) {
    if (connected_ == 0) {
        down_because_ = code;
        down_at_ = where;
        for (const auto& request : std::exchange(returned_, {})) {
            auto& counted = interval_->of(request.segment);
            count_unanswered(counted, request.arrival, outcome::connect_error);
            ++counted.counts.not_connected;
            counted.counts.add_error(where, code);
        }
    }
    if (!all_->closed_loop() || !during_run || *during_run < run_time{} || *during_run >= all_->duration())
        return;
    auto& counts = slice_at(*during_run).counts;
    ++counts.offered;
    counts.add(outcome::connect_error);
    counts.add_error(where, code);
}

std::optional<dispatcher::send_order> dispatcher::next(run_time now) {
    if (!returned_.empty() && idle_.first != none)
        return next_returned(now);
    if (all_->closed_loop())
        return next_of_closed_loop(now);
    if (down_because_)
        fail_due(now);
    skip_late(now);
    if (idle_.first == none || discard_waiting_ || exhausted() || cursor_.time() > now)
        return std::nullopt;
    const auto id = idle_.first;
    const auto scheduled = cursor_.time();
    const auto segment = cursor_.segment_index();
    const send_order order{id, cursor_.arrival()};
    occupy(id, {order.arrival, scheduled, static_cast<std::uint32_t>(segment)}, now);
    count_sent(id);
    auto& times = interval_->of(segment).times;
    const auto could_go = std::max(scheduled, free_since_);
    times.connection_wait.record(could_go - scheduled);
    times.generator_lag.record(now - could_go);
    cursor_.advance();
    return order;
}

std::optional<dispatcher::send_order> dispatcher::next_returned(run_time now) {
    const auto id = idle_.first;
    const auto request = returned_.front();
    returned_.pop_front();
    occupy(id, request, now);
    slots_[id].again = true;
    return send_order{id, request.arrival};
}

std::optional<dispatcher::send_order> dispatcher::next_of_closed_loop(run_time now) {
    if (now >= all_->duration()) // whoever still thinks has no more to say
        discard_waiting_ = true;
    if (discard_waiting_ || now < run_time{})
        return std::nullopt;
    for (auto id = to_join_.first; id != none && begin_of(id) <= now; id = to_join_.first) {
        remove(to_join_, id);
        make_idle(id, run_time{}); // a client begins with a request, not with a thought
    }
    const auto id = idle_.first;
    if (id == none || slots_[id].ready > now)
        return std::nullopt;
    auto& current = slice_at(now);
    ++current.counts.offered;
    const send_order order{id, options_.stripe + counted_++ * options_.stripes};
    occupy(id, {order.arrival, now, static_cast<std::uint32_t>(current.segment)}, now);
    count_sent(id);
    return order;
}

void dispatcher::occupy(connection_id id, const returned& request, run_time now) {
    remove(idle_, id);
    append(busy_, id);
    auto& s = slots_[id];
    s.is = state::busy;
    s.scheduled = request.scheduled;
    s.sent = now;
    s.segment = request.segment;
    s.arrival = request.arrival;
    s.again = false;
    ++in_flight_;
    if (options_.requests != nullptr)
        s.request = request_of(request.arrival);
}

// Once for each arrival, whether or not it has to go out again.
void dispatcher::count_sent(connection_id id) {
    const auto& s = slots_[id];
    auto& counted = interval_->of(s.segment);
    ++counted.counts.sent;
    if (options_.requests != nullptr)
        ++request_in(counted, s.request).sent;
}

void dispatcher::skip_late(run_time now) {
    if (!options_.skip_after)
        return;
    while (!discard_waiting_ && !exhausted() && cursor_.time() + *options_.skip_after < now) {
        auto& counted = interval_->of(cursor_.segment_index());
        count_unanswered(counted, cursor_.arrival(), outcome::skipped);
        const auto could_go = std::max(cursor_.time(), free_since_);
        if (idle_.first != none && now - could_go > could_go - cursor_.time())
            ++counted.counts.skipped_late;
        cursor_.advance();
    }
}

void dispatcher::fail_due(run_time now) {
    while (!discard_waiting_ && !exhausted() && cursor_.time() <= now) {
        auto& counted = interval_->of(cursor_.segment_index());
        count_unanswered(counted, cursor_.arrival(), outcome::connect_error);
        counted.counts.add_error(down_at_, down_because_);
        cursor_.advance();
    }
}

void dispatcher::add_address(const boost::asio::ip::tcp::endpoint& where) {
    options_.addresses.push_back(where);
    address_in(interval_->of(segment_now_), options_.addresses.size() - 1);
}

void dispatcher::address_failed(std::size_t address, phase where, const boost::system::error_code& code) {
    if (!options_.addresses.empty())
        add_error(address_in(interval_->of(segment_now_), address).not_opened, where, code);
}

void dispatcher::count_connect(run_time took) {
    interval_->of(segment_now_).times.connect.record(took);
}

void dispatcher::count_tls_handshake(run_time took) {
    interval_->of(segment_now_).times.tls_handshake.record(took);
}

void dispatcher::first_byte(connection_id id, run_time now) {
    const auto& s = slots_[id];
    interval_->of(s.segment).times.first_byte.record(now - s.sent);
}

void dispatcher::answered(connection_id id, run_time now, unsigned status, bool reusable,
                          bool body_as_expected) {
    const auto& s = slots_[id];
    assert(s.is == state::busy);
    auto what = classify(status, expected_of(s));
    const bool wrong_body = what == outcome::ok && !body_as_expected;
    if (wrong_body)
        what = outcome::unexpected;
    auto& counted = interval_->of(s.segment);
    if (what == outcome::ok)
        record(s, now);
    else
        counted.times.failed.record(now - s.scheduled);
    auto& counts = counted.counts;
    ++counts.completed;
    const auto code = std::min<std::size_t>(status, tally::status_count - 1);
    ++counts.statuses[code];
    counts.good_statuses[code] += what == outcome::ok ? 1 : 0;
    counts.wrong_bodies[code] += wrong_body ? 1 : 0;
    counts.add(what);
    // Asked here, too, to spare all others the call.
    if (!options_.addresses.empty() || options_.requests != nullptr)
        count_apart(counted, s, what, now);
    if (what == outcome::ok && now < all_->duration())
        ++slice_at(now).ok_in_time;
    release(id, now, reusable);
}

void dispatcher::failed(connection_id id, run_time now, outcome how, phase where,
                        const boost::system::error_code& code) {
    auto& counted = interval_->of(slots_[id].segment);
    counted.times.failed.record(now - slots_[id].scheduled);
    counted.counts.add(how);
    counted.counts.not_connected += how == outcome::connect_error ? 1 : 0;
    count_apart(counted, slots_[id], how, now);
    counted.counts.add_error(where, code);
    release(id, now, false);
}

void dispatcher::not_taken(connection_id id, run_time now) {
    const auto& s = slots_[id];
    if (s.again || down_because_) {
        failed(id, now, outcome::reset, phase::http2, http2_errc::not_taken);
        return;
    }
    returned_.push_back({s.arrival, s.scheduled, s.segment});
    interval_->of(s.segment).counts.add_error(phase::http2, http2_errc::sent_again);
    release(id, now, false);
}

std::optional<dispatcher::connection_id> dispatcher::expired(run_time now) {
    if (busy_.first == none || slots_[busy_.first].sent + options_.timeout > now)
        return std::nullopt;
    const auto id = busy_.first;
    record(slots_[id], now);
    auto& counted = interval_->of(slots_[id].segment);
    counted.times.timed_out.record(now - slots_[id].scheduled);
    counted.counts.add(outcome::timeout);
    count_apart(counted, slots_[id], outcome::timeout, now);
    release(id, now, false);
    return id;
}

void dispatcher::count_in(connection_id id, std::uint64_t bytes) {
    interval_->of(slots_[id].segment).counts.bytes_in += bytes;
}

void dispatcher::count_out(connection_id id, std::uint64_t bytes) {
    interval_->of(slots_[id].segment).counts.bytes_out += bytes;
}

void dispatcher::extend(const schedule& all, run_time now) {
    for (; !exhausted(); cursor_.advance())
        give_up_waiting(now);
    all_ = &all;
    limit_ = all.size();
    cursor_.extend(all);
}

void dispatcher::stop(run_time t) {
    // What was sent was offered, also when this order came late.
    limit_ = cursor_.done() ? all_->size()
                            : std::max(std::min(limit_, all_->arrivals_before(t)), cursor_.arrival());
    discard_waiting_ = true;
}

void dispatcher::cut(run_time now) {
    skip_late(now);
    for (; !exhausted(); cursor_.advance())
        give_up_waiting(now);
    for (const auto& request : std::exchange(returned_, {})) {
        auto& counted = interval_->of(request.segment);
        count_unanswered(counted, request.arrival, outcome::unfinished);
        counted.times.unfinished.record(now - request.scheduled);
    }
    for (auto id = busy_.first; id != none; id = busy_.first) {
        const auto& s = slots_[id];
        auto& counted = interval_->of(s.segment);
        counted.counts.add(outcome::unfinished);
        counted.times.unfinished.record(now - s.scheduled);
        count_apart(counted, s, outcome::unfinished, now);
        release(id, now, false);
    }
    discard_waiting_ = true;
}

// The next arrival was due, and will not be sent.
void dispatcher::give_up_waiting(run_time now) {
    auto& counted = interval_->of(cursor_.segment_index());
    count_unanswered(counted, cursor_.arrival(), outcome::unfinished);
    counted.times.unfinished.record(now - cursor_.time());
}

// Of one that is on no connection.
void dispatcher::count_unanswered(slice& counted, std::uint64_t arrival, outcome what) {
    counted.counts.add(what);
    if (options_.requests != nullptr)
        ++request_in(counted, request_of(arrival)).outcomes[static_cast<std::size_t>(what)];
}

std::optional<run_time> dispatcher::next_arrival() const {
    if (all_->closed_loop())
        return next_of_clients();
    if (discard_waiting_ || exhausted() || (idle_.first == none && !down_because_))
        return std::nullopt;
    return cursor_.time();
}

// Without thoughts and clients that join a free connection waits for nothing but the start.
std::optional<run_time> dispatcher::next_of_clients() const {
    auto next = all_->duration();
    if (idle_.first != none)
        next = std::min(next, slots_[idle_.first].ready);
    if (to_join_.first != none)
        next = std::min(next, begin_of(to_join_.first));
    return discard_waiting_ || next >= all_->duration() ? std::nullopt : std::optional(next);
}

run_time dispatcher::begin_of(connection_id id) const {
    return options_.clients.begin_of(options_.thread + std::uint64_t{id} * options_.threads);
}

std::optional<run_time> dispatcher::arrival_after_next() const {
    if (exhausted())
        return std::nullopt;
    auto after = cursor_;
    after.advance();
    if (after.done() || after.arrival() >= limit_)
        return std::nullopt;
    return after.time();
}

std::optional<run_time> dispatcher::next_expiry() const {
    if (busy_.first == none)
        return std::nullopt;
    return slots_[busy_.first].sent + options_.timeout;
}

bool dispatcher::finished() const noexcept {
    return in_flight_ == 0 && returned_.empty() && (discard_waiting_ || exhausted());
}

std::unique_ptr<interval> dispatcher::roll(run_time until, std::unique_ptr<interval> fresh) {
    skip_late(until);
    const auto last = std::min(all_->arrivals_before(until), limit_);
    const auto end = cursor_.count_below(last);
    while (counted_ < end) { // a stage at a time; none in a closed loop
        const auto segment = all_->segment_of(options_.stripe + counted_ * options_.stripes);
        const auto stage_end = cursor_.count_below(std::min(all_->end_of(segment), last));
        interval_->of(segment).counts.offered += stage_end - counted_;
        counted_ = stage_end;
    }
    std::swap(interval_, fresh);
    return fresh;
}

std::uint64_t dispatcher::due(run_time now) const {
    return cursor_.count_below(std::min(all_->arrivals_before(now + run_time(1)), limit_));
}

connection_demand::sight dispatcher::look(run_time now) const {
    const auto wait = waiting(now);
    return {.at = now,
            .due = cursor_.count_below(cursor_.arrival()) + wait,
            .ended = ended_,
            .busy = busy_time_,
            .in_flight = in_flight_,
            .oldest = busy_.first == none ? run_time{} : now - slots_[busy_.first].sent,
            .waiting = wait};
}

std::uint64_t dispatcher::waiting(run_time now) const {
    if (idle_.first != none) // what is due goes out as soon as the loop gets to it
        return 0;
    auto taken = cursor_.count_below(cursor_.arrival());
    if (options_.skip_after)
        taken = std::max(
            taken, cursor_.count_below(std::min(all_->arrivals_before(now - *options_.skip_after), limit_)));
    const auto all_due = due(now);
    return (all_due > taken ? all_due - taken : 0) + returned_.size();
}

void dispatcher::append(list& to, connection_id id) {
    auto& s = slots_[id];
    s.before = to.last;
    s.after = none;
    (to.last == none ? to.first : slots_[to.last].after) = id;
    to.last = id;
}

void dispatcher::remove(list& from, connection_id id) {
    const auto& s = slots_[id];
    (s.before == none ? from.first : slots_[s.before].after) = s.after;
    (s.after == none ? from.last : slots_[s.after].before) = s.before;
}

void dispatcher::make_idle(connection_id id, run_time now) {
    if (idle_.first == none)
        free_since_ = now;
    slots_[id].is = state::idle;
    slots_[id].ready = now > run_time{} ? now + options_.clients.think : run_time{};
    append(idle_, id);
}

void dispatcher::release(connection_id id, run_time now, bool reusable) {
    remove(busy_, id);
    --in_flight_;
    ++ended_;
    busy_time_ += now - slots_[id].sent;
    if (reusable) {
        make_idle(id, now);
    } else {
        slots_[id].is = state::down;
        --connected_;
    }
}

void dispatcher::record(const slot& request, run_time now) {
    auto& times = interval_->of(request.segment).times;
    times.response.record(now - request.scheduled);
    times.service.record(now - request.sent);
}

// By address and by request, where there are several.
void dispatcher::count_apart(slice& counted, const slot& request, outcome what, run_time now) {
    const bool responded = what == outcome::ok || what == outcome::timeout; // as in latencies::response
    if (!options_.addresses.empty()) {
        auto& there = address_in(counted, request.address);
        ++there.outcomes[static_cast<std::size_t>(what)];
        if (responded)
            there.response.record(now - request.scheduled);
    }
    if (options_.requests != nullptr) {
        auto& of_it = request_in(counted, request.request);
        ++of_it.outcomes[static_cast<std::size_t>(what)];
        if (responded)
            of_it.response.record(now - request.scheduled);
    }
}

std::uint32_t dispatcher::request_of(std::uint64_t arrival) const {
    return options_.requests->index_of(arrival);
}

std::optional<unsigned> dispatcher::expected_of(const slot& request) const {
    return options_.requests == nullptr ? options_.expected_status
                                        : options_.requests->expected(request.request);
}

request_tally& dispatcher::request_in(slice& counted, std::uint32_t request) {
    return counted.requests.at(request, options_.requests->size());
}

address_tally& dispatcher::address_in(slice& counted, std::size_t address) {
    return counted.addresses.at(address, options_.addresses[address]);
}

slice& dispatcher::slice_at(run_time now) {
    while (segment_now_ + 1 < all_->segments().size() && now >= all_->segments()[segment_now_].end)
        ++segment_now_;
    return interval_->of(segment_now_);
}

} // namespace beastmark::loadgen
