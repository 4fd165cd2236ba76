"""What the kernel says about CPU time and memory, and whether something else ran beside a measurement."""
from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")

# As in all figures of this project: above either, a sample is measured again once.
MOST_STEAL = 0.06
MOST_FOREIGN = 0.08


@dataclass(frozen=True)
class Cpu:
    """CPU time of a process, in seconds."""

    user_s: float
    system_s: float

    @property
    def total_s(self) -> float:
        return self.user_s + self.system_s

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.user_s + other.user_s, self.system_s + other.system_s)

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu(self.user_s - earlier.user_s, self.system_s - earlier.system_s)


@dataclass(frozen=True)
class Machine:
    """Time of some cores, added up, in seconds."""

    busy_s: float
    stolen_s: float


@dataclass(frozen=True)
class Disturbance:
    """Shares of one core's time: taken by the hypervisor, and used by others than client and server."""

    steal: float
    foreign: float

    @property
    def severity(self) -> float:
        """Above 1: a figure measured beside it is in doubt."""
        return max(self.steal / MOST_STEAL, self.foreign / MOST_FOREIGN)


def parse_cores(text: str) -> list[int]:
    """"0-2,8" as in /proc: [0, 1, 2, 8]."""
    cores: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores += range(int(first), int(last or first) + 1)
    return cores


def fields_of(stat: str) -> list[str]:
    """Of /proc/PID/stat, from the third on: behind the command, which may contain blanks."""
    return stat.rpartition(")")[2].split()


def parse_process_cpu(stat: str) -> Cpu:
    """From /proc/PID/stat: fields 14 and 15."""
    fields = fields_of(stat)
    return Cpu(int(fields[11]) / TICKS_PER_S, int(fields[12]) / TICKS_PER_S)


def tree(stats: Mapping[int, str], root: int) -> list[int]:
    """From /proc/PID/stat of many: those of `root` and of all that come from it."""
    parents = {pid: int(fields_of(stat)[1]) for pid, stat in stats.items()}
    found = [root] if root in parents else []
    for pid in found:  # grows meanwhile
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def parse_tree_cpu(stats: Mapping[int, str], root: int) -> Cpu:
    """From /proc/PID/stat of many: a process and its descendants, with those that were waited for (fields 16 and 17)."""
    ticks = [[int(n) for n in fields_of(stats[pid])[11:15]] for pid in tree(stats, root)]
    return Cpu(sum(t[0] + t[2] for t in ticks) / TICKS_PER_S, sum(t[1] + t[3] for t in ticks) / TICKS_PER_S)


def parse_machine(stat: str, cores: set[int]) -> Machine:
    """From /proc/stat, of `cores`: busy is user, nice, system, irq and softirq; guest time is part of user."""
    busy = stolen = 0
    for line in stat.splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            ticks = [int(f) for f in fields]
            busy += sum(ticks[i] for i in (0, 1, 2, 5, 6))
            stolen += ticks[7]
    return Machine(busy / TICKS_PER_S, stolen / TICKS_PER_S)


def parse_memory(status: str, field: str) -> int | None:
    """Bytes of VmRSS, VmHWM and so on from /proc/PID/status; None of a process that has ended."""
    for line in status.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return None


def process_cpu(pid: int) -> Cpu:
    return parse_process_cpu(Path(f"/proc/{pid}/stat").read_text())


def read_stats() -> dict[int, str]:
    """/proc/PID/stat of all there are."""
    stats = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(file.parent.name)] = file.read_text()
        except (FileNotFoundError, ProcessLookupError):
            pass  # ended meanwhile
    return stats


def tree_cpu(roots: list[int]) -> Cpu:
    """Of processes and their descendants; none is another's descendant."""
    stats = read_stats()
    return sum((parse_tree_cpu(stats, root) for root in roots), Cpu(0, 0))


def kernel_threads() -> list[int]:
    """What they do (a journal, writing back, soft interrupts) is done for somebody. Not to be seen from a container."""
    try:
        return [2] if Path("/proc/2/comm").read_text() == "kthreadd\n" else []
    except FileNotFoundError:
        return []


def process_memory(pid: int, field: str) -> int | None:
    try:
        return parse_memory(Path(f"/proc/{pid}/status").read_text(), field)
    except (FileNotFoundError, ProcessLookupError):
        return None


class Watch:
    """Looks at the machine from its construction to disturbance()."""

    def __init__(self, cores: set[int]) -> None:
        self._cores = cores
        self._before = self._machine()
        self._start = time.monotonic()

    def _machine(self) -> Machine:
        return parse_machine(Path("/proc/stat").read_text(), self._cores)

    def disturbance(self, known: list[Cpu]) -> Disturbance:
        """`known`: CPU time since the construction of what was supposed to run."""
        now, elapsed = self._machine(), time.monotonic() - self._start
        foreign = now.busy_s - self._before.busy_s - sum(cpu.total_s for cpu in known)
        return Disturbance((now.stolen_s - self._before.stolen_s) / elapsed, max(0.0, foreign / elapsed))
