#!/usr/bin/env python3
"""Offers ingest three times what it can store: what it can it has still to store, and refuse the rest in time.
`./bench perf ingest --overload` builds what is needed and calls this.

Writes a table (also to stdout) and JSON to --out. Exit code: 0 all goals met, 3 one was missed, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from backends import Backends, output_of
from hostile_overload import GOODPUT_GOAL, TIMES, other_outcomes, totals_of
from hostile_setup import at_least
from ingest import bench_of, described, say_missing
from ingest_turn import Bench, Served, Turn, loadgen_posts, measure_turn, serving
from ingest_variants import Variant, entered
from perf_main import run, write_results
from programs import Load
from rounds import Patience, Row, at_most, each_at_most, row, say, steadiness
from scraping import parse_metric, scrape

POOL = 2
ROW_MS = 5          # what the trigger sleeps, so that a core has nothing to do with what can be stored
CONNECTIONS = 6000  # more than --max-in-flight lets wait
MAX_IN_FLIGHT = 4096
DEADLINE_MS = 2000  # --request-timeout
CLIENT_TIMEOUT = "10s"
LOOK_EVERY_S = 0.5

SLOW_TABLE = f"""
create function sleep_a_little() returns trigger language plpgsql
    as 'begin perform pg_sleep({ROW_MS / 1000}); return new; end';
create trigger sleep_a_little before insert on device for each row execute function sleep_a_little();
"""


def slow_down(backends: Backends) -> None:
    output_of([str(backends.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", backends.flags[1], "-c", SLOW_TABLE],
              backends.environment)


@dataclass
class Crowding:
    """The most that was seen of what waits in the service."""

    active: float = 0
    queued: float = 0
    resident_bytes: int = 0
    next_look_s: float = 0

    def look(self, served: Served, t: float) -> None:
        if t < self.next_look_s:
            return
        self.next_look_s = t + LOOK_EVERY_S
        seen = scrape(served.admin_port)
        self.active = max(self.active, parse_metric(seen, "http_server_active_requests") or 0)
        self.queued = max(self.queued, parse_metric(seen, "db_client_connection_pending_requests") or 0)
        self.resident_bytes = max(self.resident_bytes, served.resident_bytes())


@dataclass
class OverloadRound:
    peak_rps: float
    offered_rps: float
    turn: Turn  # of the overload
    crowding: Crowding = field(default_factory=Crowding)
    repeated: bool = False

    @property
    def severity(self) -> float:
        return self.turn.severity

    @property
    def totals(self) -> dict[str, Any]:
        return totals_of(self.turn.load)

    @property
    def good_rps(self) -> float:
        return good_rps(self.turn.load)

    @property
    def p99_ms(self) -> float:
        latency = next(iter(self.turn.load.result["targets"].values()))["latency"]["service"]
        return float(latency["p99_us"]) / 1000

    @property
    def summary(self) -> dict[str, Any]:
        return {"peak_rps": self.peak_rps, "offered_rps": self.offered_rps, "good_rps": self.good_rps, "p99_ms": self.p99_ms,
                "outcomes": self.totals["outcomes"], "statuses": self.totals["statuses"],
                "errors": self.totals["errors"], "active": self.crowding.active, "queued": self.crowding.queued,
                "resident_bytes": self.crowding.resident_bytes, "repeated": self.repeated}


def good_rps(load: Load) -> float:
    """Good answers a second that came while requests were due: not what was still answered after the last."""
    duration = load.result["run"]["duration_s"]
    timeline = next(iter(load.result["targets"].values()))["timeline"]
    within = [second["outcomes"].get("ok", 0) for second in timeline if second["t_s"] <= duration + 0.05]
    return float(sum(within)) / duration


def measure_round(bench: Bench, served: Served, seconds: float) -> OverloadRound:
    peak = good_rps(loadgen_posts(bench, served, seconds, "--closed"))
    crowding = Crowding()
    many = replace(bench, setup=replace(bench.setup, connections=CONNECTIONS))
    turn = measure_turn(many, served, partial(loadgen_posts, many, served, seconds, "-R", str(round(TIMES * peak)),
                                              "--timeout", CLIENT_TIMEOUT, look=lambda pid, t: crowding.look(served, t)))
    return OverloadRound(peak, totals_of(turn.load)["offered"] / turn.load.result["run"]["duration_s"], turn, crowding)


def judge(name: str, rounds: list[OverloadRound]) -> list[Row]:
    others: dict[str, int] = {}
    for r in rounds:
        for what, count in told(r).items():
            others[what] = others.get(what, 0) + count
    return [
        row(f"{name}: stored a second, closed loop", [r.peak_rps for r in rounds],
            f"{POOL} connections, {ROW_MS} ms for each row"),
        row(f"{name}: offered a second", [r.offered_rps for r in rounds],
            f"{TIMES} times that, on up to {CONNECTIONS} connections"),
        at_least(f"{name}: stored a second, overloaded / closed loop", [r.good_rps / r.peak_rps for r in rounds],
                 GOODPUT_GOAL, steadiness(rounds)),
        at_most(f"{name}: p99 ms from sending to 201", [r.p99_ms for r in rounds], DEADLINE_MS, "--request-timeout"),
        each_at_most(f"{name}: most requests that waited at a time", [r.crowding.active for r in rounds], MAX_IN_FLIGHT,
                     f"--max-in-flight; of them for a connection {max(r.crowding.queued for r in rounds):.0f}"),
        row(f"{name}: resident MB, the most", [r.crowding.resident_bytes / 1e6 for r in rounds]),
        row(f"{name}: refused with 503", [r.totals["statuses"].get("503", 0) for r in rounds]),
        each_at_most(f"{name}: neither stored nor refused with 503", [sum(told(r).values()) for r in rounds], 0,
                     ", ".join(f"{what} {count}" for what, count in others.items())),
    ]


def told(r: OverloadRound) -> dict[str, int]:
    """What became of the others; 504 (the outcome is unknown) by itself."""
    others = other_outcomes(r.totals)
    unknown = r.totals["statuses"].get("504", 0)
    left = others.pop("5xx other than 503", 0) - unknown
    return others | ({"504": unknown} if unknown else {}) | ({"5xx other than 503 and 504": left} if left else {})


def measure(bench: Bench, variant: Variant, rounds: int, seconds: float, patience: Patience) -> list[OverloadRound]:
    made = []
    with serving(bench, variant, "on", slow_down) as served:
        for i in range(rounds):
            say(f"overload of {variant.name}: round {i + 1} of {rounds}, {seconds:g} s in closed loop, {seconds:g} s overloaded")
            made.append(patience.cleaner_of_two(partial(measure_round, bench, served, seconds)))
    return made


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ingest_overload.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/ingest and bin/loadgen")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="of each style")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    count, seconds = (1, 4.0) if asked.quick else (3, 8.0)
    count = asked.rounds or count
    program = asked.build.resolve() / "bin/ingest"
    with bench_of(asked) as bench:
        programs, missing = entered(program, Path.cwd())
        ours = [each.with_pool(POOL) for each in programs if each.words[0] == str(program)]
        lacking = say_missing([each for each in missing if "this ingest has no" in each])
        patience = Patience(5 if asked.quick else 30)
        measured = {variant.program: measure(bench, variant, count, seconds, patience) for variant in ours}
        subtitle = f"{described(program, bench)}; {lacking}" + ("; quick" if asked.quick else "")
    return write_results(asked.out, "perf_ingest_overload", "./bench perf ingest --overload", subtitle,
                         {"Overload": [r for name, rounds in measured.items() for r in judge(name, rounds)]},
                         {"rounds": {name: [r.summary for r in rounds] for name, rounds in measured.items()}})


if __name__ == "__main__":
    run(main, sys.argv[1:])
