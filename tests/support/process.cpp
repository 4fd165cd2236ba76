#include "tests/support/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

std::system_error failure(const std::string& what) {
    return {errno, std::generic_category(), what};
}

/// Everything the child needs, prepared before fork: after it only async-signal-safe calls are allowed.
struct child_plan {
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
    const passwd* user = nullptr;
    ::pid_t parent = ::getpid();
    int out = -1;
    int err = -1;
    int report = -1;
};

std::string_view name_of(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const bool changed = std::any_of(changes.begin(), changes.end(), [&](const std::string& change) {
            return name_of(change) == name_of(*entry);
        });
        if (!changed)
            merged.emplace_back(*entry);
    }
    std::copy_if(changes.begin(), changes.end(), std::back_inserter(merged),
                 [](const std::string& change) { return change.find('=') != std::string::npos; });
    return merged;
}

[[noreturn]] void report_and_exit(int report) {
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
    ::_exit(127);
}

void become_user(const passwd& user, int report) {
    const gid_t group = user.pw_gid;
    if (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(user.pw_uid) != 0)
        report_and_exit(report);
}

[[noreturn]] void become_child(const process_options& options, const child_plan& plan) {
    if (options.terminal < 0)
        ::setpgid(0, 0);
    else if (::setsid() < 0 || ::ioctl(options.terminal, TIOCSCTTY, 0) != 0)
        report_and_exit(plan.report);
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (::dup2(plan.out, STDOUT_FILENO) < 0 || ::dup2(plan.err, STDERR_FILENO) < 0)
        report_and_exit(plan.report);
    const int in = options.terminal < 0 ? ::open("/dev/null", O_RDONLY) : options.terminal;
    if (in < 0 || ::dup2(in, STDIN_FILENO) < 0)
        report_and_exit(plan.report);
    ::close(in);
    // A socket of the test's that lived on in a child would not end when the test closes it.
    if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        report_and_exit(plan.report);
    if (options.descriptors) {
        const rlimit limit{*options.descriptors, *options.descriptors};
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
            report_and_exit(plan.report);
    }
    if (plan.user != nullptr)
        become_user(*plan.user, plan.report);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0)
        report_and_exit(plan.report);
    ::prctl(PR_SET_PDEATHSIG, options.death_signal); // after setuid, which clears it
    if (::getppid() != plan.parent)
        ::_exit(127); // the parent ended before prctl
    ::execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
    report_and_exit(plan.report);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const auto& string : strings)
        result.push_back(const_cast<char*>(string.c_str()));
    result.push_back(nullptr);
    return result;
}

std::string contents(int fd) {
    std::string text;
    char block[16384];
    for (;;) {
        const ssize_t got = ::pread(fd, block, sizeof block, static_cast<off_t>(text.size()));
        if (got <= 0)
            return text;
        text.append(block, static_cast<std::size_t>(got));
    }
}

} // namespace

std::string to_string(const exit_status& status) {
    return status.signal != 0 ? "signal " + std::to_string(status.signal)
                              : "exit " + std::to_string(status.code);
}

process::process(const process_options& options)
    : out_(::memfd_create("stdout", MFD_CLOEXEC)), err_(::memfd_create("stderr", MFD_CLOEXEC)) {
    child_plan plan;
    plan.environment = merged_environment(options.environment);
    plan.argv = pointers(options.arguments);
    plan.envp = pointers(plan.environment);
    plan.out = options.terminal < 0 ? out_ : options.terminal;
    plan.err = options.terminal < 0 ? err_ : options.terminal;
    if (!options.user.empty() && ::geteuid() == 0) {
        plan.user = ::getpwnam(options.user.c_str());
        if (plan.user == nullptr)
            throw std::runtime_error("no user " + options.user);
    }
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0)
        throw failure("pipe");
    plan.report = report[1];

    pid_ = ::fork();
    if (pid_ == 0)
        become_child(options, plan);
    ::close(report[1]);
    if (pid_ < 0) {
        ::close(report[0]);
        throw failure("fork");
    }
    int error = 0;
    const bool failed = ::read(report[0], &error, sizeof error) == sizeof error;
    ::close(report[0]);
    if (failed) {
        wait();
        throw std::system_error(error, std::generic_category(), "cannot run " + options.arguments.front());
    }
}

process::~process() {
    kill();
    if (out_ >= 0)
        ::close(out_);
    if (err_ >= 0)
        ::close(err_);
}

process::process(process&& other) noexcept {
    *this = std::move(other);
}

process& process::operator=(process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    std::swap(out_, other.out_);
    std::swap(err_, other.err_);
    return *this;
}

bool process::running() {
    return pid_ > 0 && !wait(0ms);
}

std::optional<exit_status> process::wait(std::chrono::milliseconds deadline) {
    if (pid_ <= 0 || status_)
        return status_;
    wait_until(
        [&] {
            int raw = 0;
            if (::waitpid(pid_, &raw, WNOHANG) != pid_)
                return false;
            status_ = WIFEXITED(raw) ? exit_status{WEXITSTATUS(raw), 0} : exit_status{-1, WTERMSIG(raw)};
            return true;
        },
        deadline, 2ms);
    return status_;
}

void process::signal(int number) {
    if (running())
        ::kill(pid_, number);
}

exit_status process::stop(std::chrono::milliseconds deadline) {
    signal(SIGTERM);
    if (!wait(deadline))
        kill();
    return status_.value_or(exit_status{});
}

void process::kill() {
    if (pid_ <= 0)
        return;
    ::kill(-pid_, SIGKILL); // the group too: a child of a finished process may live on
    wait();
}

std::string process::out() const {
    return contents(out_);
}

std::string process::err() const {
    return contents(err_);
}

namespace {

bool all_threads_stopped(::pid_t pid) {
    std::error_code gone;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
        std::ifstream file(thread.path() / "stat");
        const std::string stat{std::istreambuf_iterator<char>(file), {}};
        const auto name_end = stat.rfind(')'); // the state is the next field: T stopped, Z and X ended
        if (name_end != std::string::npos &&
            std::string("TtZX").find(stat[name_end + 2]) == std::string::npos)
            return false;
    }
    return true;
}

} // namespace

void freeze(::pid_t pid) {
    ::kill(pid, SIGSTOP);
    if (!wait_until([&] { return all_threads_stopped(pid); }))
        throw std::runtime_error("process " + std::to_string(pid) + " does not stop");
}

bool has_ended(::pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string id;
    std::string name;
    std::string state;
    return !(status >> id >> name >> state) || state == "Z" || state == "X";
}

finished_process run(const process_options& options, std::chrono::milliseconds deadline) {
    process child(options);
    const auto status = child.wait(deadline);
    if (!status)
        throw std::runtime_error(options.arguments.front() + " did not end in time; stderr: " + child.err());
    return {*status, child.out(), child.err()};
}

} // namespace beastmark::testing
