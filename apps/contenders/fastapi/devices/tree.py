"""The processes as one service: CPU, memory and descriptors of the parent and its workers, and their control group, as
metrics. Read when they are scraped."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from devices import VERSION
from devices.cgroup import usage

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Sum:
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    open_fds: int = 0
    max_fds: int = 0


def stat_fields(pid: int, proc: Path) -> list[str]:
    """From the third on: the second is a name that may hold anything."""
    return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()


def add_process(total: Sum, pid: int, proc: Path = Path("/proc")) -> None:
    """Counts what it has reaped, too. One that ended meanwhile counts nothing."""
    try:
        fields = stat_fields(pid, proc)
        limits = (proc / str(pid) / "limits").read_text()
        fds = len(os.listdir(proc / str(pid) / "fd"))
    except OSError:
        return
    total.cpu_seconds += sum(int(ticks) for ticks in fields[11:15]) / TICKS
    total.resident_bytes += int(fields[21]) * PAGE
    total.open_fds += fds
    total.max_fds += next(int(line.split()[3]) for line in limits.splitlines() if line.startswith("Max open files"))


class TreeCollector(Collector):
    def __init__(self, workers: Callable[[], Iterable[int]]) -> None:
        self._workers = workers
        self._began = time.time()

    def collect(self) -> Iterator[Metric]:
        total = Sum()
        for pid in (os.getpid(), *self._workers()):
            add_process(total, pid)
        group = usage()
        yield counter("process_cpu_seconds", "User and system CPU time of all processes.", total.cpu_seconds)
        yield gauge("process_resident_memory_bytes", "Resident memory of all processes; what they share counts in each.",
                    total.resident_bytes)
        yield gauge("process_open_fds", "Open file descriptors of all processes.", total.open_fds)
        yield gauge("process_max_fds", "Limits on open file descriptors of all processes.", total.max_fds)
        yield gauge("process_start_time_seconds", "Start time since the Unix epoch.", self._began)
        yield gauge("cgroup_cpu_limit_cores", "CPU quota in cores; 0 is unlimited.", group.cpu_limit_cores)
        yield counter("cgroup_cpu_periods", "Elapsed enforcement periods of the CPU quota.", group.cpu_periods)
        yield counter("cgroup_cpu_throttled_periods", "Periods in which the group was stopped.",
                      group.cpu_throttled_periods)
        yield counter("cgroup_cpu_throttled_seconds", "Time the group was stopped.", group.cpu_throttled_seconds)
        yield gauge("cgroup_memory_usage_bytes", "Memory charged to the control group.", group.memory_bytes)
        info = GaugeMetricFamily("beastmark_build_info", "Always 1; the labels say what was built.",
                                 labels=("version", "revision"))
        info.add_metric((VERSION, os.environ.get("DEVICES_REVISION", "unknown")), 1)
        yield info


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)
