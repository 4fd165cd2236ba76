#!/usr/bin/env python3
"""Measures what storing a device costs: ingest in each of its styles beside the contenders. `./bench perf ingest` builds
what is needed and calls this.

Writes a table (also to stdout), JSON and a picture to --out. Exit code: 0 all goals met, 3 one was missed or could
not be judged, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import backends
import ingest_contest
import ingest_open_loop
import ingest_sweep
from ingest_turn import COMMITS, Bench
from ingest_variants import GROUP_NOTE, entered
from perf_main import cpu_model, place_services, run, version, write_results
from placement import place
from programs import CouldNotRun
from rounds import Patience, say
from services import free_ports


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rounds: dict[str, int]  # by synchronous_commit
    round_s: int            # of each program
    pools: tuple[int, ...]
    pool_rounds: int
    pool_s: int
    open_rounds: int
    open_s: int
    patience_s: float       # for what is measured again


FULL = Extent({"off": 7, "on": 3}, 4, ingest_sweep.POOLS, 2, 1, 3, 4, 30)
QUICK = Extent({"off": 3, "on": 1}, 1, ingest_sweep.QUICK_POOLS, 1, 1, 1, 2, 5)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ingest.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/ingest and bin/loadgen")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="of each program with its own pool; half of them with synchronous_commit on")
    return parser.parse_args(argv)


def extent_of(asked: argparse.Namespace) -> Extent:
    extent = QUICK if asked.quick else FULL
    return replace(extent, rounds={"off": asked.rounds, "on": (asked.rounds + 1) // 2}) if asked.rounds else extent


@contextmanager
def bench_of(asked: argparse.Namespace) -> Iterator[Bench]:
    """Until it is left there is a cluster to copy."""
    programs = asked.build.resolve() / "bin"
    placement = place(2, sorted(os.sched_getaffinity(0)))
    setup = place_services(asked.build.resolve(), asked.out.resolve(), [programs / "ingest", programs / "loadgen"])
    os.sched_setaffinity(0, placement.backends)  # ourselves: never beside the client
    with backends.prepared(placement, *free_ports(2), programs / "ingest", setup.out / "initdb.log") as made:
        yield Bench(replace(setup, client_core=placement.loadgen[0]), placement, made)


def described(program: Path, bench: Bench) -> str:
    labels = bench.backends.labels
    return (f"{version(program)}, {cpu_model()}, {os.cpu_count()} CPUs, kernel {platform.release()}, "
            f"PostgreSQL {labels['postgresql']} (files on {labels['database files on']}), Memcached {labels['memcached']}; {bench.placement}"
            .replace("loadgen on", "wrk and loadgen on"))


def say_missing(missing: Sequence[str]) -> str:
    for each in missing:
        say(f"not measured: {each}")
    return "not measured: " + ", ".join(missing) if missing else "all styles of ingest and all contenders are there"


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    extent = extent_of(asked)
    try:
        from ingest_picture import draw  # before minutes of measuring
    except ImportError as error:
        raise CouldNotRun(f"{error}: ./bench setup perf installs python3-matplotlib") from error
    with bench_of(asked) as bench:
        program = asked.build.resolve() / "bin/ingest"
        programs, missing = entered(program, Path.cwd())
        told, patience = say_missing(missing), Patience(extent.patience_s)
        contests = [ingest_contest.measure(bench, programs, commit, extent.rounds[commit], extent.round_s, patience)
                    for commit in COMMITS]
        sweep = ingest_sweep.measure(bench, programs, extent.pools, extent.pool_rounds, extent.pool_s, patience)
        open_loop = ingest_open_loop.measure(bench, contests[0], extent.open_rounds, extent.open_s, patience)
        subtitle = (f"{described(program, bench)}; {bench.setup.connections} connections; {told}"
                    + ("; quick" if asked.quick else ""))
    sections = {f"{what}, synchronous_commit {contest.commit}": rows for contest in contests
                for what, rows in (("Beside Go", contest.goal_rows), ("CPU per request", contest.cpu_rows),
                                   ("Rates, latency and memory", contest.other_rows))}
    sections["Pool sizes, synchronous_commit off"] = sweep.rows
    sections[f"At {open_loop.rate:,} requests/s by loadgen, synchronous_commit off"] = open_loop.rows
    code = write_results(asked.out, "perf_ingest", "./bench perf ingest", f"{subtitle}. {GROUP_NOTE}", sections,
                         {"extent": asdict(extent), "missing": missing, "contests": [c.summary for c in contests],
                          "pools": sweep.summary, "open_loop": open_loop.summary}, ".md, .json, .png")
    draw(asked.out / "perf_ingest.png", contests, sweep, subtitle)
    return code


if __name__ == "__main__":
    run(main, sys.argv[1:])
