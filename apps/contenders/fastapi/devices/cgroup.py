"""The control group of this process, version 2 or 1: CPU quota, throttling, memory."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Zero is what a group without a quota, or without the file, has."""
    cpu_limit_cores: float = 0.0
    cpu_periods: int = 0
    cpu_throttled_periods: int = 0
    cpu_throttled_seconds: float = 0.0
    memory_bytes: int = 0


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def pairs(text: str) -> dict[str, int]:
    """Lines of "name number"."""
    split = (line.split() for line in text.splitlines())
    return {words[0]: int(words[1]) for words in split if len(words) == 2 and words[1].isdigit()}


def number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def folders(root: Path, of: str, controller: str) -> list[Path]:
    """Where a controller's files may be, the group's own folder first, then those above it. In a container the group
    named by /proc is often not there: its own is then the root."""
    for line in of.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" and (root / "cgroup.controllers").exists():
            base = root
        elif controller in controllers.split(","):
            base = next((root / name for name in (controllers, controller) if (root / name).exists()), root / controller)
        else:
            continue
        own = base / path.strip("/")
        return [folder for folder in (own, *own.parents) if folder == base or base in folder.parents]
    return []


def quota(folder: Path) -> float:
    words = read(folder / "cpu.max").split()  # "max 100000" or "150000 100000"
    if len(words) == 2 and words[0].isdigit():
        return int(words[0]) / int(words[1])
    limit = number(read(folder / "cpu.cfs_quota_us"))
    period = number(read(folder / "cpu.cfs_period_us"))
    return limit / period if limit > 0 and period > 0 else 0.0


def usage(root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc/self/cgroup")) -> Usage:
    of = read(proc)
    cpu = folders(root, of, "cpu")
    limits = [limit for folder in cpu if (limit := quota(folder)) > 0]
    stat = next((found for folder in cpu if (found := pairs(read(folder / "cpu.stat")))), {})
    memory = next((used for folder in folders(root, of, "memory")
                   for name in ("memory.current", "memory.usage_in_bytes") if (used := number(read(folder / name)))), 0)
    return Usage(
        cpu_limit_cores=min(limits, default=0.0),
        cpu_periods=stat.get("nr_periods", 0),
        cpu_throttled_periods=stat.get("nr_throttled", 0),
        cpu_throttled_seconds=stat["throttled_usec"] / 1e6 if "throttled_usec" in stat
        else stat.get("throttled_time", 0) / 1e9,
        memory_bytes=memory)


def allowed_cpus() -> int:
    """By affinity and CPU quota, rounded down, at least one: as the services of this project count their threads."""
    cpus = len(os.sched_getaffinity(0))
    limit = usage().cpu_limit_cores
    return max(1, min(cpus, int(limit))) if limit > 0 else cpus
