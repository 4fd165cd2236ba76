#include "server/core.hpp"

#include <chrono>
#include <ctime>
#include <utility>

namespace beastmark::server {

namespace {

constexpr std::chrono::milliseconds tick_interval{100};

} // namespace

core::core(const route_table& routes, core_limits limits, listening_socket listener)
    : limits_{std::move(limits)},
      metrics_{routes},
      timeouts_{limits_.timeout_lengths},
      workspaces_{limits_.request.head_bytes() + 1},
      shared_{.routes = routes,
              .request = limits_.request,
              .connection = limits_.connection,
              .metrics = metrics_,
              .date = date_,
              .workspaces = workspaces_},
      ticker_{loop_, [this] { tick(); }},
      acceptor_{*this, std::move(listener)} {}

core::~core() {
    sessions_.clear_and_dispose([](session* each) { delete each; });
}

void core::set_handler(std::unique_ptr<handler> handles) {
    handler_ = std::move(handles);
    shared_.handles = handler_.get();
}

void core::run() {
    handler_->start();
    report_readiness(timeouts::clock::now());
    ticker_.set(timeouts::clock::now() + tick_interval);
    loop_.run();
    finished_.store(true, std::memory_order_release);
}

void core::tick() {
    const auto now = timeouts::clock::now();
    ticker_.set(now + tick_interval);
    date_.update(std::time(nullptr));
    timeouts_.expire(now);
    handler_->tick(now);
    report_readiness(now);
    acceptor_.resume();
    if (now >= idle_until_) {
        for (auto each = sessions_.begin(); each != sessions_.end();) {
            (each++)->close_if_idle();
        }
    }
}

// The time is told with it, so that a core that no longer gets to its ticks does not stay ready.
void core::report_readiness(timeouts::clock::time_point now) {
    ready_at_.store(handler_->ready() ? now : timeouts::clock::time_point::min(), std::memory_order_relaxed);
}

bool core::ready() const {
    constexpr std::chrono::seconds stalled{2};
    const auto told = ready_at_.load(std::memory_order_relaxed);
    return told != timeouts::clock::time_point::min() && timeouts::clock::now() - told < stalled;
}

void core::begin_drain(std::chrono::nanoseconds grace) {
    loop_.post([this, grace] {
        acceptor_.close(); // takes what is in its queue before it closes
        shared_.draining = true;
        idle_until_ = timeouts::clock::now() + grace;
        finish_if_drained();
    });
}

void core::cut() {
    loop_.post([this] {
        acceptor_.close();
        shared_.draining = true;
        close_sessions();
        stop_handler(); // answers what waits for a backend, which frees those sessions
        finish_if_drained();
    });
}

void core::close_sessions() {
    for (auto each = sessions_.begin(); each != sessions_.end();) {
        session& closing = *each++;
        if (closing.is_busy()) {
            ++cut_connections_;
        }
        closing.close();
    }
}

void core::finish_if_drained() {
    if (shared_.draining && sessions_.empty()) {
        stop_handler();
        loop_.stop();
    }
}

void core::stop_handler() {
    if (!handler_stopped_) {
        handler_stopped_ = true;
        handler_->stop();
    }
}

bool core::has_room() const {
    return sessions_.size() < limits_.max_connections;
}

void core::add(int accepted) {
    auto added = std::make_unique<session>(*this, shared_, accepted);
    if (!added->start()) {
        metrics_.reject(rejection::descriptors);
        return;
    }
    sessions_.push_back(*added.release()); // owns itself from here; remove() deletes it
    metrics_.connections.add(1);
}

void core::remove(session& gone) {
    sessions_.erase_and_dispose(sessions_.iterator_to(gone), [](session* each) { delete each; });
    metrics_.connections.add(-1);
    if (shared_.draining && sessions_.empty()) {
        // Not at once: the last session may end inside a callback of the backend that the handler would then
        // stop.
        loop_.post([this] { finish_if_drained(); });
    }
    acceptor_.resume();
}

} // namespace beastmark::server
