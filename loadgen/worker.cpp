#include "loadgen/worker.hpp"

#include "common/thread_priority.hpp"

#include <future>

#include <pthread.h>
#include <sys/prctl.h>

namespace beastmark::loadgen {

worker::worker(const plan& what, std::uint32_t thread, mailbox& reports, worker_events& events)
    : events_(events) {
    for (std::size_t i = 0; i < what.targets.size(); ++i)
        lanes_.push_back(std::make_unique<lane>(*this, loop_, what, i, thread, reports));
    if (thread == 0 && what.dns_ttl.count() > 0)
        names_.emplace(
            loop_, what,
            name_refresh::listener{
                [this](std::size_t target, const resolved_name::endpoints& now) {
                    events_.addresses_changed(target, now);
                },
                [this](std::size_t target, const std::string& why) { events_.name_failed(target, why); }});
    thread_ = std::thread([this, spin = what.spin] { run(spin); });
}

worker::~worker() {
    loop_.post([this] { loop_.stop(); });
    thread_.join();
}

void worker::run(bool spin) {
    pthread_setname_np(pthread_self(), "load");
    // The kernel may otherwise let a wait end 50 us late to save wake-ups.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    run_when_woken();
    probe_.emplace();
    loop_.run(spin);
}

void worker::connect() {
    loop_.post([this] {
        for (auto& l : lanes_)
            l->connect();
    });
}

void worker::start(std::chrono::steady_clock::time_point t0) {
    loop_.post([this, t0] {
        for (auto& l : lanes_)
            l->start(t0);
        if (names_)
            names_->start();
    });
}

void worker::extend(const schedule& all) {
    loop_.post([this, &all] {
        for (auto& l : lanes_)
            l->extend(all);
    });
}

void worker::use_addresses(std::size_t target_index, const resolved_name::endpoints& now) {
    loop_.post([this, target_index, now] { lanes_[target_index]->use_addresses(now); });
}

void worker::stop(run_time t) {
    loop_.post([this, t] {
        for (auto& l : lanes_)
            l->stop(t);
    });
}

worker::connect_state worker::connections_of(std::size_t target_index) {
    std::promise<connect_state> answer;
    loop_.post([&] {
        const auto& l = *lanes_[target_index];
        answer.set_value({l.connected_count(), l.last_connect_phase(), l.last_connect_error()});
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
    loop_.stop();
    events_.worker_done();
}

} // namespace beastmark::loadgen
