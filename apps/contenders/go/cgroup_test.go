package main

import (
	"os"
	"path/filepath"
	"testing"
)

// tree writes files below a folder that stands for "/".
func tree(t *testing.T, files map[string]string) string {
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func expectGroup(t *testing.T, got cgroup, limit float64, stat throttling, memory float64) {
	t.Helper()
	if got.cpuLimit() != limit || got.throttling() != stat || got.memoryUsage() != memory {
		t.Errorf("limit %v, throttling %v, memory %v", got.cpuLimit(), got.throttling(), got.memoryUsage())
	}
}

func TestCgroupVersion2TakesTheTightestLimit(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/self/cgroup":                 "0::/a/b\n",
		"sys/fs/cgroup/a/cpu.max":          "150000 100000\n",
		"sys/fs/cgroup/a/cpu.stat":         "usage_usec 9\nnr_periods 10\nnr_throttled 2\nthrottled_usec 500000\n",
		"sys/fs/cgroup/a/b/cpu.max":        "max 100000\n",
		"sys/fs/cgroup/a/b/memory.current": "4096\n",
	})
	expectGroup(t, findCgroup(root), 1.5, throttling{10, 2, 0.5}, 4096)
}

func TestCgroupVersion1(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/self/cgroup":                            "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":  "200000",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
		"sys/fs/cgroup/cpu,cpuacct/cpu.stat":          "nr_periods 3\nnr_throttled 1\nthrottled_time 2000000000\n",
		"sys/fs/cgroup/memory/memory.usage_in_bytes":  "77",
	})
	expectGroup(t, findCgroup(root), 2, throttling{3, 1, 2}, 77)
}

func TestWithoutCgroupThereIsNoLimit(t *testing.T) {
	expectGroup(t, findCgroup(t.TempDir()), 0, throttling{}, 0)
	root := tree(t, map[string]string{
		"proc/self/cgroup":                    "3:cpu:/\n",
		"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "-1",
		"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
	})
	expectGroup(t, findCgroup(root), 0, throttling{}, 0)
}
