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

class server {
public:
    /// @param slots 0: as many as there are requests
    /// @param rate of the token bucket; 0: none
    /// @param failures of a million requests
    server(std::uint16_t port, std::uint32_t slots, std::chrono::microseconds service_time,
           std::uint32_t rate, std::uint32_t failures)
        : service_time_(service_time), rate_(rate), fails_(failures / 1e6), free_at_(slots) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (listener_ < 0 || epoll_ < 0)
            die("socket or epoll_create1");
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
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

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            const auto wait = time_to_wait();
            const int n = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()),
                                         due_.empty() ? nullptr : &wait, nullptr);
            if (n < 0 && errno != EINTR)
                die("epoll_pwait2");
            for (int i = 0; i < n; ++i) {
                if (events[i].data.fd == listener_)
                    accept_all();
                else
                    read(events[i].data.fd);
            }
            answer_due();
        }
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
        event.data.fd = fd;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
            die("epoll_ctl");
    }

    [[nodiscard]] timespec time_to_wait() const {
        if (due_.empty())
            return {};
        const auto ns =
            std::max<std::int64_t>(std::chrono::nanoseconds(due_.front().at - clock_type::now()).count(), 0);
        return {ns / 1'000'000'000, ns % 1'000'000'000};
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

    void answer_due() {
        while (!due_.empty() && due_.front().at <= clock_type::now()) {
            const auto [at, fd, generation, fails] = due_.front();
            due_.pop_front();
            const auto what = fails ? refusal : answer;
            // So small an answer always fits; a client that has gone is noticed when its end is read.
            if (connections_[static_cast<std::size_t>(fd)].generation == generation)
                static_cast<void>(::send(fd, what.data(), what.size(), MSG_NOSIGNAL));
        }
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
    int epoll_ = -1;
};

} // namespace

int main(int argc, char** argv) {
    if (argc < 4 || argc > 6) {
        std::fputs("usage: knob_server PORT SLOTS SERVICE-TIME-US [RATE [FAILURES]]\n"
                   "Serves 127.0.0.1, writes its port to stdout. PORT 0: any; SLOTS 0: no limit; RATE\n"
                   "0, or none: no limit of requests per second. FAILURES of a million requests get a 503.\n",
                   stderr);
        return 2;
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL); // 50 us otherwise, a good part of a short service time
    const auto port = number(argv[1], "PORT", std::numeric_limits<std::uint16_t>::max());
    const auto slots = number(argv[2], "SLOTS", 100'000);
    const auto service_us = number(argv[3], "SERVICE-TIME-US", 10'000'000);
    const auto rate = argc > 4 ? number(argv[4], "RATE", 10'000'000) : 0;
    const auto failures = argc > 5 ? number(argv[5], "FAILURES", 1'000'000) : 0;
    server(static_cast<std::uint16_t>(port), slots, std::chrono::microseconds(service_us), rate, failures)
        .run();
}
