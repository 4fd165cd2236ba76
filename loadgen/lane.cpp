#include "loadgen/lane.hpp"

#include "loadgen/worker.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace beastmark::loadgen {

using boost::system::error_code;

namespace {

constexpr run_time row_length = std::chrono::seconds(1);

constexpr run_time heartbeat_period = std::chrono::milliseconds(10);

// TCP_INFO of each connection once a second: with more than that it would disturb what it watches.
constexpr std::size_t most_inspected = 4096;

// How much of a second after the arrivals' end is still put into the last row: a row of two milliseconds
// tells nothing.
constexpr run_time tail = std::chrono::milliseconds(100);

// Of -c auto.
constexpr std::uint32_t connections_to_begin_with = 4;

std::uint32_t share(std::uint32_t all, std::uint32_t thread, std::uint32_t threads) {
    return all / threads + (thread < all % threads ? 1 : 0);
}

dispatcher::settings settings_of(const plan& what, const target& to, std::uint32_t thread) {
    const auto place = stripe_of(what.share.index, what.share.of, thread, what.threads);
    return {.stripe = place.index,
            .stripes = place.of,
            .connections = share(what.connections, thread, what.threads) * what.streams,
            .timeout = what.timeout,
            .expected_status = what.expected_status,
            .skip_after = what.skip_after,
            .addresses =
                to.endpoints.size() > 1 || what.dns_ttl.count() > 0 ? to.endpoints : decltype(to.endpoints){},
            .requests = to.requests.told_apart() ? &to.requests : nullptr,
            .clients = what.clients,
            .thread = thread,
            .threads = what.threads};
}

} // namespace

void lane::pace_listener::ready(std::uint32_t /*events*/) {
    if (self->under_way())
        self->pump(self->now());
}

lane::lane(worker& owner, event_loop& loop, const plan& what, std::size_t target_index, std::uint32_t thread,
           mailbox& reports)
    : worker_(owner),
      loop_(loop),
      plan_(what),
      reports_(reports),
      target_index_(target_index),
      thread_(thread),
      most_connections_(share(what.connections, thread, what.threads)),
      addresses_(what.targets[target_index].endpoints),
      dispatcher_(arrivals_of(what, target_index), settings_of(what, what.targets[target_index], thread)),
      settled_(what.rules.automatic ? std::min(most_connections_, connections_to_begin_with)
                                    : most_connections_),
      pacer_(loop, on_pace_),
      expiry_(loop, [this] { expire(now()); }),
      roll_(loop, [this] { on_roll(); }),
      end_(loop, [this] { on_end(); }),
      heartbeat_(loop, [this] { on_heartbeat(); }),
      arrivals_end_(what.arrivals.duration()) {
    loop.before_wait([this] { arm_timers(); });
    while (connections_.size() < settled_.size())
        add_connection();
}

void lane::add_connection() {
    const auto id = static_cast<connection::id_type>(connections_.size());
    // Of those of all threads and shards, so that together they begin at each address equally often.
    const auto number = plan_.share.index * plan_.connections + std::uint64_t{id} * plan_.threads + thread_;
    connections_.push_back(make_connection(*this, loop_, plan_.targets[target_index_], id, number));
}

// They never become fewer: a service that was slow may be so again, and one that is idle costs nothing.
void lane::grow() {
    const auto need = demand_.update(dispatcher_.look(now()));
    const auto wanted =
        std::min<std::uint64_t>((need + plan_.streams - 1) / plan_.streams, most_connections_);
    while (connections_.size() < wanted) {
        want_connect_.push_back(static_cast<connection::id_type>(connections_.size()));
        add_connection();
    }
    connect_more();
}

void lane::connect() {
    for (connection::id_type id = 0; id < connections_.size(); ++id)
        want_connect_.push_back(id);
    connect_more();
}

void lane::want_connect(connection::id_type id) {
    want_connect_.push_back(id);
    connect_more();
}

void lane::connect_more() {
    while (step_ != step::done && connecting_ < most_connecting && !want_connect_.empty()) {
        const auto id = want_connect_.front();
        want_connect_.pop_front();
        ++connecting_;
        connections_[id]->connect();
    }
}

void lane::settle(connection::id_type id) {
    --connecting_;
    if (id < settled_.size() && !settled_[id]) {
        settled_[id] = true;
        if (++settled_count_ == settled_.size())
            worker_.lane_ready();
    }
    connect_more();
}

void lane::connected(connection::id_type id, std::size_t address, connection::stream_type streams) {
    const auto t = under_way() ? now() : run_time{};
    ++connected_;
    dispatcher_.connection_up(id, t, address);
    for (connection::stream_type further = 1; further < streams; ++further)
        dispatcher_.stream_up(slot_of(id, further), t, address);
    settle(id);
    if (under_way())
        pump(now());
}

void lane::connect_failed(connection::id_type id, phase where, const error_code& code) {
    connect_error_ = code;
    connect_phase_ = where;
    dispatcher_.connect_failed(code, step_ == step::running ? std::optional(now()) : std::nullopt, where);
    settle(id);
    if (under_way())
        pump(now());
}

// Before the start it is why nobody is connected; then requests tell themselves what becomes of them.
void lane::did_not_work(phase where, const error_code& code) {
    if (under_way())
        return;
    connect_error_ = code;
    connect_phase_ = where;
}

void lane::stream_up(connection::id_type id, connection::stream_type stream, std::size_t address) {
    dispatcher_.stream_up(slot_of(id, stream), under_way() ? now() : run_time{}, address);
    if (under_way())
        pump(now());
}

void lane::stream_down(connection::id_type id, connection::stream_type stream) {
    dispatcher_.connection_down(slot_of(id, stream));
}

void lane::start(std::chrono::steady_clock::time_point t0) {
    t0_ = t0;
    step_ = step::running;
    end_.set(t0_ + arrivals_end_);
    thread_before_ = worker_.thread_now();
    dispatcher_.take_turns();
    arm_roll();
    arm_heartbeat();
    pump(now());
}

void lane::extend(const schedule& all) {
    if (step_ != step::running)
        return;
    dispatcher_.extend(all, now());
    arrivals_end_ = all.duration();
    end_.set(t0_ + arrivals_end_);
    arm_roll();
    pump(now());
}

void lane::use_addresses(const std::vector<address_set::endpoint>& now) {
    const auto known = addresses_.known().size();
    addresses_.update(now);
    for (auto place = known; place < addresses_.known().size(); ++place)
        dispatcher_.add_address(addresses_.known()[place]);
    for (auto& c : connections_)
        c->leave_gone_address();
}

void lane::stop(run_time t) {
    if (step_ != step::running || t >= arrivals_end_)
        return;
    dispatcher_.stop(t);
    arrivals_end_ = t;
    drain(t);
}

// The arrivals are over: what was sent gets its timeout, then the rest is cut off.
void lane::drain(run_time from) {
    step_ = step::draining;
    end_.set(t0_ + from + plan_.timeout);
    pump(now());
}

// The arrivals', then what they were given to end in.
void lane::on_end() {
    if (step_ == step::running) {
        drain(arrivals_end_);
        return;
    }
    expire(now());
    finish();
}

void lane::finish() {
    if (step_ == step::done)
        return;
    step_ = step::done;
    const auto left_waiting = waiting();
    dispatcher_.cut(now());
    const auto connected = connected_;
    for (auto& c : connections_)
        c->close();
    connected_ = connected; // the last second had them
    pacer_.cancel();
    expiry_.cancel();
    roll_.cancel();
    end_.cancel();
    heartbeat_.cancel();
    const auto t = now();
    const auto row_end = row_length * static_cast<std::int64_t>(row_ + 1);
    submit(t < row_end || t > row_end + tail ? t : row_end, run_time::max(), left_waiting, true);
    worker_.lane_done();
}

void lane::pump(run_time t) {
    if (pumping_) // a send that failed at once: the loop below goes on
        return;
    pumping_ = true;
    do {
        while (const auto order = dispatcher_.next(t)) {
            connections_[order->connection % most_connections_]->send(order->connection / most_connections_,
                                                                      order->arrival);
            t = now();
        }
    } while (flush());
    pumping_ = false;
    if (step_ == step::draining && dispatcher_.finished()) {
        finish();
        return;
    }
    to_arm_ = true;
}

// Whether there was anything to do: whatever failed on the way has made room for others.
bool lane::flush() {
    if (to_flush_.empty())
        return false;
    while (!to_flush_.empty()) {
        const auto id = to_flush_.back();
        to_flush_.pop_back();
        connections_[id]->flush();
    }
    return true;
}

void lane::go_on() {
    if (under_way()) {
        pumping_ = false;
        pump(now());
        return;
    }
    flush(); // a connection's greeting
    pumping_ = false;
}

void lane::arm_timers() {
    if (!std::exchange(to_arm_, false) || !under_way())
        return;
    arm_pacer();
    arm_expiry();
}

// Of two lanes that wake for arrivals of the same moment the second waits for the first one's send. Which is
// the second is drawn for each moment: it wakes a nanosecond later, and the kernel keeps the order.
std::chrono::steady_clock::time_point lane::wake_for(run_time due) const {
    if (!plan_.alternate)
        return t0_ + due;
    const auto drawn = (static_cast<std::uint64_t>(due.count()) * 0x9e3779b97f4a7c15) >> 63U;
    return t0_ + due + run_time(drawn == target_index_ % 2 ? 0 : 1);
}

void lane::arm_pacer() {
    const auto next = dispatcher_.next_arrival();
    if (!next || pacer_.is_set_for(wake_for(*next)))
        return;
    std::optional<std::chrono::steady_clock::time_point> after;
    if (const auto t = dispatcher_.arrival_after_next())
        after = wake_for(*t);
    pacer_.set(wake_for(*next), after);
}

// One timer for all requests: it is set for the oldest, and when it fires for whichever is the oldest then.
// It fires about once in a timeout, not once in a request.
void lane::arm_expiry() {
    if (expiry_.is_set())
        return;
    const auto t = dispatcher_.next_expiry();
    if (t)
        expiry_.set(t0_ + *t);
}

void lane::expire(run_time t) {
    const pause until_all_are_known(*this);
    while (const auto slot = dispatcher_.expired(t))
        connections_[*slot % most_connections_]->give_up(*slot / most_connections_);
}

void lane::answered(dispatcher::connection_id slot, run_time t, unsigned status, bool reusable,
                    bool body_as_expected) {
    dispatcher_.answered(slot, t, status, reusable, body_as_expected);
    pump(t);
}

void lane::failed(dispatcher::connection_id slot, outcome how, phase where, const error_code& code) {
    const auto t = now();
    dispatcher_.failed(slot, t, how, where, code);
    pump(t);
}

void lane::not_taken(dispatcher::connection_id slot) {
    const auto t = now();
    dispatcher_.not_taken(slot, t);
    pump(t);
}

void lane::lost_idle(dispatcher::connection_id slot) {
    dispatcher_.connection_down(slot);
    if (under_way())
        pump(now());
}

void lane::arm_roll() {
    const auto row_end = row_length * static_cast<std::int64_t>(row_ + 1);
    roll_.set(t0_ + (row_end < arrivals_end_ ? row_end : row_end + tail));
}

void lane::arm_heartbeat() {
    heartbeat_.set(std::chrono::steady_clock::now() + heartbeat_period);
}

void lane::on_heartbeat() {
    stall_ = std::max<run_time>(stall_, std::chrono::steady_clock::now() - heartbeat_.time());
    arm_heartbeat();
    if (plan_.rules.automatic && step_ == step::running)
        grow();
}

thread_evidence lane::take_evidence() {
    const auto times = worker_.thread_now();
    auto retransmitted = retransmitted_before_;
    if (connections_.size() <= most_inspected) {
        retransmitted = 0;
        for (const auto& c : connections_)
            retransmitted += c->retransmitted();
    }
    const thread_evidence seen{.cpu = times.cpu - thread_before_.cpu,
                               .run_delay = times.run_delay - thread_before_.run_delay,
                               .stall = std::exchange(stall_, {}),
                               .retransmitted = retransmitted - retransmitted_before_};
    thread_before_ = times;
    retransmitted_before_ = retransmitted;
    return seen;
}

void lane::on_roll() {
    const auto row_end = row_length * static_cast<std::int64_t>(row_ + 1);
    submit(row_end, row_end, waiting(), false);
    ++row_;
    arm_roll();
}

std::uint64_t lane::waiting() const {
    return dispatcher_.waiting(std::min(now(), arrivals_end_));
}

void lane::submit(run_time ends, run_time offered_until, std::uint64_t waiting, bool last) {
    report_block block;
    block.target = target_index_;
    block.row = row_;
    block.ends = ends;
    block.last = last;
    block.in_flight = dispatcher_.in_flight();
    block.connections = connected_;
    block.waiting = waiting;
    block.evidence = take_evidence();
    block.counts = dispatcher_.roll(offered_until, reports_.empty());
    reports_.submit(std::move(block));
}

} // namespace beastmark::loadgen
