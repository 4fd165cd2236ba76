// The floor that clients are measured against: one thread, plain epoll, no parsing beyond the empty line that
// ends a request, always the same answer, the baseline's devices in as many bytes as the baseline sends.
// Serves until SIGINT or SIGTERM.
//   floor_server [--port N] [--record FILE [--capacity N]]
// --port 0 (default): any free one. The port is printed once it listens. --record: when each request arrived
// (CLOCK_MONOTONIC in ns at the return of the read that completed it), written at the end as native 64-bit
// integers; exit code 1 when there were more than --capacity (default 4,000,000).
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nServer: the floor\r\nDate: Tue, 28 May 2024 15:21:51 GMT\r\nContent-Type: "
    "application/json\r\n"
    "Content-Length: 541\r\n\r\n"
    R"([{"id":1,"uuid":"9add349c-c35c-4d32-ab0f-53da1ba40a2a","mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5",)"
    R"("created_at":"2024-05-28T15:21:51.137Z","updated_at":"2024-05-28T15:21:51.137Z"},)"
    R"({"id":2,"uuid":"d2293412-36eb-46e7-9231-af7e9249fffe","mac":"E7-34-96-33-0C-4C","firmware":"1.0.3",)"
    R"("created_at":"2024-01-28T15:20:51.137Z","updated_at":"2024-01-28T15:20:51.137Z"},)"
    R"({"id":3,"uuid":"eee58ca8-ca51-47a5-ab48-163fd0e44b77","mac":"68-93-9B-B5-33-B9","firmware":"4.3.1",)"
    R"("created_at":"2024-08-28T15:18:21.137Z","updated_at":"2024-08-28T15:18:21.137Z"}])";
static_assert(answer.size() - answer.find("\r\n\r\n") - 4 == 541);
static_assert(answer.size() == 669); // ./bench perf server compares it with the baseline's

struct options {
    std::uint64_t port = 0;
    std::uint64_t capacity = 4'000'000;
    std::string record;
};

options parse(int argc, char** argv) {
    options parsed;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
        if (name == "--record" && !value.empty()) {
            parsed.record = value;
            continue;
        }
        auto& number = name == "--port" ? parsed.port : parsed.capacity;
        const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
        if ((name != "--port" && name != "--capacity") || code != std::errc() ||
            end != value.data() + value.size() || parsed.port > 65535)
            throw std::runtime_error("not understood: " + std::string(name) + " " + std::string(value) +
                                     " (--port 0..65535, --record FILE, --capacity N)");
    }
    return parsed;
}

/// `result`, or an exception that says what failed.
int checked(int result, const char* what) {
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), what);
    return result;
}

int listen_on(std::uint16_t port) {
    const int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address); // what the socket interface asks for
    checked(bind(listener, generic, size), "bind");
    checked(listen(listener, 4096), "listen");
    checked(getsockname(listener, generic, &size), "getsockname");
    std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    return listener;
}

class server {
public:
    explicit server(const options& what)
        : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          capacity_(what.record.empty() ? 0 : what.capacity) {
        arrivals_.resize(capacity_); // touches the pages now, not while it serves
        arrivals_.clear();
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGINT);
        sigaddset(&ends, SIGTERM);
        sigprocmask(SIG_BLOCK, &ends, nullptr);
        signals_ = checked(signalfd(-1, &ends, SFD_CLOEXEC), "signalfd");
        watch(signals_);
        listener_ = listen_on(static_cast<std::uint16_t>(what.port));
        watch(listener_);
    }

    /// Until a signal.
    void serve() {
        std::array<epoll_event, 128> events{};
        for (;;) {
            const int n = epoll_wait(epoll_, events.data(), events.size(), -1);
            for (int i = 0; i < n; ++i) {
                if (events[i].data.fd == signals_)
                    return;
                if (events[i].data.fd == listener_)
                    accept_all();
                else
                    answer_requests(events[i].data.fd);
            }
        }
    }

    void write(const std::string& file) const {
        std::FILE* out = std::fopen(file.c_str(), "wb");
        if (out == nullptr)
            throw std::system_error(errno, std::generic_category(), file);
        const auto written = std::fwrite(arrivals_.data(), sizeof(std::int64_t), arrivals_.size(), out);
        if (std::fclose(out) != 0 || written != arrivals_.size())
            throw std::system_error(errno, std::generic_category(), file);
        if (lost_ > 0)
            throw std::runtime_error(std::to_string(lost_) + " arrivals were more than --capacity " +
                                     std::to_string(capacity_) + " and are not in " + file);
    }

private:
    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0)
                return;
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            if (static_cast<std::size_t>(fd) >= line_ends_.size())
                line_ends_.resize(static_cast<std::size_t>(fd) + 1);
            line_ends_[static_cast<std::size_t>(fd)] = 0;
            watch(fd);
        }
    }

    void answer_requests(int fd) {
        const auto n = recv(fd, buffer_.data(), buffer_.size(), 0);
        if (n < 0 && errno == EAGAIN)
            return;
        const auto requests = n <= 0 ? 0 : ends_in({buffer_.data(), static_cast<std::size_t>(n)}, fd);
        if (capacity_ > 0 && requests > 0)
            record(requests);
        for (int i = 0; i < requests; ++i)
            // A client that does not read is not what this is for.
            if (send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size())) {
                close(fd);
                return;
            }
        if (n <= 0)
            close(fd);
    }

    /// How many requests end in `bytes`. Of a CR LF CR LF, line_ends_ knows how much came in earlier reads.
    int ends_in(std::string_view bytes, int fd) {
        auto& seen = line_ends_[static_cast<std::size_t>(fd)];
        int ends = 0;
        for (const char c : bytes) {
            if (c == '\r')
                seen = seen == 2 ? 3 : 1;
            else if (c == '\n' && (seen == 1 || seen == 3))
                ++seen;
            else
                seen = 0;
            if (seen == 4) {
                seen = 0;
                ++ends;
            }
        }
        return ends;
    }

    void record(int requests) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        for (int i = 0; i < requests; ++i) {
            if (arrivals_.size() < capacity_)
                arrivals_.push_back(std::chrono::nanoseconds(now).count());
            else
                ++lost_;
        }
    }

    int epoll_;
    int signals_ = -1;
    int listener_ = -1;
    std::vector<std::uint8_t> line_ends_; // by descriptor
    std::array<char, 8192> buffer_{};
    std::size_t capacity_;
    std::vector<std::int64_t> arrivals_;
    std::uint64_t lost_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    try {
        prctl(PR_SET_PDEATHSIG, SIGTERM); // never outlives who measures
        const auto what = parse(argc, argv);
        server floor(what);
        floor.serve();
        if (!what.record.empty())
            floor.write(what.record);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "floor_server: %s\n", error.what());
        return 1;
    }
}
