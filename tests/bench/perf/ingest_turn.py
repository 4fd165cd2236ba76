"""One program that stores devices, measured: backends of its own, what wrk or loadgen sees, and CPU time by who spent it."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backends import Backends
from ingest_variants import Variant
from placement import Placement
from processes import running, serves_readyz
from procfs import Cpu, Disturbance, Watch, parse_tree_cpu, process_memory, read_stats, tree
from programs import CouldNotRun, Load, Server, Setup, loadgen, wrk
from ramp import READY_S, REQUEST, own_and
from scraping import parse_metric, scrape
from services import free_ports

APPLICATION, POSTGRES, MEMCACHED = "application", "postgres", "memcached"
WARM_S = 1
SCRIPT = Path(__file__).resolve().parents[1] / "post_device.lua"
COMMITS = ("off", "on")


@dataclass(frozen=True)
class Bench:
    """What is equal for all."""

    setup: Setup
    placement: Placement
    backends: Backends


@dataclass
class Served(Server):
    admin_port: int
    processes: Mapping[str, int]  # by who

    def cpu_by(self) -> dict[str, Cpu]:
        """Of all processes of each, with those that have ended."""
        stats = read_stats()
        return {who: parse_tree_cpu(stats, pid) for who, pid in self.processes.items()}

    def resident_bytes(self) -> int:
        """The application's."""
        return sum(process_memory(pid, "VmRSS") or 0 for pid in tree(read_stats(), self.pid))


@contextmanager
def serving(bench: Bench, variant: Variant, commit: str,
            prepare: Callable[[Backends], None] = lambda backends: None) -> Iterator[Served]:
    """With a fresh copy of a database with an empty table, which `prepare` may change, and a memcached of its own. All
    connections of its pool that it makes at its start are made."""
    out = bench.setup.out
    port, admin_port = free_ports(2)
    with bench.backends.started(out, {"synchronous_commit": commit}) as behind:
        prepare(bench.backends)
        with running(variant.name, variant.command(port, admin_port, bench.backends.flags), bench.placement.service,
                     out / f"{variant.name}.log", bench.backends.environment, bench.setup.out) as service:
            service.await_ready(READY_S, lambda: serves_readyz(admin_port) and not connecting(admin_port))
            yield Served(service.pid, f"http://127.0.0.1:{port}/api/devices", None, admin_port,
                         {APPLICATION: service.pid, POSTGRES: behind.postgres.pid, MEMCACHED: behind.memcached.pid})
            if service.code is not None:
                raise CouldNotRun(f"{variant.name} ended under load with exit code {service.code}{service.tail()}")


def connecting(admin_port: int) -> bool:
    """To the database: what connects to a cache only when it has something to store is ready, too."""
    return bool(parse_metric(scrape(admin_port), "db_client_connection_count", db_client_connection_pool_name="postgresql",
                             db_client_connection_state="connecting"))


@dataclass
class Turn:
    """One program, loaded once."""

    load: Load
    spent: dict[str, Cpu]
    resident_bytes: int
    disturbance: Disturbance
    repeated: bool = False

    @property
    def severity(self) -> float:
        return self.disturbance.severity

    @property
    def cpu_us(self) -> float:
        """Of the application, per request."""
        return self.cpu_us_of(APPLICATION)

    @property
    def all_cpu_us(self) -> float:
        return sum(self.cpu_us_of(who) for who in self.spent)

    def cpu_us_of(self, who: str) -> float:
        return self.spent[who].total_s * 1e6 / self.load.requests

    @property
    def summary(self) -> dict[str, Any]:
        return {"requests": self.load.requests, "rps": self.load.rps, "p99_us": self.load.p99_us, "failed": self.load.failed,
                "cpu_us_per_request": {who: {"user": cpu.user_s * 1e6 / self.load.requests,
                                             "system": cpu.system_s * 1e6 / self.load.requests}
                                       for who, cpu in self.spent.items()},
                "resident_bytes": self.resident_bytes, "steal": self.disturbance.steal, "foreign": self.disturbance.foreign,
                "repeated": self.repeated}


def measure_turn(bench: Bench, served: Served, load: Callable[[], Load]) -> Turn:
    known = list(served.processes.values())
    by, all_before, watch = served.cpu_by(), own_and(known), Watch(bench.placement.cores)
    seen = load()
    spent = {who: cpu - by[who] for who, cpu in served.cpu_by().items()}
    return Turn(seen, spent, served.resident_bytes(), watch.disturbance([own_and(known) - all_before, seen.ended.cpu]))


def other_answers(output: str) -> int:
    """What the script counted: answers that wrk takes for good, and are none."""
    found = re.search(r"^Answers below 400 other than 201: (\d+)$", output, re.MULTILINE)
    if found is None:
        raise CouldNotRun(f"wrk's script did not tell what was answered:\n{output}")
    return int(found[1])


def wrk_posts(bench: Bench, served: Server, seconds: int) -> Load:
    """Closed loop; what was answered otherwise than by 201 has failed."""
    load = wrk(bench.setup, served, seconds, "-s", str(SCRIPT))
    return replace(load, failed=load.failed + other_answers(load.ended.output))


def loadgen_posts(bench: Bench, served: Server, seconds: float, *how: str,
                  look: Callable[[int, float], None] = lambda pid, t: None) -> Load:
    return loadgen(bench.setup, served, seconds, *REQUEST, *how, look=look)
