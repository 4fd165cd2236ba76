package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// cgroup finds the control group of this process, version 1 or 2, below `root` ("/" but in tests).
type cgroup struct {
	cpu    group
	memory group
	v2     bool
}

// group is a folder and the mount that it is in; both empty where there is none.
type group struct{ mount, folder string }

type throttling struct{ periods, throttled, seconds float64 }

func findCgroup(root string) cgroup {
	text, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	paths := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if parts := strings.SplitN(line, ":", 3); len(parts) == 3 {
			for _, controller := range strings.Split(parts[1], ",") {
				paths[controller] = parts[2]
			}
		}
	}
	mounts := filepath.Join(root, "sys/fs/cgroup")
	if path, found := paths["cpu"]; found {
		if cpu := groupIn(path, mounts, "cpu", "cpu,cpuacct", "cpuacct,cpu"); cpu.folder != "" {
			return cgroup{cpu: cpu, memory: groupIn(paths["memory"], mounts, "memory")}
		}
	}
	if path, found := paths[""]; found {
		own := groupIn(path, mounts, ".")
		return cgroup{cpu: own, memory: own, v2: true}
	}
	return cgroup{}
}

// groupIn takes the mount itself where the path is not below it: a container often sees its group mounted as
// the root, while /proc/self/cgroup names the host's path.
func groupIn(path, mounts string, names ...string) group {
	for _, name := range names {
		mount := filepath.Join(mounts, name)
		if !isFolder(mount) {
			continue
		}
		if below := filepath.Join(mount, path); isFolder(below) {
			return group{mount, below}
		}
		return group{mount, mount}
	}
	return group{}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// upwards is the group's folder and each one above it, to the mount.
func (g group) upwards() []string {
	if g.folder == "" {
		return nil
	}
	all := []string{g.folder}
	for at := g.folder; at != g.mount && len(at) > len(g.mount); {
		at = filepath.Dir(at)
		all = append(all, at)
	}
	return all
}

// cpuLimit is the tightest quota in cores, 0: none.
func (c cgroup) cpuLimit() float64 {
	limit := 0.0
	for _, folder := range c.cpu.upwards() {
		if quota := c.quota(folder); quota > 0 && (limit == 0 || quota < limit) {
			limit = quota
		}
	}
	return limit
}

func (c cgroup) quota(folder string) float64 {
	if c.v2 { // "<quota> <period>", or "max <period>"
		words := strings.Fields(read(folder, "cpu.max"))
		if len(words) != 2 {
			return 0
		}
		return ratio(words[0], words[1])
	}
	return ratio(read(folder, "cpu.cfs_quota_us"), read(folder, "cpu.cfs_period_us")) // -1: none
}

func ratio(quota, period string) float64 {
	part, err := strconv.ParseFloat(quota, 64)
	whole, wrong := strconv.ParseFloat(period, 64)
	if err != nil || wrong != nil || part <= 0 || whole <= 0 {
		return 0
	}
	return part / whole
}

func (c cgroup) throttling() throttling {
	var sum throttling
	for _, folder := range c.cpu.upwards() {
		words := strings.Fields(read(folder, "cpu.stat"))
		for i := 0; i+1 < len(words); i += 2 {
			value, _ := strconv.ParseFloat(words[i+1], 64)
			switch words[i] {
			case "nr_periods":
				sum.periods += value
			case "nr_throttled":
				sum.throttled += value
			case "throttled_usec":
				sum.seconds += value / 1e6
			case "throttled_time": // version 1, nanoseconds
				sum.seconds += value / 1e9
			}
		}
	}
	return sum
}

func (c cgroup) memoryUsage() float64 {
	name := "memory.usage_in_bytes"
	if c.v2 {
		name = "memory.current"
	}
	bytes, _ := strconv.ParseFloat(read(c.memory.folder, name), 64)
	return bytes
}

func read(folder, name string) string {
	if folder == "" {
		return ""
	}
	text, _ := os.ReadFile(filepath.Join(folder, name))
	return strings.TrimSpace(string(text))
}

// useAllowedCores sets GOMAXPROCS to the CPU quota, rounded down, at least 1; Go itself honours the affinity,
// and the quota from 1.25 on only, rounded up. Whoever set the variable GOMAXPROCS is obeyed.
func useAllowedCores(quota float64, threads int) {
	switch {
	case threads > 0:
		runtime.GOMAXPROCS(threads)
	case os.Getenv("GOMAXPROCS") == "" && quota > 0:
		runtime.GOMAXPROCS(max(1, min(runtime.NumCPU(), int(math.Floor(quota)))))
	}
}

func registerCgroup(registry *prometheus.Registry, from cgroup) {
	counter := func(name, help string, value func() float64) {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	counter("cgroup_cpu_periods_total", "Elapsed enforcement periods of the CPU quota.",
		func() float64 { return from.throttling().periods })
	counter("cgroup_cpu_throttled_periods_total", "Periods in which the group was stopped.",
		func() float64 { return from.throttling().throttled })
	counter("cgroup_cpu_throttled_seconds_total", "Time the group was stopped.",
		func() float64 { return from.throttling().seconds })
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cgroup_cpu_limit_cores",
			Help: "CPU quota in cores; 0 is unlimited."}, from.cpuLimit),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cgroup_memory_usage_bytes",
			Help: "Memory charged to the control group."}, from.memoryUsage))
}
