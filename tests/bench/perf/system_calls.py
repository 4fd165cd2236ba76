"""System calls per request, counted by strace while wrk loads the service."""
from __future__ import annotations

import re
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from contestants import Contestant
from programs import CouldNotRun, Setup, on_cores, wrk
from rounds import Row, at_most, not_judged, say
from services import Service

GOAL = 2.2
ATTACH_S = 10
WHAT = "baseline: system calls per request at 64 connections"


def parse_strace(text: str) -> dict[str, int]:
    """Calls by name from what `strace -c` writes."""
    calls = {name: int(count) for count, name in
             re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", text, re.MULTILINE)}
    calls.pop("total", None)
    if not calls:
        raise CouldNotRun(f"strace counted nothing, or its output is of another form:\n{text}")
    return calls


@dataclass
class Counted:
    requests: int
    calls: dict[str, int]

    @property
    def each(self) -> float:
        return sum(self.calls.values()) / self.requests


@dataclass
class SystemCalls:
    rounds: list[Counted]
    why_not: str = ""

    @property
    def rows(self) -> list[Row]:
        if not self.rounds:
            return [not_judged(WHAT, f"<= {GOAL:g}", self.why_not)]
        last = self.rounds[-1]
        most = sorted(last.calls.items(), key=lambda call: -call[1])[:4]
        return [at_most(WHAT, [r.each for r in self.rounds], GOAL,
                        ", ".join(f"{name} {count / last.requests:.3f}" for name, count in most))]

    @property
    def summary(self) -> dict[str, Any]:
        return {"rounds": [{"requests": r.requests, "calls": r.calls} for r in self.rounds], "why_not": self.why_not}


def attach(setup: Setup, service: Service, file: str) -> subprocess.Popen[bytes]:
    """strace, on the server's core: tracer and traced take turns anyway."""
    with on_cores(setup.server_core):
        tracer = subprocess.Popen(["strace", "-c", "-f", "-o", file, "-p", str(service.pid)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    deadline = time.monotonic() + ATTACH_S
    said = b""
    while b" attached" not in said:
        if not select.select([tracer.stderr], [], [], max(0, deadline - time.monotonic()))[0]:
            tracer.kill()
            tracer.wait()
            raise CouldNotRun(f"strace did not attach within {ATTACH_S} s")
        more = tracer.stderr.read1()
        if not more:
            tracer.wait()
            raise CouldNotRun("strace: " + said.decode(errors="replace").strip().replace("\n", " / "))
        said += more
    return tracer


def count(setup: Setup, service: Service, seconds: float) -> Counted:
    """All of wrk's life lies within strace's: what accepting its connections costs is part of it."""
    file = setup.out / "strace.txt"
    tracer = attach(setup, service, str(file))
    try:
        load = wrk(setup, service, seconds)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
    calls = parse_strace(file.read_text())
    file.unlink()
    return Counted(load.requests, calls)


def measure(setup: Setup, served: Contestant, rounds: int, seconds: float) -> SystemCalls:
    if shutil.which("strace") is None:
        return SystemCalls([], "strace is missing: ./bench setup perf")
    made = SystemCalls([])
    try:
        with served.serving(setup) as service:
            for i in range(rounds):
                say(f"system calls: round {i + 1} of {rounds}, {seconds:g} s under strace")
                made.rounds.append(count(setup, service, seconds))
    except CouldNotRun as error:  # containers may forbid tracing
        return SystemCalls([], str(error))
    return made
