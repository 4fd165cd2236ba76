// How late a loop is that does nothing but wait: timerfd and epoll, timer slack 1 ns, nothing sent. No pacing
// without spinning can be better on this machine; what a load generator adds is its own.
//   bare_pacer --rate N --duration SECONDS [--spin]
// --spin: asks the clock over and over instead of waiting, for reference. Prints one JSON object.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

using std::chrono::nanoseconds;
using clock = std::chrono::steady_clock; // CLOCK_MONOTONIC

struct options {
    double rate = 0;
    double duration_s = 0;
    bool spin = false;
};

options parse(int argc, char** argv) {
    options parsed;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--spin") {
            parsed.spin = true;
            continue;
        }
        const std::string_view value = i + 1 < argc ? argv[++i] : "";
        auto& number = name == "--rate" ? parsed.rate : parsed.duration_s;
        const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
        if ((name != "--rate" && name != "--duration") || code != std::errc() ||
            end != value.data() + value.size())
            throw std::runtime_error("not understood: " + std::string(name) + " " + std::string(value));
    }
    if (!(parsed.rate >= 1 && parsed.rate <= 1e7 && parsed.duration_s > 0 && parsed.duration_s <= 600))
        throw std::runtime_error("wants --rate 1..10000000 (per second) and --duration up to 600 (seconds)");
    return parsed;
}

int checked(int result, const char* what) {
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), what);
    return result;
}

/// Waits for a moment in the way of an event loop: the timer is one of the descriptors epoll watches.
class timer {
public:
    timer()
        : timer_(checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
          epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
        epoll_event event{};
        event.events = EPOLLIN;
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event), "epoll_ctl");
    }

    void wait_until(clock::time_point t) const {
        const auto ns = nanoseconds(t.time_since_epoch()).count();
        itimerspec when{};
        when.it_value.tv_sec = static_cast<std::time_t>(ns / 1'000'000'000);
        when.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
        checked(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr), "timerfd_settime");
        epoll_event event{};
        epoll_wait(epoll_, &event, 1, -1);
        std::uint64_t expirations = 0;
        // Nothing to read when a signal ended the wait: the caller looks at the clock anyway.
        [[maybe_unused]] const auto n = read(timer_, &expirations, sizeof(expirations));
    }

private:
    int timer_;
    int epoll_;
};

/// How late each arrival was noticed, in nanoseconds. Those that are due together are late each by its own.
std::vector<std::int64_t> pace(const options& what) {
    const auto count = static_cast<std::size_t>(std::ceil(what.rate * what.duration_s));
    std::vector<std::int64_t> lags(count); // touches the pages now
    const timer expiry;
    const auto start = clock::now() + std::chrono::milliseconds(10);
    const auto due = [&](std::size_t i) {
        return start + nanoseconds(static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / what.rate));
    };
    for (std::size_t i = 0; i < count;) {
        if (!what.spin && due(i) > clock::now())
            expiry.wait_until(due(i));
        const auto now = clock::now();
        for (; i < count && due(i) <= now; ++i)
            lags[i] = nanoseconds(now - due(i)).count();
    }
    return lags;
}

void print(std::vector<std::int64_t> lags, const options& what) {
    std::sort(lags.begin(), lags.end());
    const auto at = [&](double share) {
        const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(lags.size())));
        return static_cast<double>(lags[std::max<std::size_t>(rank, 1) - 1]) / 1e3;
    };
    std::printf("{\"rate\": %.17g, \"arrivals\": %zu, \"spin\": %s, \"cpu_s\": %.6f, \"lag_us\": "
                "{\"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f}}\n",
                what.rate, lags.size(), what.spin ? "true" : "false",
                static_cast<double>(std::clock()) / CLOCKS_PER_SEC, at(0.5), at(0.99), at(0.999), at(1));
}

} // namespace

int main(int argc, char** argv) {
    try {
        const auto what = parse(argc, argv);
        prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); // as loadgen's threads have it
        print(pace(what), what);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bare_pacer: %s\n", error.what());
        return 1;
    }
}
