// A whole run on a manual clock: a dispatcher, its connections and a server whose behaviour is a formula.
// What a request meets follows from nothing but its arrival's index and the time it is sent, so that a test
// can say beforehand what every percentile must be.
#pragma once

#include "loadgen/dispatcher.hpp"
#include "loadgen/mailbox.hpp"
#include "loadgen/tally.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// What becomes of a request, and when the client sees it (not before it is sent).
struct reaction {
    enum class kind { answer, reset, silence };

    kind how = kind::answer;
    run_time at{};
    unsigned status = 200;
};

using simulated_server = std::function<reaction(std::uint64_t arrival, run_time sent)>;

/// Everything counted, over all seconds and stages.
struct whole_run {
    tally sum;
    latencies times;

    void take(const report_block& block) {
        for (std::size_t i = 0; i < block.counts->size(); ++i) {
            sum.merge((*block.counts)[i].counts);
            times.merge((*block.counts)[i].times);
        }
    }
};

/// One thread's lane without its sockets. A client of no delay of its own: what is due and has a connection
/// is sent at that very moment, so that all lateness comes from the server.
class simulated_lane {
public:
    /// @param reconnect how long a lost connection takes to come up again.
    /// @param spare blocks that were read come back through it.
    simulated_lane(const schedule& all, const dispatcher::settings& options, simulated_server server,
                   run_time reconnect, mailbox& spare)
        : dispatcher_(all, options),
          duration_(all.duration()),
          timeout_(options.timeout),
          server_(std::move(server)),
          reconnect_(reconnect),
          mailbox_(spare),
          generations_(options.connections) {}

    /// All connections are up when it begins. Ends when everything has ended, or as a run does: one timeout
    /// after the last moment of the schedule, when what is left is cut off. `take` gets a block for each
    /// second.
    template <class Take>
    void run(const Take& take) {
        for (dispatcher::connection_id id = 0; id < generations_.size(); ++id)
            dispatcher_.connection_up(id, {});
        const auto cut_at = duration_ + timeout_;
        run_time now{};
        for (; now <= cut_at; now = next_time()) {
            while (row_end() <= now)
                take(roll(row_end(), row_end()));
            step(now);
            if (dispatcher_.finished())
                break;
        }
        now = std::min(now, cut_at);
        dispatcher_.cut(now);
        auto last = roll(now, run_time::max());
        last.last = true;
        take(std::move(last));
    }

private:
    enum class happening { up, answer, reset };

    struct event {
        run_time at{};
        std::uint64_t order = 0; // of two at the same time the first one planned
        dispatcher::connection_id id{};
        std::uint64_t generation = 0; // of the connection: an event of one that was closed is void
        happening what{};
        unsigned status = 0;

        bool operator>(const event& other) const {
            return std::tie(at, order) > std::tie(other.at, other.order);
        }
    };

    [[nodiscard]] run_time row_end() const { return std::chrono::seconds(row_ + 1); }

    [[nodiscard]] run_time next_time() const {
        auto t = events_.empty() ? run_time::max() : events_.top().at;
        t = std::min(t, dispatcher_.next_arrival().value_or(t));
        return std::min(t, dispatcher_.next_expiry().value_or(t));
    }

    void step(run_time now) {
        while (!events_.empty() && events_.top().at <= now) {
            const auto e = events_.top();
            events_.pop();
            if (e.generation == generations_[e.id])
                happen(e);
        }
        while (const auto id = dispatcher_.expired(now))
            lose(*id, now);
        while (const auto order = dispatcher_.next(now))
            send(*order, now);
    }

    void send(const dispatcher::send_order& order, run_time now) {
        const auto r = server_(order.arrival, now);
        if (r.how != reaction::kind::silence)
            plan(r.at, order.connection,
                 r.how == reaction::kind::answer ? happening::answer : happening::reset, r.status);
    }

    void happen(const event& e) {
        switch (e.what) {
        case happening::up:
            dispatcher_.connection_up(e.id, e.at);
            break;
        case happening::answer:
            dispatcher_.first_byte(e.id, e.at);
            dispatcher_.answered(e.id, e.at, e.status, true);
            break;
        case happening::reset:
            dispatcher_.failed(e.id, e.at, outcome::reset, phase::read, boost::asio::error::connection_reset);
            lose(e.id, e.at);
            break;
        }
    }

    void lose(dispatcher::connection_id id, run_time now) {
        ++generations_[id];
        plan(now + reconnect_, id, happening::up, 0);
    }

    void plan(run_time at, dispatcher::connection_id id, happening what, unsigned status) {
        events_.push({at, ++planned_, id, generations_[id], what, status});
    }

    report_block roll(run_time ends, run_time offered_until) {
        report_block block;
        block.row = row_++;
        block.ends = ends;
        block.in_flight = dispatcher_.in_flight();
        block.connections = dispatcher_.connected();
        block.waiting = dispatcher_.waiting(std::min(ends, duration_));
        block.counts = dispatcher_.roll(offered_until, mailbox_.empty());
        return block;
    }

    dispatcher dispatcher_;
    run_time duration_;
    run_time timeout_;
    simulated_server server_;
    run_time reconnect_;
    mailbox& mailbox_;
    std::vector<std::uint64_t> generations_;
    std::priority_queue<event, std::vector<event>, std::greater<>> events_;
    std::uint64_t planned_ = 0;
    std::size_t row_ = 0;
};

/// A run on one thread or several: each its stripe and `options.connections` of its own, merged.
inline whole_run simulate(const schedule& all, dispatcher::settings options, const simulated_server& server,
                          run_time reconnect = {}) {
    whole_run merged;
    mailbox spare;
    for (options.stripe = 0; options.stripe < options.stripes; ++options.stripe)
        simulated_lane(all, options, server, reconnect, spare).run([&](report_block block) {
            merged.take(block);
            spare.recycle(std::move(block.counts));
        });
    return merged;
}

} // namespace beastmark::loadgen
