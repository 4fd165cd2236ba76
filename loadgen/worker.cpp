#include "loadgen/worker.hpp"

#include <boost/asio/post.hpp>

#include <future>

#include <pthread.h>
#include <sys/prctl.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;

worker::worker(const plan& what, std::uint32_t thread, mailbox& reports, worker_events& events)
    : events_(events), context_(1), guard_(asio::make_work_guard(context_)) {
    for (std::size_t i = 0; i < what.targets.size(); ++i)
        lanes_.push_back(std::make_unique<lane>(*this, context_, what, i, thread, reports));
    thread_ = std::thread([this, spin = what.spin] { run(spin); });
}

worker::~worker() {
    context_.stop();
    thread_.join();
}

void worker::run(bool spin) {
    pthread_setname_np(pthread_self(), "load");
    // The kernel may otherwise let a wait end 50 us late to save wake-ups.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    probe_.emplace();
    if (!spin) {
        context_.run();
        return;
    }
    while (!context_.stopped())
        context_.poll();
}

void worker::connect() {
    asio::post(context_, [this] {
        for (auto& l : lanes_)
            l->connect();
    });
}

void worker::start(std::chrono::steady_clock::time_point t0) {
    asio::post(context_, [this, t0] {
        for (auto& l : lanes_)
            l->start(t0);
    });
}

void worker::stop(run_time t) {
    asio::post(context_, [this, t] {
        for (auto& l : lanes_)
            l->stop(t);
    });
}

worker::connect_state worker::connections_of(std::size_t target_index) {
    std::promise<connect_state> answer;
    asio::post(context_, [&] {
        const auto& l = *lanes_[target_index];
        answer.set_value({l.connected_count(), l.last_connect_error()});
    });
    return answer.get_future().get();
}

void worker::lane_ready() {
    if (++ready_ == lanes_.size())
        events_.worker_ready();
}

void worker::lane_done() {
    if (++done_ < lanes_.size())
        return;
    guard_.reset();
    events_.worker_done();
}

} // namespace beastmark::loadgen
