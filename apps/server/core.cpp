#include "server/core.hpp"

#include <boost/asio/post.hpp>

#include <ctime>

namespace beastmark::server {

namespace {

constexpr std::chrono::milliseconds tick_interval{100};

} // namespace

core::core(const route_table& routes, const core_limits& limits, listening_socket listener)
    : routes_{routes},
      limits_{limits},
      metrics_{routes},
      timeouts_{limits.timeout_lengths},
      ticker_{context_},
      acceptor_{*this, std::move(listener)} {}

core::~core() {
    sessions_.clear_and_dispose([](session* each) { delete each; });
}

void core::run() {
    handler_->start();
    report_readiness(timeouts::clock::now());
    acceptor_.start();
    schedule_tick();
    context_.run();
    finished_.store(true, std::memory_order_release);
}

void core::schedule_tick() {
    ticker_.expires_after(tick_interval);
    ticker_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            tick();
        }
    });
}

void core::tick() {
    const auto now = timeouts::clock::now();
    date_.update(std::time(nullptr));
    timeouts_.expire(now);
    handler_->tick(now);
    report_readiness(now);
    acceptor_.resume();
    schedule_tick();
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

void core::begin_drain() {
    boost::asio::post(context_, [this] {
        acceptor_.close(); // takes what is in its queue before it closes
        draining_ = true;
        for (auto each = sessions_.begin(); each != sessions_.end();) {
            (each++)->drain();
        }
        // Behind what is queued already: an accept that has succeeded brings one more session.
        boost::asio::post(context_, [this] { finish_if_drained(); });
    });
}

void core::cut() {
    boost::asio::post(context_, [this] {
        acceptor_.close();
        draining_ = true;
        close_sessions();
        stop_handler(); // answers what waits for a backend, which frees those sessions
        finish_if_drained();
    });
}

void core::close_sessions() {
    for (auto each = sessions_.begin(); each != sessions_.end();) {
        session& closing = *each++;
        if (!closing.is_idle()) {
            ++cut_connections_;
        }
        closing.close();
    }
}

void core::finish_if_drained() {
    if (draining_ && sessions_.empty()) {
        stop_handler();
        context_.stop();
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

void core::add(tcp_socket accepted) {
    auto added = std::make_unique<session>(*this, std::move(accepted));
    sessions_.push_back(*added);
    metrics_.connections.add(1);
    added.release()->start(); // owns itself from here; remove() deletes it
}

void core::remove(session& gone) {
    sessions_.erase_and_dispose(sessions_.iterator_to(gone), [](session* each) { delete each; });
    metrics_.connections.add(-1);
    if (draining_ && sessions_.empty()) {
        // Not at once: the last session may end inside a callback of the backend that the handler would then
        // stop.
        boost::asio::post(context_, [this] { finish_if_drained(); });
    }
    acceptor_.resume();
}

} // namespace beastmark::server
