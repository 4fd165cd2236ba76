"""Crowds that sit idle, send slowly or never read, beside others: they must neither wait for it nor pay for it."""
from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from hostile_setup import OTHERS_RATE, P99_GOAL, Hostile, crowd
from procfs import Disturbance, Watch
from programs import Setup, loadgen
from rounds import Patience, Row, at_most, each_at_most, row, say, steadiness
from services import Service

BETWEEN_S = 1  # for the service to clear away a crowd that left


@dataclass(frozen=True)
class Kind:
    name: str           # crowd.py's
    title: str
    count: int
    seconds: float      # of the others' load, beside it and without; longer than the timeout, so that refusals are part of it
    memory_mb: float
    memory_why: str
    timeout_s: float = 0  # the service's, by its defaults; 0: they may stay
    counts_from: str = ""

    @property
    def limit_s(self) -> float:
        return self.timeout_s + 1 if self.timeout_s else 1e9


KINDS = {kind.name: kind for kind in (
    Kind("idle", "10,000 idle connections", 10_000, 4, 60, "6 KB for each"),
    Kind("slow-heads", "1,000 slow heads", 1_000, 7, 48, "40 KB for each", 5, "its first byte"),
    Kind("slow-bodies", "1,000 slow bodies", 1_000, 7, 48, "40 KB for each", 5, "the end of its head"),
    Kind("slow-readers", "1,000 that do not read", 1_000, 7, 108, "100 KB for each", 5, "the last byte it could send"),
)}


@dataclass
class Loaded:
    p99_us: float  # of the median second
    failed: int
    disturbance: Disturbance


@dataclass
class Pair:
    without: Loaded
    beside: Loaded
    resident_bytes: int  # while the crowd is there
    crowd: dict[str, Any]
    repeated: bool = False

    @property
    def severity(self) -> float:
        return max(self.without.disturbance.severity, self.beside.disturbance.severity)

    @property
    def ratio(self) -> float:
        return self.beside.p99_us / self.without.p99_us


def p99_of_median_second(timeline: Path) -> float:
    """A pause of the whole machine of 10 ms in a second is that second's p99; it must not be that of the run."""
    seconds = [json.loads(line) for line in timeline.read_text().splitlines()]
    return median(s["response"]["p99_us"] for s in seconds if s.get("completed"))


def load_others(setup: Setup, service: Service, seconds: float, harm: Any = None) -> Loaded:
    before, harm_before, watch = service.cpu(), harm and harm.cpu(), Watch(setup.cores)
    load = loadgen(setup, service, seconds, "-R", str(OTHERS_RATE))
    known = [service.cpu() - before, load.ended.cpu] + ([harm.cpu() - harm_before] if harm else [])
    p99_us = p99_of_median_second(setup.out / "loadgen" / "timeline.ndjson")
    return Loaded(p99_us, load.failed, watch.disturbance(known))


def measure_pair(setup: Setup, service: Service, kind: Kind, seconds: float, turn: int) -> Pair:
    without = load_others(setup, service, seconds) if turn % 2 == 0 else None
    with crowd(setup, kind.name, service.port, kind.count, kind.limit_s) as harm:
        beside = load_others(setup, service, seconds, harm)
        resident = service.resident_bytes()
        became = harm.leave()
    time.sleep(BETWEEN_S)
    return Pair(without or load_others(setup, service, seconds), beside, resident, became)


def judge(kind: Kind, pairs: list[Pair]) -> list[Row]:
    outcomes: dict[str, int] = {}
    for pair in pairs:
        for name, count in pair.crowd["outcomes"].items():
            outcomes[name] = outcomes.get(name, 0) + count
    told = ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items())) or "none"
    rows = [row(f"{kind.title}: p99 us of others without them, median second", [p.without.p99_us for p in pairs]),
            row(f"{kind.title}: p99 us of others beside them, median second", [p.beside.p99_us for p in pairs]),
            at_most(f"{kind.title}: p99 of others, beside / without", [p.ratio for p in pairs], P99_GOAL, steadiness(pairs)),
            each_at_most(f"{kind.title}: requests of others without a good answer",
                         [p.without.failed + p.beside.failed for p in pairs], 0),
            each_at_most(f"{kind.title}: resident MB", [p.resident_bytes / 1e6 for p in pairs], kind.memory_mb, kind.memory_why)]
    if not kind.timeout_s:
        rows.append(each_at_most(f"{kind.title}: turned away", [p.crowd["refused"] for p in pairs], 0, told))
        return rows
    rows.append(each_at_most(f"{kind.title}: s until refused, the slowest", [p.crowd["longest_s"] for p in pairs], kind.limit_s,
                             f"from {kind.counts_from}; timeout {kind.timeout_s:g} s; outcomes: {told}"))
    rows.append(each_at_most(f"{kind.title}: refused too late or not at all", [p.crowd["late"] for p in pairs], 0))
    # Longer than the timeout, so that each was refused at least once.
    rows.append(each_at_most(f"{kind.title}: missing refusals", [max(0, kind.count - p.crowd["refused"]) for p in pairs], 0,
                             f"{pairs[-1].crowd['refused']:,} refused in the last round"))
    return rows


def measure(hostile: Hostile, name: str) -> tuple[list[Row], dict[str, Any]]:
    kind = KINDS[name]
    pairs, patience = [], Patience(5 if hostile.quick else 40)
    count = 2 if hostile.quick else 5
    seconds = max(2 if hostile.quick else kind.seconds, kind.timeout_s + 2 if kind.timeout_s else 0)
    with hostile.baseline_with().serving(hostile.setup) as service:
        load_others(hostile.setup, service, 1)  # warm
        for i in range(count):
            say(f"{kind.title}: round {i + 1} of {count}, {seconds:g} s with and without")
            pairs.append(patience.cleaner_of_two(partial(measure_pair, hostile.setup, service, kind, seconds, i)))
    return judge(kind, pairs), {"rounds": [
        {"p99_us_without": p.without.p99_us, "p99_us_beside": p.beside.p99_us, "resident_bytes": p.resident_bytes,
         "crowd": p.crowd, "repeated": p.repeated} for p in pairs]}
