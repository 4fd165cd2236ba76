#include "common/event_loop.hpp"

#include "common/timerfd.hpp"

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>

namespace beastmark {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_events = 4096;

} // namespace

event_loop::event_loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
      mail_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"),
      clock_(make_timerfd(), "timerfd_create"),
      events_(most_events) {
    if (!add(mail_.get(), EPOLLIN, on_mail_) || !add(clock_.get(), EPOLLIN, on_clock_))
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void event_loop::run(bool spin) {
    while (!stopped_)
        wait(spin ? 0 : -1);
}

void event_loop::turn(std::chrono::milliseconds at_most) {
    wait(static_cast<int>(at_most.count()));
}

void event_loop::wait(int timeout_ms) {
    for (const auto& task : before_wait_)
        task();
    const auto worked = clock::now() - turn_began_;
    const int count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                 timeout_ms); // -1: interrupted
    turn_began_ = clock::now();
    backlog_since_ = turn_began_ - worked;
    for (int i = 0; i < count && !stopped_; ++i) {
        const auto [events, data] = events_[static_cast<std::size_t>(i)];
        const auto place = static_cast<watch>(data.u64);
        if (const auto& e = entries_[place]; e.generation == static_cast<std::uint32_t>(data.u64 >> 32))
            e.who->ready(events);
    }
}

void event_loop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    eventfd_write(mail_.get(), 1); // fails only when 2^64 tasks wait
}

void event_loop::run_posted() {
    eventfd_t ignored = 0;
    eventfd_read(mail_.get(), &ignored);
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (const auto& task : tasks)
        task();
}

std::optional<event_loop::watch> event_loop::add(int descriptor, std::uint32_t events, listener& who,
                                                 trigger how) {
    if (free_.empty()) {
        free_.push_back(static_cast<watch>(entries_.size()));
        entries_.emplace_back();
    }
    const auto place = free_.back();
    auto& e = entries_[place];
    epoll_event wanted{};
    wanted.events = events | (how == trigger::edge ? EPOLLET : 0U);
    wanted.data.u64 = (std::uint64_t{e.generation} << 32) | place;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &wanted) != 0)
        return std::nullopt;
    free_.pop_back();
    e.who = &who;
    e.events = wanted.events;
    return place;
}

void event_loop::change(watch w, int descriptor, std::uint32_t events) noexcept {
    entries_[w].events = events | (entries_[w].events & EPOLLET);
    tell_again(w, descriptor);
}

void event_loop::tell_again(watch w, int descriptor) noexcept {
    epoll_event wanted{};
    wanted.events = entries_[w].events;
    wanted.data.u64 = (std::uint64_t{entries_[w].generation} << 32) | w;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &wanted);
}

void event_loop::remove(watch w, int descriptor) noexcept {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
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
    set_timerfd(clock_.get(), clock_set_to_);
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
    : loop_(loop), timer_(make_timerfd(), "timerfd_create") {
    const auto watched = loop_.add(timer_.get(), EPOLLIN, who);
    if (!watched)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    watch_ = *watched;
}

exact_timer::~exact_timer() {
    loop_.remove(watch_, timer_.get());
}

void exact_timer::set(clock::time_point t) noexcept {
    set_timerfd(timer_.get(), t);
}

void exact_timer::cancel() noexcept {
    stop_timerfd(timer_.get());
}

} // namespace beastmark
