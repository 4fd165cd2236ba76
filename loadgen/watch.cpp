#include "loadgen/watch.hpp"

#include "loadgen/secrets.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <unordered_set>
#include <utility>

#include <unistd.h>

namespace beastmark::loadgen {
namespace {

constexpr std::size_t command_length = 1'000;
constexpr double gap = std::numeric_limits<double>::quiet_NaN();

std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return std::nullopt;
    std::string content{std::istreambuf_iterator<char>(in), {}};
    if (in.bad())
        return std::nullopt;
    return content;
}

std::filesystem::path process_file(const std::filesystem::path& proc, pid_t pid, std::string_view name) {
    return proc / std::to_string(pid) / name;
}

/// What stands after "NAME:" at the start of a line, blanks cut off.
std::optional<std::string> read_field(const std::filesystem::path& path, std::string_view name) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':')
            continue;
        const std::size_t begin = line.find_first_not_of(" \t", name.size() + 1);
        return begin == std::string::npos ? std::string() : line.substr(begin);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> read_pss_bytes(const std::filesystem::path& proc, pid_t pid) {
    const auto field = read_field(process_file(proc, pid, "smaps_rollup"), "Pss");
    if (!field)
        return std::nullopt;
    std::uint64_t kib = 0;
    if (std::from_chars(field->data(), field->data() + field->size(), kib).ec != std::errc{})
        return std::nullopt;
    return kib * 1024;
}

struct resident {
    std::uint64_t bytes = 0;
    std::uint64_t shared_bytes = 0;
};

resident read_resident(const std::filesystem::path& proc, pid_t pid) {
    std::ifstream in(process_file(proc, pid, "statm"));
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    std::uint64_t shared = 0;
    if (!(in >> size >> pages >> shared))
        return {};
    static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return {pages * page_bytes, std::min(shared, pages) * page_bytes};
}

} // namespace

std::optional<process_stat> parse_process_stat(std::string_view line) {
    const std::size_t open = line.find('(');
    const std::size_t close = line.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return std::nullopt;
    process_stat stat;
    if (std::from_chars(line.data(), line.data() + open, stat.pid).ec != std::errc{})
        return std::nullopt;
    // proc(5): after the name come state(3) ppid(4) ... utime(14) stime(15) cutime(16) cstime(17) ...
    // starttime(22)
    std::istringstream rest{std::string(line.substr(close + 1))};
    std::string state;
    rest >> state >> stat.parent;
    for (int field = 5; field <= 13; ++field) {
        std::string ignored;
        rest >> ignored;
    }
    std::int64_t user = 0, system = 0, child_user = 0, child_system = 0, ignored = 0;
    rest >> user >> system >> child_user >> child_system;
    for (int field = 18; field <= 21; ++field)
        rest >> ignored;
    rest >> stat.started_ticks;
    if (!rest)
        return std::nullopt;
    stat.own_ticks = static_cast<std::uint64_t>(std::max<std::int64_t>(0, user + system));
    stat.reaped_ticks = static_cast<std::uint64_t>(std::max<std::int64_t>(0, child_user + child_system));
    return stat;
}

std::vector<process_stat> read_processes(const std::filesystem::path& proc) {
    std::vector<process_stat> processes;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(proc, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.empty() ||
            !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
            continue;
        if (const auto line = read_file(entry->path() / "stat"))
            if (const auto stat = parse_process_stat(*line))
                processes.push_back(*stat);
    }
    return processes;
}

namespace {

/// Appends them. False when the kernel does not tell.
bool read_children(const std::filesystem::path& proc, pid_t pid, std::vector<pid_t>& children) {
    std::error_code error;
    for (std::filesystem::directory_iterator thread(process_file(proc, pid, "task"), error), end;
         !error && thread != end; thread.increment(error)) {
        std::ifstream in(thread->path() / "children");
        if (!in && std::filesystem::exists(thread->path(), error)) // not one that has just ended
            return false;
        for (pid_t child = 0; in >> child;)
            children.push_back(child);
    }
    return true;
}

} // namespace

std::vector<process_stat> read_trees(const std::filesystem::path& proc, std::vector<pid_t> pids) {
    std::vector<process_stat> found;
    std::unordered_set<pid_t> met;
    while (!pids.empty()) {
        const pid_t pid = pids.back();
        pids.pop_back();
        if (!met.insert(pid).second)
            continue;
        const auto line = read_file(process_file(proc, pid, "stat"));
        const auto stat = line ? parse_process_stat(*line) : std::nullopt;
        if (!stat)
            continue;
        found.push_back(*stat);
        if (!read_children(proc, pid, pids))
            return read_processes(proc);
    }
    return found;
}

std::string read_cpus_allowed(const std::filesystem::path& proc, pid_t pid) {
    return read_field(process_file(proc, pid, "status"), "Cpus_allowed_list").value_or("");
}

std::string read_command(const std::filesystem::path& proc, pid_t pid) {
    const std::string words = read_file(process_file(proc, pid, "cmdline")).value_or("");
    std::string command;
    for (std::size_t at = 0; at < words.size();) {
        const auto end = std::min(words.find('\0', at), words.size());
        const std::string_view word(words.data() + at, end - at);
        // "-HCookie: x", "--header=Cookie: x", or the line alone; of loadgen as of other programs
        const bool secret = word.find(':') != word.npos && is_secret(header_name(word));
        command.append(secret ? without_value(word) : word).append(" ");
        at = end + 1;
    }
    while (command.ends_with(' '))
        command.pop_back();
    command = blank_passwords(command);
    if (command.size() > command_length)
        command.resize(command_length);
    return command;
}

std::string blank_passwords(std::string_view command) {
    std::string result(command);
    constexpr std::string_view key = "password=";
    for (std::size_t at = result.find(key); at != std::string::npos; at = result.find(key, at)) {
        at += key.size();
        const bool quoted = at < result.size() && result[at] == '\'';
        std::size_t end = quoted ? result.find('\'', at + 1) : result.find_first_of(" \t&'\"", at);
        end = end == std::string::npos ? result.size() : end + (quoted ? 1 : 0);
        result.replace(at, end - at, "***");
    }
    for (std::size_t at = result.find("://"); at != std::string::npos; at = result.find("://", at)) {
        at += 3;
        const std::size_t end = result.find_first_of("@/ \t", at);
        const std::size_t colon = result.find(':', at);
        if (end != std::string::npos && result[end] == '@' && colon < end)
            result.replace(colon + 1, end - colon - 1, "***");
    }
    return result;
}

void process_tree::adopt(const std::vector<process_stat>& processes,
                         std::unordered_map<pid_t, process_stat>& alive) const {
    std::unordered_multimap<pid_t, const process_stat*> children;
    std::vector<const process_stat*> pending;
    for (const process_stat& p : processes) {
        children.emplace(p.parent, &p);
        const auto known = members_.find(p.pid);
        const bool same = known != members_.end() && known->second.started_ticks == p.started_ticks;
        if (same || (!seen_ && p.pid == root_))
            pending.push_back(&p);
    }
    while (!pending.empty()) {
        const process_stat* p = pending.back();
        pending.pop_back();
        if (!alive.emplace(p->pid, *p).second)
            continue;
        const auto [begin, end] = children.equal_range(p->pid);
        for (auto child = begin; child != end; ++child)
            pending.push_back(child->second);
    }
}

std::optional<std::uint64_t> process_tree::update(const std::vector<process_stat>& processes) {
    std::unordered_map<pid_t, process_stat> alive;
    adopt(processes, alive);
    const bool first = !seen_;
    seen_ = seen_ || !alive.empty();

    const auto grown = [](std::uint64_t now, std::uint64_t before) {
        return now > before ? now - before : 0;
    };
    std::uint64_t used = 0;
    std::uint64_t reaped = 0;
    for (const auto& [pid, now] : alive) {
        const auto before = members_.find(pid);
        if (before == members_.end() || before->second.started_ticks != now.started_ticks) {
            used += now.own_ticks + now.reaped_ticks;
            continue;
        }
        used += grown(now.own_ticks, before->second.own_ticks);
        reaped += grown(now.reaped_ticks, before->second.reaped_ticks);
    }
    std::uint64_t already_counted = 0;
    for (const auto& [pid, before] : members_) {
        const auto now = alive.find(pid);
        if (now == alive.end() || now->second.started_ticks != before.started_ticks)
            already_counted += before.own_ticks + before.reaped_ticks;
    }
    members_ = std::move(alive);
    if (first || members_.empty())
        return std::nullopt;
    return used + grown(reaped, already_counted);
}

std::vector<pid_t> process_tree::members() const {
    std::vector<pid_t> pids;
    pids.reserve(members_.size());
    for (const auto& [pid, stat] : members_)
        pids.push_back(pid);
    return pids;
}

std::uint64_t read_memory_bytes(const std::filesystem::path& proc, const std::vector<pid_t>& pids) {
    std::uint64_t proportional = 0;
    bool all_readable = true;
    for (const pid_t pid : pids) {
        const auto pss = read_pss_bytes(proc, pid);
        if (!pss && read_resident(proc, pid).bytes > 0) { // no permission; a process just ended has neither
            all_readable = false;
            break;
        }
        proportional += pss.value_or(0);
    }
    if (all_readable)
        return proportional;
    std::uint64_t own = 0;
    std::uint64_t shared = 0;
    for (const pid_t pid : pids) {
        const resident r = read_resident(proc, pid);
        own += r.bytes - r.shared_bytes;
        shared = std::max(shared, r.shared_bytes);
    }
    return own + shared;
}

watched_process::watched_process(watch_spec spec, std::filesystem::path proc)
    : spec_(std::move(spec)),
      proc_(std::move(proc)),
      command_(read_command(proc_, spec_.pid)),
      cpus_(read_cpus_allowed(proc_, spec_.pid)),
      exists_(read_file(process_file(proc_, spec_.pid, "stat")).has_value()),
      tree_(spec_.pid) {}

double watched_process::memory_now() {
    using clock = std::chrono::steady_clock;
    using namespace std::chrono_literals;
    const auto begin = clock::now();
    if (begin < next_memory_pass_)
        return last_memory_bytes_;
    last_memory_bytes_ = static_cast<double>(read_memory_bytes(proc_, tree_.members()));
    const auto end = clock::now();
    next_memory_pass_ =
        end + std::min<clock::duration>(2000 * (end - begin), 10s) - 950ms; // cheap: each tick
    return last_memory_bytes_;
}

void watched_process::sample(double t_s, const std::vector<process_stat>& processes) {
    static const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const std::optional<std::uint64_t> used = tree_.update(processes);
    const std::optional<double> before = std::exchange(previous_t_s_, t_s);
    if (!before)
        return;
    t_s_.push_back(t_s);
    cpu_cores_.push_back(used && t_s > *before ? static_cast<double>(*used) / ticks_per_s / (t_s - *before)
                                               : gap);
    memory_bytes_.push_back(tree_.members().empty() ? gap : memory_now());
}

} // namespace beastmark::loadgen
