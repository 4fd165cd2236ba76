"""Overload: at three times what it can do, a service still does nearly all of it, and refuses the rest at once."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hostile_setup import Hostile, at_least
from procfs import Disturbance, Watch
from programs import Load, Setup, loadgen
from rounds import Patience, Row, at_most, each_at_most, row, say, steadiness
from services import Service

TIMES = 3
CONNECTIONS = 2000
GOODPUT_GOAL = 0.85
# Half of what 2000 requests that all wait for one another take.
SERVICE_P99_GOAL_MS = 100.0
UNSENT = ("skipped", "unfinished")  # loadgen's affair, not the service's


@dataclass
class OverloadRound:
    peak_rps: float
    good_rps: float
    offered_rps: float
    service_p99_us: float
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


def judge(rounds: list[OverloadRound]) -> list[Row]:
    others: dict[str, int] = {}
    for r in rounds:
        for name, count in r.other.items():
            others[name] = others.get(name, 0) + count
    return [
        row("overload: good answers/s in closed loop", [r.peak_rps for r in rounds], "100 us of CPU for each"),
        row("overload: requests/s sent", [r.offered_rps for r in rounds], f"{TIMES} times that is due, on {CONNECTIONS} connections"),
        at_least("overload: good answers/s, overloaded / closed loop", [r.good_rps / r.peak_rps for r in rounds],
                 GOODPUT_GOAL, steadiness(rounds)),
        at_most("overload: p99 ms from sending to a good answer", [r.service_p99_us / 1000 for r in rounds],
                SERVICE_P99_GOAL_MS, "half of what it takes when all connections wait for one another"),
        row("overload: refused with 503", [r.refused for r in rounds]),
        each_at_most("overload: neither answered nor refused with 503", [sum(r.other.values()) for r in rounds], 0,
                     ", ".join(f"{name} {count}" for name, count in others.items())),
    ]


def measure(hostile: Hostile) -> tuple[list[Row], dict[str, Any]]:
    seconds, count = (2.0, 2) if hostile.quick else (5.0, 5)
    rounds, patience = [], Patience(5 if hostile.quick else 30)
    with hostile.busy_with().serving(hostile.setup) as service:
        loadgen(hostile.setup, service, 1, "--closed")  # warm
        for i in range(count):
            say(f"overload: round {i + 1} of {count}, {seconds:g} s in closed loop and {seconds:g} s overloaded")
            rounds.append(patience.cleaner_of_two(lambda: measure_round(hostile.setup, service, seconds)))
    return judge(rounds), {"rounds": [{k: v for k, v in r.__dict__.items() if k != "disturbance"} for r in rounds]}
