#include "loadgen/probe.hpp"

#include "common/number.hpp"
#include "loadgen/cpu_placement.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

/// Takes the text up to the next blank or line end off `text`.
std::string_view take_field(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

/// "<time on a CPU> <time waiting for one> <number of times it got one>"
std::optional<thread_times> parse_schedstat(std::string_view text) noexcept {
    const auto cpu = parse_number<std::chrono::nanoseconds::rep>(take_field(text));
    const auto run_delay = parse_number<std::chrono::nanoseconds::rep>(take_field(text));
    if (!cpu || !run_delay || *cpu < 0 || *run_delay < 0)
        return std::nullopt;
    return thread_times{std::chrono::nanoseconds{*cpu}, std::chrono::nanoseconds{*run_delay}};
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
    timespec spent{};
    if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent) != 0)
        return {};
    return std::chrono::seconds{spent.tv_sec} + std::chrono::nanoseconds{spent.tv_nsec};
}

/// The lines "cpuN ..." come right after that of their sum, "cpu  ...". Malformed ones are left out.
std::unordered_map<unsigned, std::uint64_t> read_steal_ticks(const std::filesystem::path& stat) {
    std::unordered_map<unsigned, std::uint64_t> found;
    std::ifstream in(stat);
    for (std::string line; std::getline(in, line) && line.starts_with("cpu");) {
        std::string_view rest = std::string_view(line).substr(3);
        const auto cpu = parse_number<unsigned>(take_field(rest));
        for (int field = 0; field < 7; ++field) // proc(5): user nice system idle iowait irq softirq steal
            take_field(rest);
        const auto ticks = parse_number<std::uint64_t>(take_field(rest));
        if (cpu && ticks)
            found[*cpu] = *ticks;
    }
    return found;
}

} // namespace

thread_probe::thread_probe(const std::filesystem::path& schedstat)
    : file_(::open(schedstat.c_str(), O_RDONLY | O_CLOEXEC)) {}

thread_probe::~thread_probe() {
    if (file_ >= 0)
        ::close(file_);
}

thread_times thread_probe::read() const noexcept {
    std::array<char, 128> buffer; // three numbers of 20 digits at most
    const ssize_t length = file_ < 0 ? -1 : ::pread(file_, buffer.data(), buffer.size(), 0);
    thread_times times;
    if (length > 0)
        times = parse_schedstat({buffer.data(), static_cast<std::size_t>(length)}).value_or(thread_times{});
    // A thread that reads has run: zero means that the kernel was built or started without these figures.
    if (times.cpu == times.cpu.zero())
        times.cpu = thread_cpu_time();
    return times;
}

machine_probe::machine_probe(const std::filesystem::path& root) : machine_probe(root, allowed_cpus()) {}

machine_probe::machine_probe(const std::filesystem::path& root, std::vector<unsigned> cpus)
    : group_(root), stat_(root / "proc/stat"), cpus_(std::move(cpus)) {}

machine_evidence machine_probe::sample(std::chrono::steady_clock::time_point now) {
    static const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
    if (before_ && now <= before_->at)
        return {};
    counters current{now, std::nullopt, read_steal_ticks(stat_)};
    if (const auto throttling = group_.throttling())
        current.throttled_s = throttling->throttled_seconds;
    const std::optional<counters> before = std::exchange(before_, std::move(current));
    if (!before)
        return {};

    const double elapsed_s = std::chrono::duration<double>(now - before->at).count();
    machine_evidence seen;
    if (before->throttled_s && before_->throttled_s)
        seen.throttled_share = std::max(0.0, *before_->throttled_s - *before->throttled_s) / elapsed_s;
    if (!cpus_.empty()) {
        const double stolen_s = static_cast<double>(stolen_ticks(*before, *before_)) / ticks_per_s;
        seen.steal_share = std::min(1.0, stolen_s / (elapsed_s * static_cast<double>(cpus_.size())));
    }
    return seen;
}

std::uint64_t machine_probe::stolen_ticks(const counters& before, const counters& now) const {
    std::uint64_t stolen = 0;
    for (const unsigned cpu : cpus_) {
        const auto from = before.steal_ticks.find(cpu);
        const auto to = now.steal_ticks.find(cpu);
        if (from != before.steal_ticks.end() && to != now.steal_ticks.end() && to->second > from->second)
            stolen += to->second - from->second;
    }
    return stolen;
}

} // namespace beastmark::loadgen
