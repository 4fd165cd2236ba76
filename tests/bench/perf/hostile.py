#!/usr/bin/env python3
"""Treats the services badly and checks what they promise then. `./bench perf server --hostile` builds what is needed
and calls this.

Writes a table (also to stdout) and JSON to --out. Exit code: 0 all goals met, 3 one was missed or could not be judged,
1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hostile_crowds
import hostile_drain
import hostile_overload
import hostile_starved
from hostile_setup import Hostile, time_limit
from perf_main import cpu_model, place_services, run, version, write_results
from programs import CouldNotRun
from rounds import Row, not_judged, say

# Each with the seconds it may take.
TRIALS: dict[str, tuple[str, int, Callable[[Hostile], tuple[list[Row], dict[str, Any]]]]] = {
    **{name: (kind.title, 300, partial(hostile_crowds.measure, name=name)) for name, kind in hostile_crowds.KINDS.items()},
    "overload": ("Overload", 240, hostile_overload.measure),
    "drain": ("SIGTERM under load", 240, hostile_drain.measure),
    "starved": ("Out of descriptors", 90, hostile_starved.measure),
}


def trial_names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in TRIALS:
            raise argparse.ArgumentTypeError(f"unknown trial \"{name}\"; there are {', '.join(TRIALS)}")
    return names


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hostile.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/baseline and tests/busy_service")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", type=trial_names, default=list(TRIALS), metavar="NAME,...", help=", ".join(TRIALS))
    return parser.parse_args(argv)


def attempt(hostile: Hostile, name: str) -> tuple[list[Row], dict[str, Any]]:
    """One that cannot be made does not keep the others from it, but counts as missed."""
    title, limit_s, measure = TRIALS[name]
    try:
        with time_limit(limit_s):
            return measure(hostile)
    except CouldNotRun as error:
        say(f"{title}: {error}")
        return [not_judged(title, "", str(error).replace("\n", " "))], {"why_not": str(error)}


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    baseline, busy = asked.build / "bin/baseline", asked.build / "tests/busy_service"
    setup = place_services(asked.build, asked.out, [baseline, busy, asked.build / "bin/loadgen"])
    hostile = Hostile(setup, baseline, busy, asked.quick)
    sections, measured = {}, {}
    for name in asked.only:
        sections[TRIALS[name][0]], measured[name] = attempt(hostile, name)
    subtitle = (f"{version(baseline)}, {cpu_model()}, {os.cpu_count()} CPUs, kernel {platform.release()}; service on core "
                f"{setup.server_core}, clients on {setup.client_core}" + ("; quick" if asked.quick else ""))
    return write_results(asked.out, "perf_server_hostile", "./bench perf server --hostile", subtitle, sections, measured)


if __name__ == "__main__":
    run(main, sys.argv[1:])
