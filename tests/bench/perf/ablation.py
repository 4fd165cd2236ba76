#!/usr/bin/env python3
"""Measures what each choice of style costs a service on Boost.Beast: the same GET, one change from row to row, and the
engine of this project last. `./bench perf server --ablation` builds what is needed and calls this.

Writes a table (also to stdout) and JSON to --out. Exit code: 0 measured, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contestants import Contestant, baseline
from perf_main import cpu_model, place_services, run, version, write_results
from rounds import Patience, Row, row, steadiness
from serving_cost import Turn, in_rounds


@dataclass(frozen=True)
class Style:
    """A variant of tests/bench/ablation_server.cpp; `instead_of` is the one that it differs from in one thing."""

    name: str
    title: str
    instead_of: str = ""
    threads: int = 1


STYLES = (
    Style("idiomatic", "idiomatic: coroutines, tcp_stream with timeouts, nlohmann/json, Beast's message"),
    Style("hand_json", "JSON written by hand", "idiomatic"),
    Style("prepared_buffer", "bytes in a buffer instead of Beast's message and serializer", "hand_json"),
    Style("callbacks", "callbacks instead of coroutines", "prepared_buffer"),
    Style("concrete_executor", "io_context's executor instead of any_io_executor", "callbacks"),
    Style("plain_socket", "a plain socket instead of tcp_stream: no timeouts", "concrete_executor"),
    Style("two_contexts", "callbacks, two threads with a context each", "callbacks", 2),
    Style("shared_context", "one context shared by the two threads, a strand a connection", "two_contexts", 2),
)
ENGINE = "engine"
LAST = "plain_socket"  # what the engine is compared with


def contestant(build: Path, style: Style) -> Contestant:
    variant = "callbacks" if style.name == "two_contexts" else style.name
    program = build / "tests/ablation_server"
    return Contestant(style.name, style.title, lambda port, _: [str(program), variant, str(port), str(style.threads)])


def rows(rounds: list[dict[str, Turn]]) -> list[Row]:
    """CPU per request of each, and beside the one it differs from: the difference, round by round."""
    before = {style.name: style.instead_of for style in STYLES} | {ENGINE: LAST}
    titles = {style.name: style.title for style in STYLES} | {
        ENGINE: "baseline: own epoll loop, request limits, deadlines, metrics, Date"}
    made = []
    for name, title in titles.items():
        turns = [r[name] for r in rounds]
        notes = [f"{median(t.user_us for t in turns):.2f} user + {median(t.system_us for t in turns):.2f} system"]
        if before[name]:
            saved = [r[name].cpu_us - r[before[name]].cpu_us for r in rounds]
            notes.append(f"{median(saved):+.2f} ({min(saved):+.2f} .. {max(saved):+.2f}) to {before[name]}")
        notes.append(steadiness(turns))
        made.append(row(f"{name}: {title}", [t.cpu_us for t in turns], "; ".join(note for note in notes if note)))
    return made


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="ablation.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/baseline and tests/ablation_server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    asked = parser.parse_args(argv)
    count, seconds = (2, 1.0) if asked.quick else (7, 3.0)
    count = asked.rounds or count
    program = asked.build / "bin/baseline"
    setup = place_services(asked.build, asked.out, [program, asked.build / "tests/ablation_server"])
    engine = baseline(program)
    entered = [*(contestant(asked.build, style) for style in STYLES), Contestant(ENGINE, ENGINE, engine.command, engine.ready_path)]
    rounds = list(in_rounds(setup, entered, count, seconds, Patience(120)))
    subtitle = (f"{version(program)}, {cpu_model()}, {os.cpu_count()} CPUs, kernel {platform.release()}; each server alone on core "
                f"{setup.server_core}, wrk -t1 -c{setup.connections} on {setup.client_core}, {count} rounds of {seconds:g} s")
    return write_results(asked.out, "perf_ablation", "./bench perf server --ablation", subtitle,
                         {"CPU us per request": rows(rounds)},
                         {"rounds": [{name: turn.summary for name, turn in r.items()} for r in rounds]})


if __name__ == "__main__":
    run(main, sys.argv[1:])
