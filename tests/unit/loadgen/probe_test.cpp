#include "loadgen/probe.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

static_assert(!std::is_copy_constructible_v<thread_probe> && !std::is_copy_assignable_v<thread_probe>);
static_assert(std::is_nothrow_invocable_v<decltype(&thread_probe::read), const thread_probe&>);

/// A tree that stands for "/", removed at the end.
class probe_tree : public testing::Test {
protected:
    probe_tree() {
        std::string name = testing::TempDir() + "probe_XXXXXX";
        root_ = ::mkdtemp(name.data());
    }

    ~probe_tree() override { std::filesystem::remove_all(root_); }

    /// Keeps the file if there is one, so that who has it open sees the change.
    std::filesystem::path write(const std::string& path, const std::string& content) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << content;
        return root_ / path;
    }

    std::filesystem::path root_;
};

class schedstat_file : public probe_tree {
protected:
    /// What a probe makes of a file of this content.
    thread_times read(const std::string& content) const {
        return thread_probe(write("schedstat", content)).read();
    }
};

/// Steal of CPU 0, 1, ... in ticks.
std::string stat_of(const std::vector<std::string>& steal) {
    std::string text = "cpu  9001 9002 9003 9004 9005 9006 9007 9008 9009 9010\n";
    for (std::size_t cpu = 0; cpu < steal.size(); ++cpu)
        text += "cpu" + std::to_string(cpu) + " 101 102 103 104 105 106 107 " + steal[cpu] + " 109 110\n";
    return text + "intr 12345 0 9\nctxt 77\nbtime 1700000000\n";
}

class machine : public probe_tree {
protected:
    void steal(const std::vector<std::string>& ticks) const { write("proc/stat", stat_of(ticks)); }

    const std::string tick_ = std::to_string(::sysconf(_SC_CLK_TCK) / 10); // of a tenth of a second
    const time_point start_{1h};
};

class cgroup_v2 : public machine {
protected:
    cgroup_v2() {
        write("proc/self/cgroup", "0::/box\n");
        write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        write("sys/fs/cgroup/box/cpu.weight", "100\n");
    }

    void throttled(const std::string& usec) const {
        write("sys/fs/cgroup/box/cpu.stat",
              "usage_usec 100\nnr_periods 12\nnr_throttled 3\nthrottled_usec " + usec + "\n");
    }
};

class cgroup_v1 : public machine {
protected:
    cgroup_v1() {
        write("proc/self/cgroup", "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n");
        write("sys/fs/cgroup/cpu,cpuacct/box/cpu.shares", "1024\n");
    }

    void throttled(const std::string& nsec) const {
        write("sys/fs/cgroup/cpu,cpuacct/box/cpu.stat",
              "nr_periods 12\nnr_throttled 3\nthrottled_time " + nsec + "\n");
    }
};

nanoseconds clock_of_this_thread() {
    timespec spent{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::chrono::seconds(spent.tv_sec) + nanoseconds(spent.tv_nsec);
}

void burn(nanoseconds cpu) {
    const auto end = clock_of_this_thread() + cpu;
    while (clock_of_this_thread() < end) {
    }
}

bool near(nanoseconds a, nanoseconds b) {
    return a - b < 25ms && b - a < 25ms; // a tick of 10 ms at either end
}

/// Does this kernel count?
bool has_schedstat() {
    std::ifstream in("/proc/thread-self/schedstat");
    std::uint64_t cpu = 0;
    std::uint64_t run_delay = 0;
    std::uint64_t turns = 0;
    return in >> cpu >> run_delay >> turns && turns > 0;
}

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

bool run_on(unsigned cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

// --- thread_probe

TEST(thread_probe, the_cpu_time_of_a_busy_thread_grows_like_its_clock) {
    std::thread([] {
        const thread_probe probe;
        const auto clock_before = clock_of_this_thread();
        const auto before = probe.read();
        burn(150ms);
        const auto after = probe.read();
        EXPECT_PRED2(near, after.cpu - before.cpu, clock_of_this_thread() - clock_before);
        EXPECT_PRED2(near, after.cpu, clock_of_this_thread());
        EXPECT_GE(after.run_delay, before.run_delay);
    }).join();
}

TEST(thread_probe, other_threads_and_sleep_do_not_count) {
    const thread_probe probe;
    const auto before = probe.read();
    std::thread([] { burn(100ms); }).join();
    std::this_thread::sleep_for(100ms);
    EXPECT_LT(probe.read().cpu - before.cpu, 50ms);
}

TEST(thread_probe, a_thread_that_shares_its_cpu_is_delayed) {
    if (!has_schedstat())
        GTEST_SKIP() << "this kernel keeps no run-queue delay (/proc/thread-self/schedstat)";
    std::atomic<bool> rival_runs = false;
    std::atomic<bool> done = false;
    const auto cpu = static_cast<unsigned>(::sched_getcpu());
    std::thread rival([&] {
        run_on(cpu);
        rival_runs = true;
        while (!done) {
        }
    });
    std::thread([&] {
        run_on(cpu);
        while (!rival_runs)
            std::this_thread::yield();
        const thread_probe probe;
        const auto before = probe.read();
        burn(150ms);
        EXPECT_GT(probe.read().run_delay - before.run_delay, 20ms);
    }).join();
    done = true;
    rival.join();
}

TEST(thread_probe, keeps_one_descriptor_and_gives_it_back) {
    const auto before = open_descriptors();
    {
        const thread_probe probe;
        for (int i = 0; i < 10; ++i)
            probe.read();
        EXPECT_LE(open_descriptors(), before + 1);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(schedstat_file, the_first_two_fields_are_nanoseconds) {
    const auto times = read("123456789012 345678 91\n");
    EXPECT_EQ(times.cpu, 123456789012ns);
    EXPECT_EQ(times.run_delay, 345678ns);
    EXPECT_EQ(read("7 8").run_delay, 8ns) << "only two are needed";
}

TEST_F(schedstat_file, is_read_anew_each_time) {
    const auto file = write("schedstat", "5000 10 1\n");
    const thread_probe probe(file);
    EXPECT_EQ(probe.read().cpu, 5000ns);
    write("schedstat", "15000 60 2\n");
    EXPECT_EQ(probe.read().cpu, 15000ns);
    EXPECT_EQ(probe.read().run_delay, 60ns);
}

TEST_F(schedstat_file, the_largest_figures_fit) {
    const auto most = std::to_string(std::numeric_limits<std::int64_t>::max());
    const auto times = read(most + " " + most + " 18446744073709551615\n");
    EXPECT_EQ(times.cpu, nanoseconds::max());
    EXPECT_EQ(times.run_delay, nanoseconds::max());
}

TEST_F(schedstat_file, garbage_gives_the_clock_of_the_thread_and_no_delay) {
    for (const std::string content : {"", "\n", " ", "1000", "1000\n", "x y z\n", "1000 y 3\n", "x 1000 3\n",
                                      "-5 1000 3\n", "1000 -5 3\n", "10.5 7 3\n", "1000 7x 3\n",
                                      "18446744073709551615 7 3\n", "1000 99999999999999999999 3\n"}) {
        const auto times = read(content);
        EXPECT_PRED2(near, times.cpu, clock_of_this_thread()) << content;
        EXPECT_GT(times.cpu, 1000ns) << content;
        EXPECT_EQ(times.run_delay, 0ns) << content;
    }
    EXPECT_EQ(read(std::string(4'096, '1')).run_delay, 0ns) << "longer than any such file";
}

TEST_F(schedstat_file, a_kernel_that_does_not_count_writes_zeros) {
    const auto times = read("0 0 0\n");
    EXPECT_GT(times.cpu, 0ns);
    EXPECT_PRED2(near, times.cpu, clock_of_this_thread());
    EXPECT_EQ(times.run_delay, 0ns);
}

TEST_F(schedstat_file, a_missing_file_or_a_folder_gives_the_clock_of_the_thread) {
    const auto descriptors = open_descriptors();
    for (const auto& path : {root_ / "none", root_, std::filesystem::path()}) {
        const thread_probe probe(path);
        burn(1ms);
        EXPECT_GE(probe.read().cpu, 1ms);
        EXPECT_PRED2(near, probe.read().cpu, clock_of_this_thread());
        EXPECT_EQ(probe.read().run_delay, 0ns);
    }
    EXPECT_EQ(open_descriptors(), descriptors);
}

// --- machine_probe: throttling

TEST_F(cgroup_v2, throttled_time_is_a_share_of_the_time_since_the_sample_before) {
    machine_probe probe(root_, {0});
    throttled("4000000");
    EXPECT_EQ(probe.sample(start_).throttled_share, 0) << "the first is the baseline";
    throttled("4250000");
    EXPECT_NEAR(probe.sample(start_ + 1s).throttled_share, 0.25, 1e-9);
    throttled("4350000");
    EXPECT_NEAR(probe.sample(start_ + 3s).throttled_share, 0.05, 1e-9);
    EXPECT_EQ(probe.sample(start_ + 4s).throttled_share, 0);
}

TEST_F(cgroup_v2, throttled_time_of_several_threads_may_pass_the_time) {
    machine_probe probe(root_, {0});
    throttled("0");
    probe.sample(start_);
    throttled("1500000");
    EXPECT_NEAR(probe.sample(start_ + 1s).throttled_share, 1.5, 1e-9);
}

TEST_F(cgroup_v2, a_throttling_counter_that_steps_back_gives_zero_and_is_the_new_baseline) {
    machine_probe probe(root_, {0});
    throttled("900000");
    probe.sample(start_);
    throttled("100000");
    EXPECT_EQ(probe.sample(start_ + 1s).throttled_share, 0);
    throttled("300000");
    EXPECT_NEAR(probe.sample(start_ + 2s).throttled_share, 0.2, 1e-9);
}

TEST_F(cgroup_v2, figures_that_appear_later_do_not_count_from_zero) {
    machine_probe probe(root_, {0});
    probe.sample(start_);
    throttled("900000");
    EXPECT_EQ(probe.sample(start_ + 1s).throttled_share, 0);
    write("sys/fs/cgroup/box/cpu.stat", "garbage here\n");
    EXPECT_EQ(probe.sample(start_ + 2s).throttled_share, 0);
    throttled("1000000");
    EXPECT_EQ(probe.sample(start_ + 3s).throttled_share, 0);
    throttled("1100000");
    EXPECT_NEAR(probe.sample(start_ + 4s).throttled_share, 0.1, 1e-9);
}

TEST_F(cgroup_v2, without_time_passed_there_is_no_share_and_nothing_is_lost) {
    machine_probe probe(root_, {0});
    throttled("0");
    steal({"0"});
    probe.sample(start_);
    throttled("500000");
    steal({tick_});
    for (const auto& now : {start_, start_ - 1s}) {
        const auto seen = probe.sample(now);
        EXPECT_EQ(seen.throttled_share, 0);
        EXPECT_EQ(seen.steal_share, 0);
    }
    const auto seen = probe.sample(start_ + 1s);
    EXPECT_NEAR(seen.throttled_share, 0.5, 1e-9);
    EXPECT_NEAR(seen.steal_share, 0.1, 1e-9);
}

TEST_F(cgroup_v1, throttled_time_is_in_nanoseconds) {
    machine_probe probe(root_, {0});
    throttled("1000000000");
    EXPECT_EQ(probe.sample(start_).throttled_share, 0);
    throttled("1250000000");
    EXPECT_NEAR(probe.sample(start_ + 500ms).throttled_share, 0.5, 1e-9);
    throttled("0");
    EXPECT_EQ(probe.sample(start_ + 1s).throttled_share, 0);
}

TEST_F(cgroup_v1, throttling_and_steal_are_told_apart) {
    machine_probe probe(root_, {0});
    throttled("0");
    steal({"0"});
    probe.sample(start_);
    throttled("300000000");
    steal({tick_});
    const auto seen = probe.sample(start_ + 1s);
    EXPECT_NEAR(seen.throttled_share, 0.3, 1e-9);
    EXPECT_NEAR(seen.steal_share, 0.1, 1e-9);
}

// --- machine_probe: steal

TEST_F(machine, steal_is_a_share_of_the_time_since_the_sample_before) {
    machine_probe probe(root_, {0});
    steal({tick_});
    EXPECT_EQ(probe.sample(start_).steal_share, 0) << "the first is the baseline";
    EXPECT_EQ(probe.sample(start_ + 1s).steal_share, 0);
    steal({tick_ + "0"}); // ten tenths: 0.9 s more
    EXPECT_NEAR(probe.sample(start_ + 4s).steal_share, 0.3, 1e-9);
}

TEST_F(machine, steal_of_two_cpus_is_a_share_of_both) {
    machine_probe probe(root_, {0, 1});
    steal({"0", "0"});
    probe.sample(start_);
    steal({tick_, "0"});
    EXPECT_NEAR(probe.sample(start_ + 1s).steal_share, 0.05, 1e-9);
    steal({tick_ + "0", tick_});
    EXPECT_NEAR(probe.sample(start_ + 2s).steal_share, 0.5, 1e-9);
}

TEST_F(machine, cpus_not_allowed_are_ignored) {
    machine_probe probe(root_, {1});
    steal({"0", "0", "0"});
    probe.sample(start_);
    steal({"900", tick_, "900"});
    EXPECT_NEAR(probe.sample(start_ + 1s).steal_share, 0.1, 1e-9);
}

TEST_F(machine, a_cpu_of_two_digits_is_not_taken_for_one_of_one) {
    std::vector<std::string> ticks(13, "0");
    machine_probe one(root_, {1});
    machine_probe twelve(root_, {12});
    steal(ticks);
    one.sample(start_);
    twelve.sample(start_);
    ticks[12] = tick_;
    steal(ticks);
    EXPECT_EQ(one.sample(start_ + 1s).steal_share, 0);
    EXPECT_NEAR(twelve.sample(start_ + 1s).steal_share, 0.1, 1e-9);
}

TEST_F(machine, a_steal_counter_that_steps_back_does_not_hide_that_of_another_cpu) {
    machine_probe probe(root_, {0, 1});
    steal({"5000", "0"});
    probe.sample(start_);
    steal({"4000", tick_});
    EXPECT_NEAR(probe.sample(start_ + 1s).steal_share, 0.05, 1e-9);
    steal({"3000", "0"});
    EXPECT_EQ(probe.sample(start_ + 2s).steal_share, 0);
}

TEST_F(machine, a_steal_counter_that_jumps_takes_all_the_time_at_most) {
    machine_probe probe(root_, {0});
    steal({"0"});
    probe.sample(start_);
    steal({"18446744073709551615"});
    EXPECT_EQ(probe.sample(start_ + 1s).steal_share, 1);
}

TEST_F(machine, a_cpu_that_comes_or_goes_counts_as_idle_meanwhile) {
    machine_probe probe(root_, {0, 1});
    steal({"0", "700"});
    probe.sample(start_);
    steal({tick_});
    EXPECT_NEAR(probe.sample(start_ + 1s).steal_share, 0.05, 1e-9);
    steal({tick_, "900"});
    EXPECT_EQ(probe.sample(start_ + 2s).steal_share, 0);
}

TEST_F(machine, garbage_gives_zero) {
    for (const std::string content :
         {"", "\n", "cpu\n", "cpu0\n", "cpu0 1 2 3\n", "cpu0 1 2 3 4 5 6 7 x 9\n",
          "cpu0 1 2 3 4 5 6 7 -800\n", "cpu0 1 2 3 4 5 6 7 99999999999999999999 9\n",
          "cpux 1 2 3 4 5 6 7 800\n", "cpu  0 1 2 3 4 5 6 7 800\n", "intr 0 1\ncpu0 1 2 3 4 5 6 7 800\n"}) {
        machine_probe probe(root_, {0});
        steal({"0"});
        probe.sample(start_);
        write("proc/stat", content);
        EXPECT_EQ(probe.sample(start_ + 1s).steal_share, 0) << content;
        steal({"900"});
        EXPECT_EQ(probe.sample(start_ + 2s).steal_share, 0) << content;
    }
}

TEST_F(machine, missing_files_give_zeros) {
    machine_probe probe(root_, {0, 1});
    machine_probe of_this_process(root_);
    for (const auto& now : {start_, start_ + 1s, start_ + 2s}) {
        for (machine_probe* each : {&probe, &of_this_process}) {
            const auto seen = each->sample(now);
            EXPECT_EQ(seen.throttled_share, 0);
            EXPECT_EQ(seen.steal_share, 0);
        }
    }
}

TEST_F(machine, without_any_cpu_known_there_is_no_steal) {
    machine_probe probe(root_, {});
    steal({"0"});
    probe.sample(start_);
    steal({"900"});
    EXPECT_EQ(probe.sample(start_ + 1s).steal_share, 0);
}

TEST_F(machine, the_cpus_are_those_of_the_process) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ASSERT_EQ(::sched_getaffinity(::getpid(), sizeof allowed, &allowed), 0);
    std::vector<std::string> ticks(CPU_SETSIZE, "0");
    machine_probe probe(root_);
    steal(ticks);
    probe.sample(start_);
    for (std::size_t cpu = 0; cpu < ticks.size(); ++cpu)
        ticks[cpu] = CPU_ISSET(cpu, &allowed) ? tick_ : "900";
    steal(ticks);
    EXPECT_NEAR(probe.sample(start_ + 1s).steal_share, 0.1, 1e-9);
}

TEST(machine_probe, shares_of_this_machine_are_shares) {
    machine_probe probe;
    const auto first = probe.sample(std::chrono::steady_clock::now());
    EXPECT_EQ(first.throttled_share, 0);
    EXPECT_EQ(first.steal_share, 0);
    burn(50ms);
    const auto seen = probe.sample(std::chrono::steady_clock::now());
    EXPECT_GE(seen.throttled_share, 0);
    EXPECT_GE(seen.steal_share, 0);
    EXPECT_LE(seen.steal_share, 1);
}

} // namespace
} // namespace beastmark::loadgen
