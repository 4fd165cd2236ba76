#include "loadgen/timer_error.hpp"

#include "common/descriptor.hpp"
#include "common/histogram.hpp"
#include "common/timerfd.hpp"

#include <thread>

#include <sys/epoll.h>
#include <sys/prctl.h>

namespace beastmark::loadgen {

namespace {

using clock = std::chrono::steady_clock; // CLOCK_MONOTONIC

constexpr auto period = std::chrono::milliseconds(1);

void wait_until(clock::time_point due, int timer, int epoll) {
    set_timerfd(timer, due);
    epoll_event ready{};
    while (clock::now() < due)
        ::epoll_wait(epoll, &ready, 1, -1);
}

} // namespace

timer_error measure_timer_error(std::chrono::nanoseconds length) {
    const descriptor timer(make_timerfd(), "timerfd_create");
    const descriptor epoll(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    epoll_event wanted{.events = EPOLLIN, .data = {}};
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &wanted);
    histogram late;
    std::thread([&] {
        ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        const auto begin = clock::now();
        const auto end = begin + length;
        for (auto due = begin + period; due < end; due += period) {
            wait_until(due, timer.get(), epoll.get());
            late.record(clock::now() - due);
        }
    }).join();
    const auto us = [](std::chrono::nanoseconds t) {
        return std::chrono::duration<double, std::micro>(t).count();
    };
    return {.count = late.count(),
            .p50_us = us(late.value_at_percentile(50)),
            .p99_us = us(late.value_at_percentile(99)),
            .worst_us = us(late.max())};
}

} // namespace beastmark::loadgen
