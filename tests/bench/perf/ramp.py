"""One ramp of ./bench compare: a target alone, from its start to its end, and what loadgen says of it."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends import Backends
from contest import Staircase
from placement import Placement
from processes import Process, confined, running, serves_readyz, tail
from procfs import Cpu, Disturbance, Watch, kernel_threads, tree_cpu
from programs import CouldNotRun, NotTheTarget, run_client
from rounds import say
from services import service_flags
from targets import Target

READY_S = 60  # an interpreter on a busy machine
MOST_DISTURBED = 0.1  # of the seconds, as loadgen's own rule for a run
# The objective of the progress line only; the report's table has its own.
HELD_P99_US, HELD_AVAILABILITY = 50_000, 0.999

REQUEST = ["-m", "POST", "-b", '{"mac":"{{mac}}","firmware":"2.1.5"}', "-H", "Content-Type: application/json",
           "--expect", "201"]


@dataclass(frozen=True)
class Setup:
    """What is equal for all."""

    kind: str  # get or post
    staircase: Staircase
    placement: Placement
    loadgen: Path
    root: Path  # where the targets' commands are relative to
    out: Path
    port_offset: int = 0
    pool: int | None = None  # instead of each target's own
    backends: Backends | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Ramp:
    """One that has a result."""

    name: str
    turn: int
    folder: Path
    held_rps: float | None
    disturbed: float  # share of the seconds, as loadgen says
    beside: Disturbance
    failure: str = ""  # of the target, which is not measured again then
    repeated: bool = False

    @property
    def result(self) -> Path:
        return self.folder / "result.json"

    @property
    def severity(self) -> float:
        """Above 1: something else took too much of the time."""
        return max(self.disturbed / MOST_DISTURBED, self.beside.severity)

    def move(self, folder: Path) -> None:
        self.folder.rename(folder)
        self.folder = folder


def folder_name(turn: int, name: str) -> str:
    return f"{turn + 1}-{name}"


def pool_of(setup: Setup, target: Target) -> int:
    """Connections to PostgreSQL: one for each core of the service at least, whose thread or process needs it."""
    return max(setup.pool or target.pool, len(setup.placement.service))


def service_command(setup: Setup, target: Target) -> list[str]:
    port = target.ports[setup.kind] + setup.port_offset
    flags = service_flags(port, port + 1)
    if setup.backends is not None:
        flags += [*setup.backends.flags, "--pool", str(pool_of(setup, target))]
    return [*target.commands[setup.kind], *flags]


def loadgen_command(setup: Setup, name: str, target: Target, turn: int, watched: Mapping[str, int]) -> list[str]:
    port, staircase = target.ports[setup.kind] + setup.port_offset, setup.staircase
    labels = {"round": str(turn + 1), **setup.labels}
    if setup.kind == "post":
        labels["pool"] = str(pool_of(setup, target))
    return [str(setup.loadgen), "run", "--plain", "--output", str(setup.out / folder_name(turn, name)),
            *(REQUEST if setup.kind == "post" else []), "--warmup", f"{staircase.warmup_s}s",
            *(word for rate in staircase.rates for word in ("--stage", f"{staircase.step_s}s:{rate}")),
            "--stop-when", staircase.stop_when,
            *(word for watch, pid in watched.items() for word in ("--watch", f"{watch}={pid}")),
            "--scrape", f"{name}=http://127.0.0.1:{port + 1}/metrics",
            *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
            f"{name}=http://127.0.0.1:{port}/api/devices"]


def highest_held(target: Mapping[str, Any]) -> float | None:
    """Of a result's target: the rate of the last stage that kept the objective before one that did not. Stages not to
    be believed say neither."""
    held = None
    for stage in target["stages"]:
        if stage["warmup"] or not stage["complete"] or not stage["validity"]["believable"]:
            continue
        availability, p99_us = stage["totals"]["availability"], stage["latency"]["response"]["p99_us"]
        if availability is None or p99_us is None or availability < HELD_AVAILABILITY or p99_us >= HELD_P99_US:
            break
        held = stage["to_rps"]
    return held


def disturbed_share(target: Mapping[str, Any], warmup_s: float) -> float:
    seconds = [row["verdict"] for row in target["timeline"] if row["t_s"] > warmup_s + 0.5]
    return seconds.count("disturbed") / len(seconds) if seconds else 0.0


def make_ramp(setup: Setup, name: str, target: Target, turn: int) -> Ramp:
    """Raises CouldNotRun when there is no result: NotTheTarget when that is not the target's doing. Its folder is out of
    the way then, so that it can be tried again."""
    folder = setup.out / folder_name(turn, name)
    try:
        folder.mkdir()
        return try_ramp(setup, name, target, turn, folder)
    except OSError as error:
        failure = NotTheTarget(f"{name} could not be measured: {error}")
    except NotTheTarget as error:
        failure = error
    with suppress(OSError):  # which may be what failed
        put_aside(folder)
    raise failure


def put_aside(folder: Path) -> None:
    aside, count = folder.with_name(folder.name + "-failed"), 1
    while aside.exists():
        count += 1
        aside = folder.with_name(f"{folder.name}-failed-{count}")
    folder.rename(aside)


def try_ramp(setup: Setup, name: str, target: Target, turn: int, folder: Path) -> Ramp:
    environment = setup.backends.environment if setup.backends else {}
    with ExitStack() as stack:
        behind: dict[str, Process] = {}
        if setup.backends is not None:
            with not_the_target():
                backends = stack.enter_context(setup.backends.started(folder))
            behind = {"postgres": backends.postgres, "memcached": backends.memcached}
        service = stack.enter_context(running(name, service_command(setup, target), setup.placement.service,
                                              folder / "service.log", environment, setup.root))
        admin_port = target.ports[setup.kind] + setup.port_offset + 1
        try:
            service.await_ready(READY_S, lambda: serves_readyz(admin_port))
        except CouldNotRun:
            expect_running(behind)
            raise
        watched = {name: service.pid, **{watch: process.pid for watch, process in behind.items()}}
        with not_the_target():
            code, beside = load(setup, loadgen_command(setup, name, target, turn, watched), folder, list(watched.values()))
        died = service.code
        expect_running(behind)
    failure = ""
    if died is not None:
        failure = f"{name} ended under load with exit code {died}{service.tail()}"
    elif service.code != 0:
        say(f"  {name} ended with exit code {service.code} after SIGTERM: it has to be 0")
    if not (folder / "result.json").exists() or code not in (0, 4):
        if failure:
            raise CouldNotRun(failure)
        raise NotTheTarget(f"loadgen ended with exit code {code}{tail(folder / 'summary.txt')}")
    seen = json.loads((folder / "result.json").read_text())["targets"][name]
    return Ramp(name, turn, folder, highest_held(seen), disturbed_share(seen, setup.staircase.warmup_s), beside, failure)


@contextmanager
def not_the_target() -> Iterator[None]:
    try:
        yield
    except CouldNotRun as error:
        raise NotTheTarget(str(error)) from None


def expect_running(behind: Mapping[str, Process]) -> None:
    for process in behind.values():
        if process.code is not None:
            raise NotTheTarget(f"{process.name} ended with exit code {process.code}{process.tail()}")


def load(setup: Setup, command: Sequence[str], folder: Path, known: list[int]) -> tuple[int, Disturbance]:
    """Runs loadgen to its end: its exit code, and what ran beside it and the known processes."""
    before, watch = own_and(known), Watch(setup.placement.cores)
    ended = run_client(setup.placement.loadgen[0], confined(setup.placement.loadgen, command, "KILL"),
                       setup.staircase.longest_s + 60)
    (folder / "summary.txt").write_text(ended.output)
    return ended.code, watch.disturbance([own_and(known) - before, ended.cpu])


def own_and(known: list[int]) -> Cpu:
    times = os.times()
    return tree_cpu([*known, *kernel_threads()]) + Cpu(times.user, times.system)
