"""Cheap: CPU time per request of loadgen beside wrk's, against the same floor server, in interleaved rounds."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from procfs import Disturbance, Watch
from programs import Load, Server, Setup, loadgen, serving, wrk
from rounds import Patience, Row, at_most, row, say, steadiness

CLOSED_GOAL = 0.95
OPEN_GOAL = 1.15


@dataclass
class CheapRound:
    order: list[str]
    loads: dict[str, Load]
    server_us: dict[str, float]  # the server's CPU per request
    disturbances: dict[str, Disturbance]
    repeated: bool = False

    @property
    def severity(self) -> float:
        return max(d.severity for d in self.disturbances.values())

    def ratio(self, client: str) -> float:
        return self.loads[client].cpu_us / self.loads["wrk"].cpu_us

    @property
    def summary(self) -> dict[str, Any]:
        return {"order": self.order, "repeated": self.repeated,
                "clients": {name: load.summary | {"server_cpu_us_per_request": self.server_us[name],
                                                  "steal": self.disturbances[name].steal,
                                                  "foreign": self.disturbances[name].foreign}
                            for name, load in self.loads.items()}}


@dataclass
class Cheap:
    open_rate: int
    rounds: list[CheapRound]

    def values(self, client: str, of: Callable[[Load], float]) -> list[float]:
        return [of(r.loads[client]) for r in self.rounds]

    @property
    def rows(self) -> list[Row]:
        titles = {"wrk": "wrk -t1", "closed": "loadgen --closed", "open": f"loadgen -R {self.open_rate}"}
        rows = []
        for name, title in titles.items():
            user, system = (sum(self.values(name, of)) / len(self.rounds) for of in
                            (lambda x: x.ended.cpu.user_s * 1e6 / x.requests,
                             lambda x: x.ended.cpu.system_s * 1e6 / x.requests))
            rows.append(row(f"{title}: CPU us per request", self.values(name, lambda x: x.cpu_us),
                            f"mean {user:.2f} user + {system:.2f} system"))
        ratios = {name: [r.ratio(name) for r in self.rounds] for name in ("closed", "open")}
        rows.append(at_most("CPU per request, loadgen --closed / wrk", ratios["closed"], CLOSED_GOAL,
                            steadiness(self.rounds)))
        rows.append(at_most("CPU per request, loadgen at half the rate / wrk", ratios["open"], OPEN_GOAL))
        for name, title in titles.items():
            rows.append(row(f"{title}: requests/s", self.values(name, lambda x: x.rps)))
            rows.append(row(f"{title}: p99 us", self.values(name, lambda x: x.p99_us)))
            rows.append(row(f"{title}: resident MB", self.values(name, lambda x: x.ended.peak_bytes / 1e6)))
        failed = sum(sum(self.values(name, lambda x: x.failed)) for name in titles)
        if failed:
            rows.append(row("requests without a good answer, all together", [failed]))
        return rows

    @property
    def summary(self) -> dict[str, Any]:
        return {"open_rate": self.open_rate, "rounds": [r.summary for r in self.rounds]}


def measure_round(setup: Setup, server: Server, clients: dict[str, Callable[[], Load]], turn: int) -> CheapRound:
    names = list(clients)
    order = names[turn % len(names):] + names[:turn % len(names)]
    made = CheapRound(order, {}, {}, {})
    for name in order:
        before, watch = server.cpu(), Watch(setup.cores)
        load = clients[name]()
        spent = server.cpu() - before
        made.loads[name] = load
        made.server_us[name] = spent.total_s * 1e6 / load.requests
        made.disturbances[name] = watch.disturbance([spent, load.ended.cpu])
    say("  " + "   ".join(f"{name} {made.loads[name].cpu_us:.2f} us" for name in names))
    return made


def measure(setup: Setup, rounds: int, seconds: float, patience: Patience) -> Cheap:
    with serving(setup) as server:
        say("loadgen's closed loop, for its rate")
        rate = max(1, round(loadgen(setup, server, seconds, "--closed").rps / 2))
        clients: dict[str, Callable[[], Load]] = {
            "wrk": lambda: wrk(setup, server, seconds),
            "closed": lambda: loadgen(setup, server, seconds, "--closed"),
            "open": lambda: loadgen(setup, server, seconds, "-R", str(rate)),
        }
        made = []
        for i in range(rounds):
            say(f"cheap: round {i + 1} of {rounds}, {seconds:g} s for each of 3 clients")
            made.append(patience.cleaner_of_two(partial(measure_round, setup, server, clients, i)))
    return Cheap(rate, made)
