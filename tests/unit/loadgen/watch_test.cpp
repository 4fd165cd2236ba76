#include "loadgen/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <map>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using testing::UnorderedElementsAre;

/// A folder that stands for /proc.
class watch_tree : public testing::Test {
protected:
    watch_tree() {
        std::string name = testing::TempDir() + "watch_XXXXXX";
        root_ = ::mkdtemp(name.data());
    }

    ~watch_tree() override { std::filesystem::remove_all(root_); }

    void write(pid_t pid, const std::string& file, const std::string& content) {
        const auto path = root_ / std::to_string(pid) / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }

    void write_stat(pid_t pid, pid_t parent, int user, int system, int child_user = 0, int started = 1) {
        write(pid, "stat",
              std::to_string(pid) + " (a (b) c) S " + std::to_string(parent) + " 1 1 0 -1 4194304 1 2 3 4 " +
                  std::to_string(user) + " " + std::to_string(system) + " " + std::to_string(child_user) +
                  " 0 20 0 1 0 " + std::to_string(started) + " 1000 10 0\n");
        parents_[pid] = parent;
    }

    void remove(pid_t pid) {
        std::filesystem::remove_all(root_ / std::to_string(pid));
        parents_.erase(pid);
    }

    std::filesystem::path root_;
    std::map<pid_t, pid_t> parents_;
};

/// Of a kernel that lists a thread's children or one that does not.
class watch_processes : public watch_tree, public testing::WithParamInterface<bool> {
protected:
    /// What is found of the tree and its processes.
    std::vector<process_stat> processes_of(const process_tree& tree) {
        for (const auto& [pid, parent] : parents_) {
            const auto thread = "task/" + std::to_string(pid);
            write(pid, thread + "/stat", "");
            if (GetParam()) {
                write(pid, thread + "/children", children_of(pid));
                write(pid, "task/" + std::to_string(pid + 1000) + "/children", ""); // another thread
            }
        }
        return read_trees(root_, tree.roots());
    }

private:
    std::string children_of(pid_t parent) const {
        std::string children;
        for (const auto& [pid, its_parent] : parents_)
            if (its_parent == parent)
                children += std::to_string(pid) + ' ';
        return children;
    }
};

INSTANTIATE_TEST_SUITE_P(children, watch_processes, testing::Bool(),
                         [](const auto& how) { return how.param ? "are_listed" : "are_looked_for"; });

TEST_F(watch_tree, reads_stat_with_any_process_name) {
    write_stat(7, 3, 20, 5, 2, 99);
    write(1, "stat", "no process");
    std::filesystem::create_directories(root_ / "sys");
    const auto processes = read_processes(root_);
    ASSERT_EQ(processes.size(), 1U);
    EXPECT_EQ(processes[0].pid, 7);
    EXPECT_EQ(processes[0].parent, 3);
    EXPECT_EQ(processes[0].own_ticks, 25U);
    EXPECT_EQ(processes[0].reaped_ticks, 2U);
    EXPECT_EQ(processes[0].started_ticks, 99U);
}

TEST_P(watch_processes, counts_the_process_and_its_descendants_only) {
    process_tree tree(10);
    write_stat(1, 0, 1000, 0);
    write_stat(10, 1, 50, 0);
    write_stat(11, 10, 5, 0);
    write_stat(12, 11, 5, 0);
    write_stat(20, 1, 900, 0);
    EXPECT_FALSE(tree.update(processes_of(tree))) << "the first sight is the baseline";
    EXPECT_THAT(tree.members(), UnorderedElementsAre(10, 11, 12));
    write_stat(10, 1, 60, 0);
    write_stat(12, 11, 25, 3);
    write_stat(20, 1, 2000, 0);
    EXPECT_EQ(tree.update(processes_of(tree)), 10U + 23U);
}

TEST_P(watch_processes, a_child_that_ends_is_counted_once) {
    process_tree tree(10);
    write_stat(10, 1, 100, 0, 0);
    write_stat(11, 10, 500, 0);
    tree.update(processes_of(tree));
    remove(11); // used 30 more, then ended and was waited for
    write_stat(10, 1, 101, 0, 530);
    EXPECT_EQ(tree.update(processes_of(tree)), 1U + 30U);
}

TEST_P(watch_processes, a_child_that_lived_between_two_samples_is_counted) {
    process_tree tree(10);
    write_stat(10, 1, 100, 0, 0);
    tree.update(processes_of(tree));
    write_stat(10, 1, 100, 0, 8);
    EXPECT_EQ(tree.update(processes_of(tree)), 8U);
}

TEST_P(watch_processes, a_child_that_nobody_waits_for_never_makes_it_negative) {
    process_tree tree(10);
    write_stat(10, 1, 100, 0);
    write_stat(11, 10, 500, 0);
    tree.update(processes_of(tree));
    remove(11);
    write_stat(10, 1, 102, 0);
    EXPECT_EQ(tree.update(processes_of(tree)), 2U);
}

TEST_P(watch_processes, a_descendant_is_followed_when_its_parent_ended) {
    process_tree tree(10);
    write_stat(10, 1, 100, 0);
    write_stat(11, 10, 10, 0);
    write_stat(12, 11, 10, 0);
    tree.update(processes_of(tree));
    remove(11);
    write_stat(12, 1, 14, 0);
    write_stat(10, 1, 100, 0, 10);
    EXPECT_EQ(tree.update(processes_of(tree)), 4U);
    write_stat(13, 12, 3, 0, 0, 50);
    EXPECT_EQ(tree.update(processes_of(tree)), 3U);
}

TEST_P(watch_processes, only_a_kernel_that_lists_no_children_is_asked_for_all_processes) {
    write_stat(10, 1, 100, 0);
    write_stat(11, 10, 10, 0);
    write_stat(20, 1, 10, 0);
    const process_tree tree(10);
    EXPECT_EQ(processes_of(tree).size(), GetParam() ? 2U : 3U);
}

TEST_P(watch_processes, a_process_id_used_again_is_another_process) {
    process_tree tree(10);
    write_stat(10, 1, 100, 0, 0, 1);
    tree.update(processes_of(tree));
    write_stat(10, 1, 900, 0, 0, 77);
    EXPECT_FALSE(tree.update(processes_of(tree)));
    EXPECT_TRUE(tree.members().empty());
}

TEST_F(watch_tree, memory_is_the_sum_of_proportional_sizes) {
    write(1, "smaps_rollup",
          "55d0-7ffe ---p 0 00:00 0 [rollup]\nRss:  900 kB\nPss:     100 kB\nPss_Dirty: 7 kB\n");
    write(2, "smaps_rollup", "Rss:  900 kB\nPss:  50 kB\n");
    EXPECT_EQ(read_memory_bytes(root_, {1, 2, 3}), 150U * 1024U) << "3 has just ended";
}

TEST_F(watch_tree, memory_without_permission_counts_the_shared_part_once) {
    write(1, "smaps_rollup", "Pss: 100 kB\n");
    write(1, "statm", "5000 100 80 1 0 1 0\n");
    write(2, "statm", "5000 130 90 1 0 1 0\n");
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_EQ(read_memory_bytes(root_, {1, 2}), (20U + 40U + 90U) * page);
}

TEST_F(watch_tree, samples_columns_with_gaps_where_the_process_is_gone) {
    write_stat(10, 1, 100, 0);
    write(10, "smaps_rollup", "Pss: 4 kB\n");
    write(10, "cmdline",
          std::string("ingest\0--port\0"
                      "8180\0",
                      19));
    write(10, "status", "Name:\tingest\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n");
    watched_process process({"ingest", 10}, root_);
    ASSERT_TRUE(process.exists());
    EXPECT_EQ(process.command(), "ingest --port 8180");
    EXPECT_EQ(process.cpus(), "0-1");
    process.sample(0, read_trees(root_, process.roots()));
    const auto ticks = static_cast<int>(::sysconf(_SC_CLK_TCK));
    write_stat(10, 1, 100 + 3 * ticks, 0);
    process.sample(2, read_trees(root_, process.roots()));
    remove(10);
    process.sample(3, read_trees(root_, process.roots()));
    EXPECT_EQ(process.t_s(), (std::vector<double>{2, 3}));
    EXPECT_DOUBLE_EQ(process.cpu_cores()[0], 1.5);
    EXPECT_DOUBLE_EQ(process.memory_bytes()[0], 4096);
    EXPECT_TRUE(std::isnan(process.cpu_cores()[1]));
    EXPECT_TRUE(std::isnan(process.memory_bytes()[1]));
}

TEST_F(watch_tree, a_process_that_is_not_there_does_not_exist) {
    EXPECT_FALSE(watched_process({"x", 4242}, root_).exists());
}

TEST(watch, sees_this_very_process_and_its_child) {
    const std::filesystem::path proc = "/proc";
    process_tree tree(::getpid());
    const pid_t child = ::fork();
    if (child == 0)
        ::pause();
    tree.update(read_trees(proc, tree.roots()));
    EXPECT_THAT(tree.members(), UnorderedElementsAre(::getpid(), child));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_GT(read_memory_bytes(proc, {::getpid()}), 100'000U);
    EXPECT_FALSE(read_cpus_allowed(proc, ::getpid()).empty());
    EXPECT_THAT(read_command(proc, ::getpid()), testing::HasSubstr("test"));
}

TEST_F(watch_tree, a_command_does_not_tell_the_values_of_secret_headers) {
    using namespace std::string_literals;
    write(10, "cmdline",
          "loadgen\0-H\0Authorization: Bearer x\0-HCookie: x\0--header=X-Api-Key:x\0-H\0Accept: y\0"
          "http://token/\0"s);
    EXPECT_EQ(read_command(root_, 10), "loadgen -H Authorization: *** -HCookie: *** --header=X-Api-Key: *** "
                                       "-H Accept: y http://token/");
}

TEST(watch, passwords_of_a_command_line_are_blanked) {
    EXPECT_EQ(blank_passwords("ingest --postgres host=db password=s3cret user=x"),
              "ingest --postgres host=db password=*** user=x");
    EXPECT_EQ(blank_passwords("p 'password='a b' x'"), "p 'password=*** x'");
    EXPECT_EQ(blank_passwords("p postgresql://me:s3cret@db/x http://h/a:b@c"),
              "p postgresql://me:***@db/x http://h/a:b@c");
    EXPECT_EQ(blank_passwords("password="), "password=***");
}

} // namespace
} // namespace beastmark::loadgen
