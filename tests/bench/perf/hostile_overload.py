"""Overload: at three times what it can do, a service still does nearly all of it, and refuses the rest at once."""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from hostile_setup import Hostile, at_least
from procfs import Disturbance, Watch
from programs import Load, Setup, loadgen
from rounds import Patience, Row, at_most, each_at_most, row, say, steadiness
from services import Service

TIMES = 3
CONNECTIONS = 2000
GOODPUT_GOAL = 0.85
QUEUE_TIMES_MS = (500, 50)  # the default, and one that 2000 requests waiting for one another (200 ms) go beyond
UNSENT = ("skipped", "unfinished")  # loadgen's affair, not the service's


@dataclass
class OverloadRound:
    peak_rps: float
    good_rps: float
    offered_rps: float
    service_p99_us: float  # of good answers
    refused: int
    other: dict[str, int]
    disturbance: Disturbance
    repeated: bool = False

    @property
    def severity(self) -> float:
        return self.disturbance.severity


def totals_of(load: Load) -> dict[str, Any]:
    totals: dict[str, Any] = next(iter(load.result["targets"].values()))["totals"]
    return totals


def other_outcomes(totals: dict[str, Any]) -> dict[str, int]:
    """Neither a 200, nor a refusal with 503, nor never sent."""
    others = {name: count for name, count in totals["outcomes"].items()
              if count and name not in ("ok", "http_5xx", *UNSENT)}
    wrong = totals["outcomes"]["http_5xx"] - totals["statuses"].get("503", 0)
    return others | ({"5xx other than 503": wrong} if wrong else {})


def measure_round(setup: Setup, service: Service, seconds: float) -> OverloadRound:
    before, watch = service.cpu(), Watch(setup.cores)
    closed = loadgen(setup, service, seconds, "--closed")
    peak = totals_of(closed)["outcomes"]["ok"] / closed.result["run"]["duration_s"]
    # -c given twice would be an error: the connections are the setup's
    many = Setup(**(setup.__dict__ | {"connections": CONNECTIONS}))
    load = loadgen(many, service, seconds, "-R", str(round(TIMES * peak)))
    totals = totals_of(load)
    seen = watch.disturbance([service.cpu() - before, closed.ended.cpu, load.ended.cpu])
    duration = load.result["run"]["duration_s"]
    latency = next(iter(load.result["targets"].values()))["latency"]["service"]
    return OverloadRound(peak, totals["outcomes"]["ok"] / duration, totals["sent"] / duration, latency["p99_us"],
                         totals["statuses"].get("503", 0), other_outcomes(totals), seen)


def judge(queue_time_ms: int, rounds: list[OverloadRound]) -> list[Row]:
    title = f"overload, --max-queue-time {queue_time_ms}ms"
    others: dict[str, int] = {}
    for r in rounds:
        for name, count in r.other.items():
            others[name] = others.get(name, 0) + count
    return [
        row(f"{title}: good answers/s in closed loop", [r.peak_rps for r in rounds], "100 us of CPU for each"),
        row(f"{title}: requests/s sent", [r.offered_rps for r in rounds], f"{TIMES} times that is due, on {CONNECTIONS} connections"),
        at_least(f"{title}: good answers/s, overloaded / closed loop", [r.good_rps / r.peak_rps for r in rounds],
                 GOODPUT_GOAL, steadiness(rounds)),
        at_most(f"{title}: p99 ms from sending to a good answer", [r.service_p99_us / 1000 for r in rounds],
                2 * queue_time_ms, "twice the time that a request may wait"),
        row(f"{title}: refused with 503", [r.refused for r in rounds]),
        each_at_most(f"{title}: neither answered nor refused with 503", [sum(r.other.values()) for r in rounds], 0,
                     ", ".join(f"{name} {count}" for name, count in others.items())),
    ]


def measure(hostile: Hostile) -> tuple[list[Row], dict[str, Any]]:
    seconds, count = (2.0, 2) if hostile.quick else (5.0, 5)
    rows: list[Row] = []
    measured, patience = {}, Patience(5 if hostile.quick else 30)
    for queue_time_ms in QUEUE_TIMES_MS:
        option, rounds = f"{queue_time_ms}ms", []
        with hostile.busy_with("--max-queue-time", option).serving(hostile.setup) as service:
            loadgen(hostile.setup, service, 1, "--closed")  # warm
            for i in range(count):
                say(f"overload, {option}: round {i + 1} of {count}, {seconds:g} s in closed loop and {seconds:g} s overloaded")
                rounds.append(patience.cleaner_of_two(partial(measure_round, hostile.setup, service, seconds)))
        rows += judge(queue_time_ms, rounds)
        measured[option] = [{k: v for k, v in r.__dict__.items() if k != "disturbance"} for r in rounds]
    return rows, measured
