#include "common/process_metrics.hpp"

#include "common/prometheus_family.hpp"
#include "common/version.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace beastmark {

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
    std::ifstream in{"/proc/self/statm"};
    double total_pages = 0;
    double resident_pages = 0;
    in >> total_pages >> resident_pages;
    return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
    std::error_code failed;
    const std::filesystem::directory_iterator open{"/proc/self/fd", failed};
    // One of them is the iterator's own.
    return failed ? 0 : static_cast<double>(std::distance(begin(open), end(open)) - 1);
}

double descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<double>(limit.rlim_cur);
}

// Boot time in /proc/stat plus field 22 of /proc/self/stat (clock ticks after boot). proc(5).
double start_time_seconds() {
    std::ifstream stat{"/proc/stat"};
    double boot = 0;
    for (std::string key; stat >> key;) {
        if (key == "btime") {
            stat >> boot;
            break;
        }
    }
    std::ifstream self{"/proc/self/stat"};
    std::string line;
    std::getline(self, line);
    // The second field, the program's name, may hold spaces; it ends at the last parenthesis.
    std::istringstream fields{line.substr(std::min(line.rfind(')') + 1, line.size()))};
    std::string field;
    for (int number = 3; number < 22; ++number) {
        fields >> field;
    }
    double ticks = 0;
    fields >> ticks;
    return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

} // namespace

std::vector<prometheus::MetricFamily> process_collector::Collect() const {
    std::vector<prometheus::MetricFamily> families;
    families.push_back(
        single_counter("process_cpu_seconds_total", "User and system CPU time.", cpu_seconds()));
    families.push_back(single_gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes()));
    families.push_back(single_gauge("process_open_fds", "Open file descriptors.", open_descriptors()));
    families.push_back(
        single_gauge("process_max_fds", "Limit on open file descriptors.", descriptor_limit()));
    static const double started = start_time_seconds();
    families.push_back(
        single_gauge("process_start_time_seconds", "Start time since the Unix epoch.", started));

    const auto throttling = cgroup_.throttling().value_or(cgroup_throttling{});
    families.push_back(single_gauge("cgroup_cpu_limit_cores", "CPU quota in cores; 0 is unlimited.",
                                    cgroup_.cpu_limit_cores().value_or(0)));
    families.push_back(single_counter("cgroup_cpu_periods_total",
                                      "Elapsed enforcement periods of the CPU quota.",
                                      static_cast<double>(throttling.periods)));
    families.push_back(single_counter("cgroup_cpu_throttled_periods_total",
                                      "Periods in which the group was stopped.",
                                      static_cast<double>(throttling.throttled_periods)));
    families.push_back(single_counter("cgroup_cpu_throttled_seconds_total", "Time the group was stopped.",
                                      throttling.throttled_seconds));
    families.push_back(single_gauge("cgroup_memory_usage_bytes", "Memory charged to the control group.",
                                    static_cast<double>(cgroup_.memory_usage_bytes().value_or(0))));

    auto build = make_family("beastmark_build_info", "Always 1; the labels say what was built.",
                             prometheus::MetricType::Gauge);
    add_metric(build, {{"version", version()}, {"revision", revision()}}).gauge.value = 1;
    families.push_back(std::move(build));
    return families;
}

} // namespace beastmark
