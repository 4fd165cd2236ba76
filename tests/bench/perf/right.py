"""Right: over real sockets, servers of known behaviour show the percentiles that follow from the arithmetic."""
from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from programs import CouldNotRun, Load, Setup, knob_server, loadgen, serving
from rounds import Row, at_most, say

RATE = 500
TOLERANCE_US = 500  # what an epoll_wait in whole milliseconds in the server may add
STALL_AFTER_S, STALL_S, STALLED_RUN_S = 3, 1, 8
STALL_TOLERANCE_US = 30_000  # 436 waiting requests go out over 64 connections when it ends
TIMEOUT_MS = 500
SILENT_TOLERANCE_US = 5_000


@dataclass
class Right:
    rows: list[Row] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def compare(self, what: str, us: float, wanted_us: float, tolerance_us: float) -> None:
        self.rows.append(at_most(f"{what}: off by, ms", [abs(us - wanted_us) / 1000], tolerance_us / 1000,
                                 f"{us / 1000:.2f} ms measured, {wanted_us / 1000:.2f} ms by arithmetic"))
        self.summary[what] = {"measured_us": us, "wanted_us": wanted_us, "tolerance_us": tolerance_us}


def latency(load: Load, kind: str) -> dict[str, float]:
    found: dict[str, float] = next(iter(load.result["targets"].values()))["latency"][kind]
    return found


class Stall(threading.Thread):
    """Stops a process for a while, once."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.pid, self.length_s = pid, 0.0

    def run(self) -> None:
        time.sleep(STALL_AFTER_S)
        os.kill(self.pid, signal.SIGSTOP)
        start = time.monotonic()
        time.sleep(STALL_S)
        self.length_s = time.monotonic() - start
        os.kill(self.pid, signal.SIGCONT)


def fixed_time(setup: Setup, found: Right) -> None:
    with serving(setup) as server:
        floor = latency(loadgen(setup, server, 4, "-R", str(RATE)), "response")
    with knob_server(setup, "0", "10000") as server:
        load = loadgen(setup, server, 4, "-R", str(RATE))
    for kind in ("response", "service"):
        for p in ("p50_us", "p99_us"):
            found.compare(f"10 ms service, {kind} {p[:-3]}", latency(load, kind)[p], 10_000, TOLERANCE_US + floor[p])


def stalled(setup: Setup, found: Right) -> None:
    """Arrivals come evenly: of those during the stall the last waits 0, the first all of it. So the share p of all
    that is slower than x s is (stall - x) * rate / all."""
    with knob_server(setup, "0", "2000") as server:
        stall = Stall(server.pid)
        stall.start()
        try:
            load = loadgen(setup, server, STALLED_RUN_S, "-R", str(RATE), "--timeout", "5s")
        finally:
            stall.join()
    response, service = latency(load, "response"), latency(load, "service")
    for percentile in (90, 95, 99, 100):
        name = "max_us" if percentile == 100 else f"p{percentile}_us"
        wanted = (stall.length_s - (1 - percentile / 100) * STALLED_RUN_S) * 1e6
        found.compare(f"1 s stall in {STALLED_RUN_S} s, response {name[:-3]}", response[name], wanted, STALL_TOLERANCE_US)
    # Only those on the 64 connections saw it, 1.6 % of all.
    found.compare("the same, service p95", service["p95_us"], 2_000, TOLERANCE_US + STALL_TOLERANCE_US / 10)
    found.compare("the same, service max", service["max_us"], stall.length_s * 1e6, STALL_TOLERANCE_US)


def silent(setup: Setup, found: Right) -> None:
    """A server that accepts and never answers: each request ends with its timeout, and counts with it."""
    with knob_server(setup, "0", "10000000") as server, suppress(CouldNotRun):  # "got no answer": so it should be
        loadgen(setup, server, 3, "-R", "100", "--timeout", f"{TIMEOUT_MS}ms")
    result = json.loads((setup.out / "loadgen" / "result.json").read_text())
    target = next(iter(result["targets"].values()))
    for p in ("p50_us", "p99_us"):
        found.compare(f"never answers, {TIMEOUT_MS} ms timeout, response {p[:-3]}", target["latency"]["response"][p],
                      TIMEOUT_MS * 1000, SILENT_TOLERANCE_US)
    others = target["totals"]["offered"] - target["totals"]["outcomes"]["timeout"]
    found.rows.append(at_most("never answers, requests with another outcome", [others], 0))


def measure(setup: Setup) -> Right:
    say("right: servers of known behaviour")
    found = Right()
    fixed_time(setup, found)
    stalled(setup, found)
    silent(setup, found)
    return found
