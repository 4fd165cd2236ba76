#!/usr/bin/env python3
"""Measures what serving costs: the baseline beside a floor, nginx and the contenders. `./bench perf server` builds
what is needed and calls this.

Writes a table (also to stdout), JSON and a picture to --out. Exit code: 0 all goals met, 3 one was missed or could
not be judged, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import serving_cost
import system_calls
from contestants import baseline
from perf_main import cpu_model, place_services, run, version, write_results
from programs import CouldNotRun
from rounds import Patience


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rounds: int
    round_s: float  # of each server
    traced_rounds: int
    traced_s: float
    patience_s: float  # for what is measured again


FULL = Extent(7, 4, 3, 3, 120)
QUICK = Extent(3, 2, 1, 2, 15)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="server.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/baseline and tests/floor_server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="of each server")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    extent = QUICK if asked.quick else FULL
    if asked.rounds:
        extent = replace(extent, rounds=asked.rounds)
    try:
        from server_picture import draw  # before minutes of measuring
    except ImportError as error:
        raise CouldNotRun(f"{error}: ./bench setup perf installs python3-matplotlib") from error
    if shutil.which("nginx") is None:
        raise CouldNotRun("nginx is missing: ./bench setup perf")
    program = asked.build / "bin/baseline"
    setup = place_services(asked.build, asked.out, [program, asked.build / "tests/floor_server"])
    cost = serving_cost.measure(setup, program, Path.cwd(), extent.rounds, extent.round_s, Patience(extent.patience_s))
    calls = system_calls.measure(setup, baseline(program), extent.traced_rounds, extent.traced_s)

    subtitle = (f"{version(program)}, {cpu_model()}, {os.cpu_count()} CPUs, kernel {platform.release()}; each server alone on "
                f"core {setup.server_core}, wrk -t1 -c{setup.connections} on {setup.client_core}, {extent.rounds} rounds of "
                f"{extent.round_s:g} s" + ("; quick" if asked.quick else ""))
    sections = {"CPU per request": cost.cost_rows, "Beside others": cost.ratio_rows + calls.rows,
                "Rates and memory": cost.other_rows}
    code = write_results(asked.out, "perf_server", "./bench perf server", subtitle, sections,
                         {"extent": asdict(extent), "serving": cost.summary, "system_calls": calls.summary,
                          "placement": {"server": setup.server_core, "client": setup.client_core}}, ".md, .json, .png")
    draw(asked.out / "perf_server.png", cost, subtitle)
    return code


if __name__ == "__main__":
    run(main, sys.argv[1:])
