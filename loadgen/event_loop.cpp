#include "loadgen/event_loop.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace {

using boost::system::error_code;
using clock = std::chrono::steady_clock;

constexpr std::size_t most_events = 256;

int checked(int result, const char* what) {
    if (result < 0)
        throw boost::system::system_error({errno, boost::system::system_category()}, what);
    return result;
}

// std::chrono::steady_clock is CLOCK_MONOTONIC. A time of 0 would disarm it.
void set_timerfd(int descriptor, clock::time_point t) noexcept {
    const auto ns = std::max<std::int64_t>(1, std::chrono::nanoseconds(t.time_since_epoch()).count());
    itimerspec when{};
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &when, nullptr); // fails for bad arguments only
}

} // namespace

event_loop::event_loop()
    : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      mail_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      clock_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (add(mail_, EPOLLIN, on_mail_) && add(clock_, EPOLLIN, on_clock_))
        return;
    const error_code why(errno, boost::system::system_category());
    close_all();
    throw boost::system::system_error(why, "event loop");
}

event_loop::~event_loop() {
    close_all();
}

void event_loop::close_all() noexcept {
    for (const int descriptor : {clock_, mail_, epoll_})
        if (descriptor >= 0)
            ::close(descriptor);
}

void event_loop::run(bool spin) {
    std::array<epoll_event, most_events> events;
    while (!stopped_) {
        for (const auto& task : before_wait_)
            task();
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     spin ? 0 : -1); // -1: interrupted
        for (int i = 0; i < count && !stopped_; ++i) {
            const auto place = static_cast<watch>(events[static_cast<std::size_t>(i)].data.u64);
            const auto generation =
                static_cast<std::uint32_t>(events[static_cast<std::size_t>(i)].data.u64 >> 32);
            if (const auto& e = entries_[place]; e.generation == generation)
                e.who->ready(events[static_cast<std::size_t>(i)].events);
        }
    }
}

void event_loop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    eventfd_write(mail_, 1); // fails only when 2^64 tasks wait
}

void event_loop::run_posted() {
    eventfd_t ignored = 0;
    eventfd_read(mail_, &ignored);
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (const auto& task : tasks)
        task();
}

std::optional<event_loop::watch> event_loop::add(int descriptor, std::uint32_t events, listener& who) {
    if (free_.empty()) {
        free_.push_back(static_cast<watch>(entries_.size()));
        entries_.emplace_back();
    }
    const auto place = free_.back();
    auto& e = entries_[place];
    epoll_event wanted{};
    wanted.events = events | EPOLLET;
    wanted.data.u64 = (std::uint64_t{e.generation} << 32) | place;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0)
        return std::nullopt;
    free_.pop_back();
    e.who = &who;
    return place;
}

void event_loop::remove(watch w, int descriptor) noexcept {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    ++entries_[w].generation;
    free_.push_back(w);
}

void event_loop::run_timers() {
    const auto now = clock::now();
    in_timers_ = true;
    while (!times_.empty() && times_.begin()->first <= now) {
        auto& due = *times_.begin()->second;
        due.cancel();
        due.on_time_();
    }
    in_timers_ = false;
    clock_set_to_ = {}; // it has fired
    set_clock();
}

void event_loop::set_clock() {
    if (in_timers_ || times_.empty() || times_.begin()->first == clock_set_to_)
        return;
    clock_set_to_ = times_.begin()->first;
    set_timerfd(clock_, clock_set_to_);
}

timer::timer(event_loop& loop, std::function<void()> on_time) : loop_(loop), on_time_(std::move(on_time)) {}

timer::~timer() {
    cancel();
}

void timer::set(clock::time_point t) {
    cancel();
    time_ = t;
    place_ = loop_.times_.emplace(t, this);
    is_set_ = true;
    loop_.set_clock();
}

// The clock stays as it is: firing for nothing costs less than setting it.
void timer::cancel() noexcept {
    if (std::exchange(is_set_, false))
        loop_.times_.erase(place_);
}

exact_timer::exact_timer(event_loop& loop, event_loop::listener& who)
    : loop_(loop),
      descriptor_(checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")) {
    const auto watched = loop_.add(descriptor_, EPOLLIN, who);
    if (!watched) {
        const error_code why(errno, boost::system::system_category());
        ::close(descriptor_);
        throw boost::system::system_error(why, "timerfd");
    }
    watch_ = *watched;
}

exact_timer::~exact_timer() {
    loop_.remove(watch_, descriptor_);
    ::close(descriptor_);
}

void exact_timer::set(clock::time_point t) noexcept {
    set_timerfd(descriptor_, t);
}

void exact_timer::cancel() noexcept {
    const itimerspec never{};
    timerfd_settime(descriptor_, 0, &never, nullptr);
}

} // namespace beastmark::loadgen
