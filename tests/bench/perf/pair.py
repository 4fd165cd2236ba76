#!/usr/bin/env python3
"""Does `loadgen run --pair` find what is known? `./bench perf pair` builds what is needed and calls this.

Pairs of servers that differ by what was planted: nothing, 2 % or 10 % of the response time, half a percent of errors;
and first one of them against itself (--aa), whose noise floor the others are judged by. Over all rounds the intervals
have to hold the truth as often as they promise, 10 % has to be found each time, and where nothing differs nothing may
be found more often than in one run of twenty, both to within what binomial chance does once in a thousand.

Writes a table (also to stdout) and JSON to --out. Exit code: 0 all goals met, 3 one was missed, 1 could not run, 2
bad use.
"""
from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

from perf_main import place_services, run, version, write_results
from programs import CouldNotRun, Server, Setup, knob_servers, run_client
from rounds import Row, not_judged, say

SERVICE_US = 5000
RATE, CONNECTIONS = 1000, 32  # 5 in flight: connections and the core of the servers have room
# What is planted is what there is only where neither side sleeps: the second of two that are woken a moment apart is spared
# the wake-up, tens of microseconds in a virtual machine, of loadgen (--spin) and of the servers (which are one process).
# And at random: after two of the 1 ms between even arrivals all would be awake to send the next.
HOW = ("--pair", "concurrent", "-R", str(RATE), "--arrivals", "poisson", "--spin", "-t", "1", "-c", str(CONNECTIONS), "--plain")
RESOLUTION = 1e-3  # of a percentile: what loadgen's histograms do not tell apart
CONFIDENCE, CHANCE = 0.95, 1e-3


@dataclass(frozen=True)
class Planted:
    what: str
    slower_us: int = 0
    failures: int = 0  # of a million

    @property
    def words(self) -> list[str]:
        """Of the server that differs, as knob_server has them."""
        return ["0", str(SERVICE_US + self.slower_us), "0", str(self.failures)]

    @property
    def truth(self) -> dict[str, float]:
        """By metric."""
        errors = self.failures / 1e6
        return {"p50_us": self.slower_us, "p99_us": self.slower_us, "error_rate": errors, "throughput_rps": -RATE * errors}


NULL = Planted("one server and itself")
SITUATIONS = [Planted("two servers alike"), Planted("2 % slower", slower_us=SERVICE_US // 50),
              Planted("10 % slower", slower_us=SERVICE_US // 10), Planted("0.5 % of errors", failures=5000)]


@dataclass
class Judged:
    """What one run said: figures by metric, none where it gave no verdict."""

    planted: Planted
    text: str
    why_not: str
    figures: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, planted: Planted, paired: dict[str, Any]) -> Judged:
        comparison = paired["comparison"]
        stage = comparison["stages"][0]
        return cls(planted, "; ".join(comparison["text"]), stage["why_not"], {f["metric"]: f for f in stage["figures"]})

    def right(self, metric: str) -> bool:
        """The interval holds the truth, as far as a histogram can tell it."""
        figure = self.figures[metric]
        low, high = figure["ci95"]
        blur = RESOLUTION * figure["base"] if metric.endswith("_us") else 0.0
        return bool(low - blur <= self.planted.truth[metric] <= high + blur)

    def found(self, metric: str) -> bool:
        return metric in self.figures and self.figures[metric]["found"] == "worse"

    @property
    def alarm(self) -> bool:
        """Something was found where there is nothing."""
        return any(truth == 0 and metric in self.figures and self.figures[metric]["found"] != "no-difference"
                   for metric, truth in self.planted.truth.items())


def at_most_by_chance(n: int, probability: float) -> int:
    """Of n draws, what no more than one in a thousand times is exceeded."""
    below, k = 0.0, -1
    while below < 1 - CHANCE:
        k += 1
        below += comb(n, k) * probability**k * (1 - probability)**(n - k)
    return k


def pair(setup: Setup, seconds: int, targets: list[tuple[str, Server]], *how: str) -> dict[str, Any]:
    """What result.json has of it. Where too few windows are to be believed for a verdict, it is made once more."""
    folder = setup.out / "loadgen"
    words = [word for name, server in targets for word in ("--target", f"{name}={server.url}")]
    found: dict[str, Any] = {}
    for _ in range(2):
        ended = run_client(setup.client_core, [str(setup.loadgen), "run", *HOW, "-d", f"{seconds}s", "-o", str(folder), *words, *how],
                           seconds + 60)
        if ended.code not in (0, 4):
            raise CouldNotRun(f"loadgen ended with exit code {ended.code}:\n{ended.output}")
        found = json.loads((folder / "result.json").read_text())["paired"]
        if not found["comparison"]["stages"][0]["why_not"]:
            break
    return found


def null_run(setup: Setup, seconds: int, floor: Path) -> Judged:
    """Its result goes to `floor`, for the others to be judged by."""
    with knob_servers(setup, NULL.words, NULL.words) as (base, _):
        judged = Judged.of(NULL, pair(setup, seconds, [("a", base)], "--aa"))
    (setup.out / "loadgen/result.json").rename(floor)
    say(f"{judged.planted.what}: {judged.text}")
    return judged


def one_round(setup: Setup, seconds: int, floor: Path) -> list[Judged]:
    judged = []
    for planted in SITUATIONS:
        with knob_servers(setup, NULL.words, planted.words) as (base, other):
            judged.append(Judged.of(planted, pair(setup, seconds, [("a", base), ("b", other)], "--noise-floor", str(floor))))
        say(f"  {planted.what}: {judged[-1].text}")
    return judged


def counted(what: str, count: int, of: int, goal: str = "", met: bool | None = None) -> Row:
    return Row(what, count, count, count, goal, met, f"of {of}")


def coverage(all_runs: list[Judged]) -> list[Row]:
    rows = []
    for metric in NULL.truth:
        said = [one for one in all_runs if metric in one.figures]
        if not said:
            rows.append(not_judged(f"{metric}: interval holds the truth", "", "no run had a verdict"))
            continue
        right = sum(one.right(metric) for one in said)
        fewest = len(said) - at_most_by_chance(len(said), 1 - CONFIDENCE)
        rows.append(counted(f"{metric}: interval holds the truth", right, len(said), f"at least {fewest}", right >= fewest))
    return rows


def findings(all_runs: list[Judged]) -> list[Row]:
    rows = []
    for planted in SITUATIONS:
        runs = [one for one in all_runs if one.planted == planted]
        for metric in ("p50_us", "p99_us", "error_rate"):
            if planted.truth[metric] == 0:
                continue
            found = sum(one.found(metric) for one in runs)
            always = planted.slower_us >= SERVICE_US // 10
            rows.append(counted(f"{planted.what}: found in {metric}", found, len(runs), "each" if always else "",
                                found == len(runs) if always else None))
    alarms, most = sum(one.alarm for one in all_runs), at_most_by_chance(len(all_runs), 1 - CONFIDENCE)
    rows.append(counted("false alarms: runs in which a figure differs that does not", alarms, len(all_runs), f"at most {most}",
                        alarms <= most))
    silent = sum(bool(one.why_not) for one in all_runs)
    rows.append(counted("runs without a verdict", silent, len(all_runs)))
    return rows


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="pair.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/loadgen and tests/knob_server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, help="runs of each pair [10, quick: 1]")
    asked = parser.parse_args(argv)
    setup = place_services(asked.build, asked.out, [asked.build / "bin/loadgen", asked.build / "tests/knob_server"])
    rounds, seconds = asked.rounds or (1 if asked.quick else 10), 20 if asked.quick else 60
    floor = asked.out / "null.json"
    all_runs = [null_run(setup, seconds, floor)]
    done = 0
    try:
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            all_runs += one_round(setup, seconds, floor)
            done += 1
    except KeyboardInterrupt:
        if done == 0:
            raise
        say(f"interrupted: what follows is of {done} rounds")
    return write_results(asked.out, "perf_pair", "./bench perf pair", f"{version(setup.loadgen)}; {done} runs of {seconds} s each",
                         {"Coverage": coverage(all_runs), "Found": findings(all_runs)},
                         {"runs": [{"planted": one.planted.what, "text": one.text, "why_not": one.why_not,
                                    "figures": list(one.figures.values())} for one in all_runs]})


if __name__ == "__main__":
    run(main, sys.argv[1:])
