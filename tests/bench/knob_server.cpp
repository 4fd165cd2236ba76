// An HTTP server whose capacity is known because it is made up: each GET takes a fixed time in one of a fixed
// number of slots, whatever the machine does. ./bench perf client --honesty loads it.
//
// A request that comes while all slots are taken waits for the one that is free first, so that the capacity
// is slots / time exactly: when a request ends is settled when it arrives, and a loop that wakes late answers
// late but loses no time.
//
// With a rate, a token bucket is before them: what comes while it is empty is refused with 503 at once. It is
// filled steadily and holds 10 ms of its rate, so that the capacity is that rate, whatever the machine does.
//
// With a share of failures, so many requests in a million get a 503 after the same time, each by its own
// draw.
//
// Several services in one process are for comparisons: they differ by what their knobs say and nothing else.
// As processes on a core, whoever is due a moment after the other is woken by the other's timer, for nothing
// and too early or too late by more than the difference. So the loop does not sleep through the last 0.2 ms
// before an answer is due. And what is due is answered in that order, over all services: were one's answers
// sent before the other's, then each time the loop was late the other's would be later, tens of microseconds
// in p99.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "knob_server: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

std::uint32_t number(const char* text, const char* name, std::uint32_t highest) {
    std::uint32_t value = 0;
    const auto* const end = text + std::strlen(text);
    if (const auto read = std::from_chars(text, end, value);
        read.ec != std::errc{} || read.ptr != end || value > highest) {
        std::fprintf(stderr, "knob_server: %s is to be a number up to %u, not \"%s\"\n", name, highest, text);
        std::exit(2);
    }
    return value;
}

struct knobs {
    std::uint16_t port = 0;
    std::uint32_t slots = 0; // 0: as many as there are requests
    std::chrono::microseconds service_time{};
    std::uint32_t rate = 0;     // of the token bucket; 0: none
    std::uint32_t failures = 0; // of a million requests
};

class service {
public:
    service(const knobs& how, int epoll, std::uint32_t index)
        : service_time_(how.service_time),
          rate_(how.rate),
          fails_(how.failures / 1e6),
          free_at_(how.slots),
          epoll_(epoll),
          index_(index) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (listener_ < 0)
            die("socket");
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(how.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
            die("bind");
        if (::listen(listener_, SOMAXCONN) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            die("listen");
        watch(listener_);
        std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port))); // whoever started it reads this
        std::fflush(stdout);
    }

    /// Something is to be read there.
    void ready(int fd) {
        if (fd == listener_)
            accept_all();
        else
            read(fd);
    }

    [[nodiscard]] clock_type::time_point next_due() const {
        return due_.empty() ? clock_type::time_point::max() : due_.front().at;
    }

    /// Sends the answer that is due first; there is one.
    void answer_next() {
        const auto [at, fd, generation, fails] = due_.front();
        due_.pop_front();
        const auto what = fails ? refusal : answer;
        // So small an answer always fits; a client that has gone is noticed when its end is read.
        if (connections_[static_cast<std::size_t>(fd)].generation == generation)
            static_cast<void>(::send(fd, what.data(), what.size(), MSG_NOSIGNAL));
    }

private:
    struct connection {
        std::uint64_t generation = 0; // a descriptor is used again: an answer must not reach another client
        std::size_t matched = 0;      // of head_end, so far
    };

    struct pending {
        clock_type::time_point at;
        int fd;
        std::uint64_t generation;
        bool fails;
    };

    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = std::uint64_t{index_} << 32 | static_cast<std::uint32_t>(fd);
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
            die("epoll_ctl");
    }

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0)
                return;
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= static_cast<std::size_t>(fd))
                connections_.resize(static_cast<std::size_t>(fd) + 1);
            connections_[static_cast<std::size_t>(fd)] = {++generations_, 0};
            watch(fd);
        }
    }

    void read(int fd) {
        std::array<char, 16384> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
        const auto length = ::read(fd, buffer.data(), buffer.size());
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        auto& from = connections_[static_cast<std::size_t>(fd)];
        if (length <= 0) {
            from.generation = 0;
            ::close(fd);
            return;
        }
        for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(length))) {
            from.matched = c == head_end[from.matched] ? from.matched + 1 : c == '\r' ? 1 : 0;
            if (from.matched == head_end.size()) {
                from.matched = 0;
                take(fd, from.generation);
            }
        }
    }

    bool take_token(clock_type::time_point now) {
        if (rate_ == 0)
            return true;
        const double most = std::max(1.0, 0.01 * rate_);
        tokens_ = std::min(most, tokens_ + rate_ * std::chrono::duration<double>(now - filled_at_).count());
        filled_at_ = now;
        if (tokens_ < 1)
            return false;
        tokens_ -= 1;
        return true;
    }

    void take(int fd, std::uint64_t generation) {
        auto starts = clock_type::now();
        if (!take_token(starts)) {
            static_cast<void>(::send(fd, refusal.data(), refusal.size(), MSG_NOSIGNAL));
            return;
        }
        if (!free_at_.empty()) {
            auto& slot = free_at_[next_slot_];
            next_slot_ = (next_slot_ + 1) % free_at_.size();
            starts = std::max(starts, slot);
            slot = starts + service_time_;
        }
        // All take as long: they end in the order in which they begin, and the slot taken first is free
        // first.
        due_.push_back({starts + service_time_, fd, generation, fails_(random_)});
    }

    std::chrono::microseconds service_time_;
    double rate_;
    double tokens_ = 0;
    clock_type::time_point filled_at_{};
    std::bernoulli_distribution fails_;
    std::mt19937_64 random_{std::random_device{}()}; // two servers do not fail alike
    std::vector<clock_type::time_point> free_at_;    // of each slot; taken in turn
    std::size_t next_slot_ = 0;
    std::deque<pending> due_;
    std::vector<connection> connections_; // by descriptor
    std::uint64_t generations_ = 0;
    int listener_ = -1;
    int epoll_;
    std::uint32_t index_;
};

timespec time_until(clock_type::time_point t) {
    const auto ns = std::max<std::int64_t>(std::chrono::nanoseconds(t - clock_type::now()).count(), 0);
    return {ns / 1'000'000'000, ns % 1'000'000'000};
}

service& first_due(std::vector<service>& services) {
    return *std::ranges::min_element(services, {}, &service::next_due);
}

[[noreturn]] void serve(const std::vector<knobs>& all) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        die("epoll_create1");
    std::vector<service> services;
    services.reserve(all.size());
    for (const auto& how : all)
        services.emplace_back(how, epoll, static_cast<std::uint32_t>(services.size()));
    const auto awake = std::chrono::microseconds(all.size() > 1 ? 200 : 0);
    std::array<epoll_event, 256> events{};
    for (;;) {
        const auto due = first_due(services).next_due();
        const auto wait = time_until(due - awake);
        const int n = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()),
                                     due == clock_type::time_point::max() ? nullptr : &wait, nullptr);
        if (n < 0 && errno != EINTR)
            die("epoll_pwait2");
        for (int i = 0; i < n; ++i)
            services[events[i].data.u64 >> 32].ready(static_cast<int>(events[i].data.u64 & 0xffffffff));
        while (first_due(services).next_due() <= clock_type::now())
            first_due(services).answer_next();
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<const char*> words(argv + 1, argv + argc);
    std::vector<std::vector<const char*>> groups(1);
    for (const auto* const word : words) {
        if (std::strcmp(word, ",") == 0)
            groups.emplace_back();
        else
            groups.back().push_back(word);
    }
    std::vector<knobs> all;
    for (const auto& group : groups) {
        if (group.size() < 3 || group.size() > 5) {
            std::fputs(
                "usage: knob_server PORT SLOTS SERVICE-TIME-US [RATE [FAILURES]] [, PORT SLOTS ...]\n"
                "Serves 127.0.0.1, writes its ports to stdout. PORT 0: any; SLOTS 0: no limit; RATE\n"
                "0, or none: no limit of requests per second. FAILURES of a million requests get a 503.\n",
                stderr);
            return 2;
        }
        all.push_back({
            .port = static_cast<std::uint16_t>(
                number(group[0], "PORT", std::numeric_limits<std::uint16_t>::max())),
            .slots = number(group[1], "SLOTS", 100'000),
            .service_time = std::chrono::microseconds(number(group[2], "SERVICE-TIME-US", 10'000'000)),
            .rate = group.size() > 3 ? number(group[3], "RATE", 10'000'000) : 0,
            .failures = group.size() > 4 ? number(group[4], "FAILURES", 1'000'000) : 0,
        });
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL); // 50 us otherwise, a good part of a short service time
    serve(all);
}
