#include "loadgen/exact_timer.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>

#include <sys/timerfd.h>

namespace beastmark::loadgen {

namespace {

int make_timer() {
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        throw boost::system::system_error({errno, boost::system::system_category()}, "timerfd_create");
    return fd;
}

} // namespace

exact_timer::exact_timer(boost::asio::io_context& context) : descriptor_(context, make_timer()) {
    descriptor_.non_blocking(true); // spares Asio asking before each read
}

void exact_timer::cancel() {
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
}

// std::chrono::steady_clock is CLOCK_MONOTONIC. A time of 0 would disarm it.
void exact_timer::set(std::chrono::steady_clock::time_point t) {
    const auto ns = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count());
    itimerspec when{};
    when.it_value.tv_sec = ns / 1'000'000'000;
    when.it_value.tv_nsec = ns % 1'000'000'000;
    timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &when,
                    nullptr); // fails for bad arguments only
}

} // namespace beastmark::loadgen
