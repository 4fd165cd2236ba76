"""What serving a GET costs: CPU time per request of each server alone on its core, in interleaved rounds."""
from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from contestants import Contestant, baseline, contenders, floor, nginx
from procfs import Cpu, Disturbance, Watch
from programs import Load, Setup, wrk
from rounds import InterleavedRounds, Patience, Row, at_most, row, say, steadiness
from services import Service, answer_bytes

FLOOR_GOAL, FLOOR_AIM = 1.20, 1.10
NGINX_GOAL = 1.0
GO_GOAL = 0.333
WARM_S = 1


@dataclass
class Turn:
    """One server, loaded for one round."""

    load: Load
    cpu: Cpu
    resident_bytes: int
    disturbance: Disturbance
    repeated: bool = False

    @property
    def severity(self) -> float:
        return self.disturbance.severity

    @property
    def cpu_us(self) -> float:
        return self.cpu.total_s * 1e6 / self.load.requests

    @property
    def user_us(self) -> float:
        return self.cpu.user_s * 1e6 / self.load.requests

    @property
    def system_us(self) -> float:
        return self.cpu.system_s * 1e6 / self.load.requests

    @property
    def summary(self) -> dict[str, Any]:
        return {"requests": self.load.requests, "rps": self.load.rps, "p99_us": self.load.p99_us,
                "failed": self.load.failed, "cpu_us_per_request": self.cpu_us, "user_us_per_request": self.user_us,
                "system_us_per_request": self.system_us, "resident_bytes": self.resident_bytes,
                "steal": self.disturbance.steal, "foreign": self.disturbance.foreign, "repeated": self.repeated}


@dataclass
class ServingCost(InterleavedRounds[Turn]):
    titles: dict[str, str]
    answer_sizes: dict[str, int]
    not_there: list[str]

    def ratios(self, name: str, to: str) -> list[float]:
        """Of CPU per request, round by round."""
        return self.ratios_of(name, to, lambda turn: turn.cpu_us)

    @property
    def cost_rows(self) -> list[Row]:
        rows = []
        for name, title in self.titles.items():
            user, system = (median(self.values(name, of)) for of in (lambda t: t.user_us, lambda t: t.system_us))
            notes = [f"{user:.2f} user + {system:.2f} system", steadiness(self.turns(name))]
            if len(self.turns(name)) < len(self.rounds):
                notes.append(f"{len(self.turns(name))} rounds of {len(self.rounds)}: it is far from the others")
            rows.append(row(f"{title}: CPU us per request", self.values(name, lambda t: t.cpu_us),
                            "; ".join(note for note in notes if note)))
        return rows

    @property
    def ratio_rows(self) -> list[Row]:
        to_floor = self.ratios("baseline", "floor")
        reached = "reached" if median(to_floor) <= FLOOR_AIM else "not reached"
        rows = [at_most("CPU per request, baseline / floor", to_floor, FLOOR_GOAL,
                        f"{FLOOR_AIM:.2f} is aimed at: {reached}"),
                at_most("CPU per request, baseline / nginx", self.ratios("baseline", "nginx"), NGINX_GOAL)]
        what = "CPU per request, baseline / Go contender"
        if "go" in self.titles:
            rows.append(at_most(what, self.ratios("baseline", "go"), GO_GOAL))
        else:
            rows.append(Row(what, math.nan, math.nan, math.nan, f"<= {GO_GOAL:g}",
                            note="not judged, it is not set up: ./bench setup contenders"))
        rows += [row(f"CPU per request, {title} / floor", self.ratios(name, "floor"))
                 for name, title in self.titles.items() if name not in ("floor", "baseline")]
        return rows

    @property
    def other_rows(self) -> list[Row]:
        rows = []
        for name, title in self.titles.items():
            rows.append(row(f"{title}: requests/s", self.values(name, lambda t: t.load.rps)))
            rows.append(row(f"{title}: p99 us", self.values(name, lambda t: t.load.p99_us)))
            rows.append(row(f"{title}: resident MB", self.values(name, lambda t: t.resident_bytes / 1e6)))
        sizes = self.answer_sizes
        rows.append(at_most("bytes of an answer, floor's apart from baseline's",
                            [abs(sizes["floor"] - sizes["baseline"])], 0,
                            f"floor {sizes['floor']}, baseline {sizes['baseline']}, nginx {sizes['nginx']} with the same body"))
        rows.append(at_most("requests without a good answer, all together",
                            [sum(sum(self.values(name, lambda t: t.load.failed)) for name in self.titles)], 0))
        return rows

    @property
    def summary(self) -> dict[str, Any]:
        return {"answer_bytes": self.answer_sizes, "not_there": self.not_there,
                "rounds": [{"order": order, "servers": {name: turn.summary for name, turn in r.items()}}
                           for order, r in zip(self.orders, self.rounds)]}


def rotated(names: list[str], turn: int) -> list[str]:
    return names[turn % len(names):] + names[:turn % len(names)]


def measure_turn(setup: Setup, service: Service, seconds: float) -> Turn:
    before, watch = service.cpu(), Watch(setup.cores)
    load = wrk(setup, service, seconds)
    spent = service.cpu() - before
    return Turn(load, spent, service.resident_bytes(), watch.disturbance([spent, load.ended.cpu]))


def in_rounds(setup: Setup, entered: list[Contestant], rounds: int, seconds: float,
              patience: Patience) -> Iterator[dict[str, Turn]]:
    """Each of them in each round, started anew and warmed up, in an order that is another one each time."""
    by_name = {each.name: each for each in entered}
    for i in range(rounds):
        order = [name for name in rotated(list(by_name), i) if by_name[name].takes_part(i)]
        say(f"serving: round {i + 1} of {rounds}, {seconds:g} s for each of {len(order)} servers")
        turns: dict[str, Turn] = {}
        for name in order:
            with by_name[name].serving(setup) as service:
                wrk(setup, service, WARM_S)
                turns[name] = patience.cleaner_of_two(partial(measure_turn, setup, service, seconds))
        say("  " + "   ".join(f"{name} {turn.cpu_us:.2f} us" for name, turn in turns.items()))
        yield turns


def measure(setup: Setup, program: Path, root: Path, rounds: int, seconds: float, patience: Patience) -> ServingCost:
    others, not_there = contenders(root)
    sizes, body = {}, b""
    with tempfile.TemporaryDirectory(prefix="beastmark-nginx-") as folder:
        first = [floor(setup), baseline(program)]
        for each in first:
            with each.serving(setup) as service:
                sizes[each.name], body = answer_bytes(service.port)
        entered: list[Contestant] = [*first, nginx(Path(folder), body), *others]
        with entered[2].serving(setup) as service:
            sizes["nginx"], _ = answer_bytes(service.port)
        made = ServingCost({each.name: each.title for each in entered}, sizes, not_there)
        for turns in in_rounds(setup, entered, rounds, seconds, patience):
            made.orders.append(list(turns))
            made.rounds.append(turns)
    return made
