#include "server/service.hpp"

#include "common/cgroup.hpp"
#include "common/descriptor_limit.hpp"
#include "common/duration.hpp"
#include "common/process_metrics.hpp"
#include "common/version.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace beastmark::server {

namespace {

using clock = std::chrono::steady_clock;

// Descriptors of each core and of the admin port: the loop's three (epoll, mail, clock), and the listener.
constexpr std::size_t core_descriptors = 4;

// Of the process: standard streams, and what is open for a moment (files of /proc and of the control group
// while it is scraped, a look-up's socket).
constexpr std::size_t process_descriptors = 16;

// More than that is no help to anybody by default.
constexpr std::size_t default_max_connections = 65536;

// SIGTERM and SIGINT, blocked in every thread and taken here: the main thread has nothing else to do.
class stop_signals {
public:
    stop_signals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN); // a client that has gone is an error of write
    }

    void wait() const {
        int which = 0;
        sigwait(&set_, &which);
    }

    // True when one came before the time was over.
    [[nodiscard]] bool wait_for(clock::duration time) const {
        const auto ns = std::chrono::nanoseconds{std::max(time, clock::duration::zero())}.count();
        const timespec limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
        return sigtimedwait(&set_, nullptr, &limit) > 0;
    }

private:
    sigset_t set_{};
};

// Connections that the descriptor limit leaves for clients.
std::size_t affordable_connections(const program& served, std::size_t cores) {
    const std::uint64_t limit = raise_descriptor_limit();
    const std::size_t reserved =
        process_descriptors + core_descriptors * (cores + 1) + admin::max_connections + served.descriptors;
    if (limit <= reserved) {
        const auto backends = served.descriptors > 0 ? " (" + std::to_string(served.descriptors) + " for " +
                                                           served.descriptors_for + ")"
                                                     : std::string();
        throw std::runtime_error{"the descriptor limit of " + std::to_string(limit) +
                                 " leaves no connection beside the " + std::to_string(reserved) +
                                 " descriptors that " + served.name + " needs itself" + backends +
                                 ": raise it with ulimit -n " + std::to_string(reserved + cores) +
                                 " at least" + (backends.empty() ? "" : ", or ask for less")};
    }
    return limit - reserved;
}

core_limits limits_of_core(const options& given, const program& served, std::size_t cores) {
    const std::size_t affordable = affordable_connections(served, cores);
    const std::size_t connections =
        given.max_connections > 0 ? given.max_connections : std::min(affordable, default_max_connections);
    if (connections > affordable) {
        throw std::runtime_error{
            "--max-connections " + std::to_string(connections) + " is above the " +
            std::to_string(affordable) + " that the descriptor limit leaves: raise it with ulimit -n " +
            std::to_string(raise_descriptor_limit() + connections - affordable) + ", or ask for fewer"};
    }
    if (connections < cores) {
        const auto threads = std::to_string(cores);
        throw std::runtime_error{(given.max_connections > 0
                                      ? "--max-connections " + std::to_string(connections)
                                      : std::to_string(connections) + ", what the descriptor limit leaves,") +
                                 " is below the " + threads + " threads, each of which needs one: allow " +
                                 threads + " at least, or ask for fewer threads with --threads"};
    }
    return {.max_connections = connections / cores,
            .timeout_lengths = {given.idle_timeout, given.header_timeout, given.body_timeout,
                                given.write_timeout, std::chrono::seconds{5}},
            .request = request_limits{given.max_head_bytes, given.max_headers, given.max_body_bytes},
            .connection = given.connection};
}

// The cores of a service and their threads.
class core_group {
public:
    core_group(const options& given, const program& served) {
        const std::size_t count = core_count(given);
        const core_limits limits = limits_of_core(given, served, count);
        max_connections_ = limits.max_connections * count;
        for (auto& listener : listen_on(given.address, given.port, count)) {
            cores_.push_back(std::make_unique<core>(served.routes, limits, std::move(listener)));
            cores_.back()->set_handler(served.make_handler(cores_.size() - 1, cores_.back()->loop()));
        }
    }

    ~core_group() {
        for (const auto& each : cores_) {
            each->cut();
        }
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    core_group(const core_group&) = delete;
    core_group& operator=(const core_group&) = delete;

    void start() {
        for (const auto& each : cores_) {
            threads_.emplace_back([&core = *each, name = "core-" + std::to_string(threads_.size())] {
                pthread_setname_np(pthread_self(), name.c_str());
                core.run();
            });
        }
    }

    // Asks all to drain and waits; cuts what is left at the deadline or on a signal. False when something was
    // cut.
    bool drain(clock::duration timeout, clock::duration grace, const stop_signals& signals) {
        constexpr std::chrono::milliseconds poll{10};
        const auto deadline = clock::now() + timeout;
        for (const auto& each : cores_) {
            each->begin_drain(std::min(grace, timeout));
        }
        while (!finished()) {
            if (clock::now() >= deadline || signals.wait_for(poll)) {
                break;
            }
        }
        for (const auto& each : cores_) {
            each->cut(); // no effect on one that is finished
        }
        for (auto& thread : threads_) {
            thread.join();
        }
        threads_.clear();
        return std::ranges::all_of(cores_, [](const auto& each) { return each->cut_connections() == 0; });
    }

    [[nodiscard]] bool ready() const {
        return std::ranges::all_of(cores_, [](const auto& each) { return each->ready(); });
    }

    [[nodiscard]] std::vector<const core_metrics*> metrics() const {
        std::vector<const core_metrics*> all;
        for (const auto& each : cores_) {
            all.push_back(&each->metrics());
        }
        return all;
    }

    [[nodiscard]] std::size_t size() const { return cores_.size(); }

    [[nodiscard]] std::size_t max_connections() const { return max_connections_; }

private:
    [[nodiscard]] bool finished() const {
        return std::ranges::all_of(cores_, [](const auto& each) { return each->finished(); });
    }

    std::vector<std::unique_ptr<core>> cores_;
    std::vector<std::thread> threads_;
    std::size_t max_connections_ = 0;
};

} // namespace

std::size_t core_count(const options& given) {
    return given.threads > 0 ? given.threads : allowed_cores(affinity_cpus(), cgroup{}.cpu_limit_cores());
}

int run_service(const options& given, const program& served) {
    const stop_signals signals;
    core_group cores{given, served};
    auto admin_listener = std::move(listen_on(given.admin_address, given.admin_port, 1).front());

    std::atomic<bool> draining{false};
    const readiness ready = [&]() -> std::string_view {
        if (draining.load(std::memory_order_relaxed)) {
            return "the service is draining";
        }
        return cores.ready() ? std::string_view{} : served.not_ready;
    };
    collectables collected{std::make_shared<server_collector>(served.routes, cores.metrics()),
                           std::make_shared<process_collector>()};
    collected.insert(collected.end(), served.collected.begin(), served.collected.end());
    const admin admin_port{std::move(admin_listener), ready, std::move(collected)};

    cores.start();
    spdlog::info(
        "{} {} ({}) serves on {} port {}, admin port {}, threads {}, connections {}, descriptor limit {}",
        served.name, version(), revision(), given.address, given.port, given.admin_port, cores.size(),
        cores.max_connections(), raise_descriptor_limit());

    signals.wait();
    draining = true;
    spdlog::info("draining: {} of delay, then at most {} for requests under way",
                 format_duration(given.drain_delay), format_duration(given.drain_timeout));
    const bool hurried = given.drain_delay.count() > 0 && signals.wait_for(given.drain_delay);
    const bool clean =
        cores.drain(hurried ? clock::duration::zero() : given.drain_timeout, given.drain_grace, signals);
    spdlog::info(clean ? "drained" : "connections were cut off with an answer owed");
    return clean ? 0 : 1;
}

} // namespace beastmark::server
