"""The programs of the measurement: each started on a core of its own, each client's CPU time exact."""
from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from procfs import Cpu, process_cpu, process_memory


class CouldNotRun(Exception):
    """One clear line for whoever asked for the measurement."""


class NotTheTarget(CouldNotRun):
    """What failed is around the target: a backend, loadgen, the disk."""


@dataclass(frozen=True)
class Setup:
    loadgen: Path
    floor_server: Path
    bare_pacer: Path
    knob_server: Path
    out: Path
    server_core: int
    client_core: int
    connections: int = 64

    @property
    def cores(self) -> set[int]:
        return {self.server_core, self.client_core}


@dataclass(frozen=True)
class Ended:
    """A client that has come to its end."""

    code: int
    cpu: Cpu  # of its whole life, exact: what the kernel hands over when it is reaped
    peak_bytes: int  # largest resident memory seen, sampled every 0.1 s
    output: str


@contextmanager
def on_cores(*cores: int) -> Iterator[None]:
    """What is started meanwhile stays on `cores`: no taskset in the CPU time of what is measured."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_client(core: int, command: list[str], limit_s: float,
               look: Callable[[int, float], None] = lambda pid, t: None) -> Ended:
    """Runs it to its end; `look(pid, seconds)` is called every 0.1 s. Its output goes through a file, so that
    it never waits for us. Raises CouldNotRun past `limit_s`."""
    with open(os.memfd_create("output"), "w+b") as output:
        with on_cores(core):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        start, peak = time.monotonic(), 0
        ending, handle = select.poll(), os.pidfd_open(process.pid)
        ending.register(handle, select.POLLIN)
        try:
            while not ending.poll(100):
                t = time.monotonic() - start
                peak = max(peak, process_memory(process.pid, "VmHWM") or 0)
                look(process.pid, t)
                if t > limit_s:
                    raise CouldNotRun(f"no end after {limit_s:.0f} s: {' '.join(command)}")
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            os.close(handle)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it once more
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Ended(process.returncode, Cpu(usage.ru_utime, usage.ru_stime), peak, text)


@dataclass
class Server:
    pid: int
    url: str
    record: Path | None

    def cpu(self) -> Cpu:
        return process_cpu(self.pid)

    def arrivals(self) -> array[int]:
        """When each request arrived, ns of CLOCK_MONOTONIC, ascending. Only after the server has ended."""
        assert self.record is not None
        times: array[int] = array("q")
        times.frombytes(self.record.read_bytes())
        return times


@contextmanager
def knob_servers(setup: Setup, *all_words: Sequence[str]) -> Iterator[list[Server]]:
    """Servers whose capacity is made up, each by its words after the port (tests/bench/knob_server.cpp), in one process while
    the block runs."""
    groups = [word for words in all_words for word in (",", "0", *words)]
    with on_cores(setup.server_core):
        process = subprocess.Popen([str(setup.knob_server), *groups[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        ports = [process.stdout.readline().strip() for _ in all_words]
        if not all(ports):
            raise CouldNotRun("the knob server did not start; what it said is above")
        yield [Server(process.pid, f"http://127.0.0.1:{port}/", None) for port in ports]
    finally:
        process.kill()
        process.wait()


@contextmanager
def knob_server(setup: Setup, *words: str) -> Iterator[Server]:
    """One of them alone."""
    with knob_servers(setup, words) as servers:
        yield servers[0]


@contextmanager
def serving(setup: Setup, record: Path | None = None, capacity: int = 0) -> Iterator[Server]:
    """A floor server while the block runs; it has written its record when the block is left."""
    command = [str(setup.floor_server)]
    if record is not None:
        command += ["--record", str(record), "--capacity", str(capacity)]
    with on_cores(setup.server_core):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise CouldNotRun("the floor server did not start; what it said is above")
        yield Server(process.pid, f"http://127.0.0.1:{port}/api/devices", record)
    except BaseException:
        process.kill()
        raise
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait()
    if code != 0:
        raise CouldNotRun("the floor server failed; what it said is above")


@dataclass(frozen=True)
class Load:
    """What a client did to the floor server."""

    ended: Ended
    requests: int
    rps: float
    p99_us: float
    failed: int  # requests without a good answer
    result: dict[str, Any]  # loadgen's result.json; {} of wrk

    @property
    def cpu_us(self) -> float:
        return self.ended.cpu.total_s * 1e6 / self.requests

    @property
    def summary(self) -> dict[str, Any]:
        cpu = self.ended.cpu
        return {"requests": self.requests, "rps": self.rps, "p99_us": self.p99_us, "failed": self.failed,
                "cpu_us_per_request": self.cpu_us, "user_us_per_request": cpu.user_s * 1e6 / self.requests,
                "system_us_per_request": cpu.system_s * 1e6 / self.requests,
                "peak_rss_bytes": self.ended.peak_bytes, "exit_code": self.ended.code}


UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


def parse_wrk(text: str) -> tuple[int, float, float, int]:
    """Requests, requests per second, p99 in us and failures from what `wrk --latency` prints."""
    requests = re.search(r"^\s*(\d+) requests in ", text, re.MULTILINE)
    rps = re.search(r"^Requests/sec:\s*([\d.]+)", text, re.MULTILINE)
    p99 = re.search(r"^\s*99%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    if not requests or not rps or not p99 or int(requests[1]) == 0:
        raise CouldNotRun(f"wrk made no request, or its output is of another form:\n{text}")
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = sum(int(n) for n in errors.groups()) if errors else 0
    return int(requests[1]), float(rps[1]), float(p99[1]) * UNITS_US[p99[2]], failed + (int(wrong[1]) if wrong else 0)


def wrk(setup: Setup, server: Server, seconds: float, *how: str) -> Load:
    """`how`: -s and the like."""
    ended = run_client(setup.client_core, ["wrk", "-t1", f"-c{setup.connections}", f"-d{seconds:g}s", "--latency", *how,
                                           server.url], seconds + 20)
    if ended.code != 0:
        raise CouldNotRun(f"wrk ended with exit code {ended.code}:\n{ended.output}")
    return Load(ended, *parse_wrk(ended.output), {})


def loadgen(setup: Setup, server: Server, seconds: float, *how: str,
            look: Callable[[int, float], None] = lambda pid, t: None) -> Load:
    """`how`: --closed, or -R and the like. A run that loadgen itself does not believe (exit code 4) counts: a
    measurement says so beside its figures."""
    ended = run_client(setup.client_core,
                       [str(setup.loadgen), "run", *how, "-d", f"{seconds:g}s", "-t", "1", "-c",
                        str(setup.connections), "--plain", "-o", str(setup.out / "loadgen"), server.url],
                       seconds + 30, look)
    if ended.code not in (0, 4):
        raise CouldNotRun(f"loadgen ended with exit code {ended.code}:\n{ended.output}")
    result = json.loads((setup.out / "loadgen" / "result.json").read_text())
    target = next(iter(result["targets"].values()))
    totals = target["totals"]
    if totals["completed"] == 0:
        raise CouldNotRun(f"loadgen got no answer:\n{ended.output}")
    return Load(ended, totals["completed"], totals["completed"] / result["run"]["duration_s"],
                target["latency"]["response"]["p99_us"], totals["offered"] - totals["outcomes"]["ok"], result)


def bare_pacer(setup: Setup, rate: float, seconds: float) -> tuple[Ended, dict[str, Any]]:
    ended = run_client(setup.client_core, [str(setup.bare_pacer), "--rate", repr(rate), "--duration", f"{seconds:g}"],
                       seconds + 20)
    if ended.code != 0:
        raise CouldNotRun(f"bare_pacer ended with exit code {ended.code}: {ended.output}")
    return ended, json.loads(ended.output)


def clean_rate(setup: Setup) -> float | None:
    """What `loadgen doctor` finds this machine good for; None where it finds nothing or does not exist yet."""
    file = setup.out / "doctor.json"
    with on_cores(setup.server_core, setup.client_core):
        ended = subprocess.run([str(setup.loadgen), "doctor", "-t", "1", "-c", str(setup.connections), "--json",
                                str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=180, check=False)
    if ended.returncode != 0 or not file.exists():
        return None
    clean: float | None = json.loads(file.read_text()).get("clean_rps")
    return clean
