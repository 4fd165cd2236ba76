"""SIGTERM at 60 % load: no request that was sent may be lost.

Two clients. loadgen stops before the connections are closed, as when a load balancer has seen /readyz turn 503:
its schedule ends within --drain-delay. And connections that stay busy until an answer says "Connection: close".
"""
from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drain_client import Counted
from hostile_setup import Hostile, ended_at_once, read_line
from programs import CouldNotRun, Setup, loadgen, on_cores
from rounds import Row, each_at_most, row, say

LOAD = 0.6
CONNECTIONS = 64
SIGTERM_AFTER_S, SCHEDULE_S, DRAIN_DELAY_S = 0.5, 1, 2
CLIENT_LIMIT_S = 8
STOP_LIMIT_S = 15


@dataclass
class Stopped:
    offered: int
    failed: int
    exit_code: int
    seconds: float  # from SIGTERM to the end
    told: dict[str, int]


def loadgen_meets_sigterm(hostile: Hostile, rate: int) -> Stopped:
    signalled: list[float] = []
    options = ("--drain-delay", f"{DRAIN_DELAY_S}s")
    with hostile.baseline_with(*options).serving(hostile.setup) as service:

        def look(_: int, t: float) -> None:
            if t >= SIGTERM_AFTER_S and not signalled:
                service.process.send_signal(signal.SIGTERM)
                signalled.append(time.monotonic())

        load = loadgen(hostile.setup, service, SCHEDULE_S, "-R", str(rate), look=look)
        if not signalled or time.monotonic() > signalled[0] + DRAIN_DELAY_S:
            raise CouldNotRun("loadgen did not end within the drain delay: the machine is too busy")
        code = service.ended(STOP_LIMIT_S)
        return Stopped(next(iter(load.result["targets"].values()))["totals"]["offered"], load.failed, code,
                       time.monotonic() - signalled[0], {})


def busy_connections_meet_sigterm(hostile: Hostile, rate: float) -> Stopped:
    with hostile.busy_with().serving(hostile.setup) as service:
        with on_cores(hostile.setup.client_core):
            client = subprocess.Popen(
                [sys.executable, "-B", str(Path(__file__).with_name("drain_client.py")), "--port", str(service.port),
                 "--connections", str(CONNECTIONS), "--rate", str(rate), "--limit", str(CLIENT_LIMIT_S)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            if read_line(client, 20, "the busy client") != "ready":
                raise CouldNotRun("the busy client ended before SIGTERM: the service closed its connections")
            service.process.send_signal(signal.SIGTERM)
            start = time.monotonic()
            counted = Counted(**json.loads(read_line(client, CLIENT_LIMIT_S + 10, "the end of the busy client")))
            code = service.ended(STOP_LIMIT_S)
            return Stopped(counted.sent, counted.failed, code, time.monotonic() - start,
                           {k: getattr(counted, k) for k in ("lost", "refused", "told_to_close", "closed_idle", "never_closed")})
        finally:
            ended_at_once(client)


def judge(title: str, times: list[Stopped]) -> list[Row]:
    failed = [s for s in times if s.failed]
    told: dict[str, int] = {}
    for stopped in times:
        for name, count in stopped.told.items():
            told[name] = told.get(name, 0) + count
    return [each_at_most(f"SIGTERM, {title}: failed requests", [s.failed for s in times], 0,
                         f"{len(times)} times, {sum(s.offered for s in times):,} requests; failures in {len(failed)}"
                         + "".join(f", {name.replace('_', ' ')} {count}" for name, count in told.items() if count)),
            each_at_most(f"SIGTERM, {title}: exit code", [s.exit_code for s in times], 0),
            row(f"SIGTERM, {title}: s until it ended", [s.seconds for s in times])]


def capacity(hostile: Hostile, service: Any, setup: Setup) -> float:
    with service.serving(setup) as running:
        return loadgen(setup, running, 2, "--closed").rps


def measure(hostile: Hostile) -> tuple[list[Row], dict[str, Any]]:
    count = 3 if hostile.quick else 10
    rate = round(LOAD * capacity(hostile, hostile.baseline_with(), hostile.setup))
    busy_rate = LOAD * capacity(hostile, hostile.busy_with(), hostile.setup)
    say(f"SIGTERM: {count} times at {rate:,}/s with loadgen, {count} times at {busy_rate:,.0f}/s with busy connections")
    with_loadgen = [loadgen_meets_sigterm(hostile, rate) for _ in range(count)]
    busy = [busy_connections_meet_sigterm(hostile, busy_rate) for _ in range(count)]
    rows = judge("loadgen ends within --drain-delay", with_loadgen)
    rows += judge(f"{CONNECTIONS} connections busy until told to close", busy)
    return rows, {"rate": rate, "busy_rate": busy_rate, "loadgen": [s.__dict__ for s in with_loadgen],
                  "busy": [s.__dict__ for s in busy]}
