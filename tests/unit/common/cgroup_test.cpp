#include "common/cgroup.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include <unistd.h>

namespace beastmark {
namespace {

namespace fs = std::filesystem;

// A tree that stands for "/", removed at the end.
class fixture_tree : public testing::Test {
protected:
    fixture_tree() {
        std::string pattern = (fs::temp_directory_path() / "cgroup-XXXXXX").string();
        root = mkdtemp(pattern.data());
    }

    ~fixture_tree() override { fs::remove_all(root); }

    void write(const std::string& path, const std::string& text) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream{root / path} << text;
    }

    fs::path root;
};

using cgroup_v2 = fixture_tree;
using cgroup_v1 = fixture_tree;

TEST_F(cgroup_v2, a_quota_is_its_share_of_the_period) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    write("sys/fs/cgroup/cpu.max", "150000 100000\n");
    EXPECT_EQ(cgroup{root}.cpu_limit_cores(), 1.5);
}

TEST_F(cgroup_v2, max_is_unlimited) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    write("sys/fs/cgroup/cpu.max", "max 100000\n");
    EXPECT_EQ(cgroup{root}.cpu_limit_cores(), std::nullopt);
}

TEST_F(cgroup_v2, the_tightest_of_the_groups_above_counts) {
    write("proc/self/cgroup", "0::/pods/pod7/app\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    write("sys/fs/cgroup/pods/cpu.max", "800000 100000\n");
    write("sys/fs/cgroup/pods/pod7/cpu.max", "50000 100000\n");
    write("sys/fs/cgroup/pods/pod7/app/cpu.max", "max 100000\n");
    EXPECT_EQ(cgroup{root}.cpu_limit_cores(), 0.5);
}

TEST_F(cgroup_v2, a_container_that_sees_its_group_as_the_root_is_read_there) {
    write("proc/self/cgroup", "0::/kubepods/burstable/pod1/abc\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    write("sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_EQ(cgroup{root}.cpu_limit_cores(), 2.0);
}

TEST_F(cgroup_v2, throttling_and_memory) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    write("sys/fs/cgroup/cpu.stat", "usage_usec 100\nuser_usec 60\nsystem_usec 40\nnr_periods "
                                    "12\nnr_throttled 3\nthrottled_usec 2500000\n");
    write("sys/fs/cgroup/memory.current", "1048576\n");
    const auto throttling = cgroup{root}.throttling();
    ASSERT_TRUE(throttling);
    EXPECT_EQ(throttling->periods, 12U);
    EXPECT_EQ(throttling->throttled_periods, 3U);
    EXPECT_DOUBLE_EQ(throttling->throttled_seconds, 2.5);
    EXPECT_EQ(cgroup{root}.memory_usage_bytes(), 1048576U);
}

TEST_F(cgroup_v2, throttling_by_a_group_above_counts) {
    write("proc/self/cgroup", "0::/pods/pod7/app\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    write("sys/fs/cgroup/pods/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
    write("sys/fs/cgroup/pods/pod7/cpu.stat", "nr_periods 40\nnr_throttled 9\nthrottled_usec 700000\n");
    write("sys/fs/cgroup/pods/pod7/app/cpu.stat", "nr_periods 50\nnr_throttled 1\nthrottled_usec 100000\n");
    const auto throttling = cgroup{root}.throttling();
    ASSERT_TRUE(throttling);
    EXPECT_EQ(throttling->periods, 90U);
    EXPECT_EQ(throttling->throttled_periods, 10U);
    EXPECT_DOUBLE_EQ(throttling->throttled_seconds, 0.8);
}

TEST_F(cgroup_v1, quota_throttling_and_memory_are_read_from_their_controllers) {
    write("proc/self/cgroup", "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
    write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/cpu,cpuacct/box/cpu.stat",
          "nr_periods 5\nnr_throttled 1\nthrottled_time 1500000000\n");
    write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "4096\n");
    const cgroup group{root};
    EXPECT_EQ(group.cpu_limit_cores(), 2.5);
    EXPECT_DOUBLE_EQ(group.throttling()->throttled_seconds, 1.5);
    EXPECT_EQ(group.memory_usage_bytes(), 4096U);
}

TEST_F(cgroup_v1, a_quota_of_minus_one_is_unlimited) {
    write("proc/self/cgroup", "1:cpu:/\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(cgroup{root}.cpu_limit_cores(), std::nullopt);
}

TEST_F(fixture_tree, no_control_group_at_all_is_unlimited) {
    const cgroup group{root};
    EXPECT_EQ(group.cpu_limit_cores(), std::nullopt);
    EXPECT_FALSE(group.throttling());
    EXPECT_FALSE(group.memory_usage_bytes());
}

TEST(allowed_cores, is_the_quota_rounded_down_within_the_affinity_and_at_least_one) {
    EXPECT_EQ(allowed_cores(8, std::nullopt), 8U);
    EXPECT_EQ(allowed_cores(8, 2.5), 2U);
    EXPECT_EQ(allowed_cores(8, 0.2), 1U);
    EXPECT_EQ(allowed_cores(2, 64.0), 2U);
    EXPECT_EQ(allowed_cores(8, 1e12), 8U);
}

} // namespace
} // namespace beastmark
