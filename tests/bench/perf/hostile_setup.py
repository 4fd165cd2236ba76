"""What the hostile measurements share: a crowd beside others whose latency counts, and a time limit for each."""
from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from contestants import Contestant
from processes import end
from procfs import Cpu, process_cpu
from programs import CouldNotRun, Setup, on_cores
from rounds import Row
from services import service_flags

OTHERS_RATE = 5000  # requests per second of those that do no harm
P99_GOAL = 1.3      # with the harm / without
LEAVE_S = 20


@dataclass(frozen=True)
class Hostile:
    setup: Setup
    baseline: Path
    busy_service: Path
    quick: bool

    def baseline_with(self, *options: str) -> Contestant:
        return self.service("baseline", self.baseline, *options)

    def busy_with(self, *options: str) -> Contestant:
        return self.service("busy_service", self.busy_service, *options)

    def service(self, name: str, program: Path, *options: str) -> Contestant:
        return Contestant(name, name, lambda port, admin: [str(program), *service_flags(port, admin), *options], "/readyz")


def at_least(what: str, values: Sequence[float], limit: float, note: str = "") -> Row:
    """The goal is the median's."""
    return Row(what, median(values), min(values), max(values), f">= {limit:g}", median(values) >= limit, note)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """CouldNotRun past it, wherever the block is."""

    def expired(*_: object) -> None:
        raise CouldNotRun(f"it took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read_line(process: subprocess.Popen[str], limit_s: float, what: str) -> str:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], limit_s)[0]:
        raise CouldNotRun(f"{what} did not begin within {limit_s:g} s")
    return process.stdout.readline().strip()


def ended_at_once(process: subprocess.Popen[str]) -> None:
    """Killed and waited for, also when the time limit comes meanwhile."""
    end(process, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(OSError):  # what was to be told it
                pipe.close()


@dataclass
class Crowd:
    """A crowd.py that runs."""

    process: subprocess.Popen[str]

    def cpu(self) -> Cpu:
        return process_cpu(self.process.pid)

    def leave(self) -> dict[str, Any]:
        """What became of them."""
        try:
            told, _ = self.process.communicate(timeout=LEAVE_S)
        except subprocess.TimeoutExpired:
            raise CouldNotRun(f"the crowd did not end within {LEAVE_S} s") from None
        if self.process.returncode != 0:
            raise CouldNotRun(f"the crowd ended with exit code {self.process.returncode}; what it said is above")
        summary: dict[str, Any] = json.loads(told)
        return summary


@contextmanager
def crowd(setup: Setup, kind: str, port: int, count: int, limit_s: float) -> Iterator[Crowd]:
    with on_cores(setup.client_core):
        process = subprocess.Popen(
            [sys.executable, "-B", str(Path(__file__).with_name("crowd.py")), kind, "--port", str(port), "--count",
             str(count), "--limit", str(limit_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = read_line(process, 30, f"the crowd ({kind})")
        if said != "ready":
            raise CouldNotRun(said or "the crowd ended; what it said is above")
        yield Crowd(process)
    finally:
        ended_at_once(process)
