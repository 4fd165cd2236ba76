// A child process under a test's control.
#pragma once

#include "tests/support/wait.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace beastmark::testing {

struct process_options {
    std::vector<std::string> arguments = {};       // [0] is the program: a path, or a name looked up in PATH
    std::vector<std::string> environment = {};     // "NAME=value" sets, "NAME" removes; the rest is inherited
    std::string user = {};                         // when root: run as this user (group and user id)
    std::string directory = {};                    // working directory; empty: the test's
    int death_signal = SIGKILL;                    // sent by the kernel when the thread that spawned it ends
    std::optional<std::uint64_t> descriptors = {}; // RLIMIT_NOFILE, soft and hard
    int terminal = -1; // is its controlling terminal, stdin, stdout and stderr; nothing is captured then
};

struct exit_status {
    int code = -1;  // of exit(); -1 when a signal ended it
    int signal = 0; // 0 when it exited

    bool operator==(const exit_status&) const = default;
};

/// For messages: "exit 0" or "signal 9".
std::string to_string(const exit_status& status);

/// Owns a process: its own process group (with a terminal: its own session), stdout and stderr captured in
/// memory, never outliving the thread that spawned it (PR_SET_PDEATHSIG), killed with its group by the
/// destructor.
class process {
public:
    process() = default;
    /// Throws std::system_error when the program cannot be executed.
    explicit process(const process_options& options);
    ~process();
    process(process&& other) noexcept;
    process& operator=(process&& other) noexcept;

    ::pid_t pid() const noexcept { return pid_; }

    bool running();
    /// Nothing when it still runs at the deadline.
    std::optional<exit_status> wait(std::chrono::milliseconds deadline = patience);
    /// To the process alone, not to its group. Nothing happens when it has ended.
    void signal(int number);
    /// SIGTERM, at the deadline SIGKILL to the group. Returns how it ended; a second call returns the same.
    exit_status stop(std::chrono::milliseconds deadline = patience);
    /// SIGKILL to the group, and reaped.
    void kill();

    std::string out() const;
    std::string err() const;

private:
    ::pid_t pid_ = -1;
    std::optional<exit_status> status_;
    int out_ = -1;
    int err_ = -1;
};

/// SIGSTOP, and returns when each of its threads has stopped: the signal alone lets one of them answer once
/// more.
void freeze(::pid_t pid);

/// Gone, or a zombie: nobody may reap an orphan where the first process of a container is no init.
bool has_ended(::pid_t pid);

struct finished_process {
    exit_status status;
    std::string out;
    std::string err;
};

/// Runs a program to its end. Throws std::runtime_error when it does not end in time.
finished_process run(const process_options& options, std::chrono::milliseconds deadline = 60s);

} // namespace beastmark::testing
