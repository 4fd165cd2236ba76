#!/usr/bin/env python3
"""Does `loadgen capacity` find what is known? `./bench perf capacity` builds what is needed and calls this.

Servers whose capacity is made up: a token bucket of 5,000/s, one worker that takes 200 us for each request, and one
that loadgen cannot load for want of connections, which is searched three times at most. The interval has to contain the truth in nine of ten searches and
lie within 3 % of it; the last one has to be called generator-limited.

Writes a table (also to stdout) and JSON to --out. Exit code: 0 all goals met, 3 one was missed, 1 could not run, 2
bad use.
"""
from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf_main import place_services, run, version, write_results
from programs import CouldNotRun, Setup, knob_server, run_client
from rounds import Row, say

LIMIT_S = 900  # of one search


@dataclass(frozen=True)
class Known:
    what: str
    server: list[str]  # of knob_server, after the port
    rps: float
    range: str
    connections: int = 64
    limited: bool = False  # by loadgen
    most_rounds: int = 99

    def contained(self, found: dict[str, Any]) -> bool:
        low, high = found["low_rps"], found["high_rps"]
        return found["answer"] == "found" and low is not None and high is not None and low <= self.rps <= high

    def off(self, found: dict[str, Any]) -> float:
        """In percent; NaN without an answer."""
        return abs(found["likeliest_rps"] / self.rps - 1) * 100 if found["answer"] == "found" else float("nan")


SITUATIONS = [Known("token bucket of 5,000/s", ["0", "0", "5000"], 5000, "1k..20k"),
              Known("one worker of 200 us", ["1", "200"], 5000, "1k..20k"),
              Known("2 connections, 2 ms each", ["0", "2000"], 1000, "100..10k", connections=2, limited=True, most_rounds=3)]


def search(setup: Setup, known: Known, probe: str) -> dict[str, Any]:
    folder = setup.out / "loadgen"
    with knob_server(setup, *known.server) as server:
        ended = run_client(setup.client_core, [
            str(setup.loadgen), "capacity", "--slo", "p99<50ms && error_rate<0.1%", "--range", known.range,
            "--probe-duration", probe, "-t", "1", "-c", str(known.connections), "-o", str(folder), server.url], LIMIT_S)
    if ended.code not in (0, 3, 4):
        raise CouldNotRun(f"loadgen ended with exit code {ended.code}:\n{ended.output}")
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())["capacity"]
    found["exit_code"] = ended.code
    say(f"  {known.what}: {found['text']} ({len(found['probes'])} probes)")
    return found


def rows(known: Known, found: list[dict[str, Any]]) -> list[Row]:
    needed = len(found) * 9 // 10
    if known.limited:
        right = sum(f["answer"] == "generator-limited" and f["exit_code"] == 4 for f in found)
        return [Row(f"{known.what}: called generator-limited", right, right, right, f"{len(found)}", right == len(found),
                    f"of {len(found)}")]
    right = sum(known.contained(f) for f in found)
    offs = sorted(known.off(f) for f in found if f["answer"] == "found")
    nan = float("nan")
    middle, low, high = (offs[len(offs) // 2], offs[0], offs[-1]) if offs else (nan, nan, nan)
    return [Row(f"{known.what}: interval contains it", right, right, right, f"at least {needed}", right >= needed,
                f"of {len(found)}"),
            Row(f"{known.what}: off by, %", middle, low, high, "at most 3", bool(offs) and high <= 3)]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="capacity.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/loadgen and tests/knob_server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="one search of each")
    parser.add_argument("--rounds", type=int, help="searches of each [10]")
    asked = parser.parse_args(argv)
    setup = place_services(asked.build, asked.out, [asked.build / "bin/loadgen", asked.build / "tests/knob_server"])
    rounds = asked.rounds or (1 if asked.quick else 10)
    found: dict[str, list[dict[str, Any]]] = {known.what: [] for known in SITUATIONS}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for known in SITUATIONS:
            if number < known.most_rounds:
                found[known.what].append(search(setup, known, "2s"))
    return write_results(asked.out, "perf_capacity", "./bench perf capacity",
                         f"{version(setup.loadgen)}; {rounds} searches of each known capacity", {
                             "Capacity": [row for known in SITUATIONS for row in rows(known, found[known.what])]},
                         {"searches": found})


if __name__ == "__main__":
    run(main, sys.argv[1:])
