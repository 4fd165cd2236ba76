#!/usr/bin/env python3
"""Measures targets side by side: each alone, ramped until it fails by the same staircase, in interleaved rounds, all
in one report. `./bench compare` builds what is needed and calls this.

Exit code: 0 made, 1 a target or the measurement failed (the report has what was completed), 2 bad use, 130 interrupted (the
report has what was completed).
"""
from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import backends
from contest import FEWEST_ROUNDS, QUICK_STAIRCASES, STAIRCASES, Budget, named
from placement import place
from processes import SIGNALS, check_ports
from programs import CouldNotRun
from race import Race, results_of, summary
from ramp import Setup, make_ramp
from rounds import say
from targets import KINDS, Target, load_targets

POSTGRES_PORT, MEMCACHED_PORT = 15432, 21211
DEFAULT_MINUTES = 14


class Interrupted(BaseException):
    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


class BadUse(Exception):
    pass


def arguments(argv: list[str]) -> argparse.Namespace:
    def number(text: str) -> int:
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 to 65535')
        return int(text)

    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=KINDS, default="get")
    parser.add_argument("--targets", type=lambda text: text.split(","), metavar="NAME,NAME...")
    parser.add_argument("--rounds", type=number)
    parser.add_argument("--minutes", type=number, help="14, or with --rounds as long as it takes")
    parser.add_argument("--quick", action="store_true", help="one coarse round: to see that everything works")
    parser.add_argument("--port-offset", type=number, default=0)
    parser.add_argument("--service-cpus", type=number, default=2)
    parser.add_argument("--pool", type=number, help="instead of each target's own; one for each core of the service at least")
    parser.add_argument("--list", action="store_true", help="say what there is to be compared, and end")
    parser.add_argument("--check", action="store_true", help="check the targets, and end: before the build")
    parser.add_argument("--root", type=Path, default=backends.ROOT, help="what the targets' commands are relative to")
    parser.add_argument("--build", type=Path, default=backends.ROOT / "build/release", help="folder with bin/loadgen")
    parser.add_argument("--out", type=Path, help="folder of results, made by this [out/compare-TIME]")
    return parser.parse_args(argv)


def choose(asked: argparse.Namespace, known: dict[str, Target]) -> dict[str, Target]:
    """By the name in the report. What ./bench build makes counts as there when only --check is asked for."""
    def missing(target: Target) -> Path | None:
        program = target.missing(asked.kind, asked.root)
        return None if program is None or (asked.check and target.is_built(asked.kind)) else program

    if asked.targets is None:
        every = [name for name, target in known.items() if asked.kind in target.commands and target.like is None]
        chosen = [name for name in every if not missing(known[name])]
        left_out = "".join(f"\nleft out: {name}, {missing(known[name])} is missing: {known[name].way_out(asked.kind)}"
                           for name in every if name not in chosen)
        if len(chosen) < 2:
            raise CouldNotRun(f"nothing to compare, there is only {', '.join(chosen) or 'nothing'}; --targets cpp,cpp shows "
                              f"the noise floor{left_out}")
        if left_out and not asked.check:
            say(left_out.strip())
        return {name: known[name] for name in chosen}
    for name in asked.targets:
        if name not in known:
            raise BadUse(f'no target "{name}"; there are {", ".join(known)}')
        if asked.kind not in known[name].commands:
            raise BadUse(f"{name} does not serve {asked.kind}")
        if program := missing(known[name]):
            raise CouldNotRun(f"{name}: {program} is missing: {known[name].way_out(asked.kind)}")
    return {name: known[target] for name, target in named(asked.targets).items()}


def list_targets(known: dict[str, Target], root: Path) -> None:
    for name, target in known.items():
        for kind, port in target.ports.items():
            missing = target.missing(kind, root)
            print(f"{name:<12} {kind:<4}  ports {port}, {port + 1}  {target.about}"
                  + (f"  (missing: {target.way_out(kind)})" if missing else ""))


def make_setup(asked: argparse.Namespace, stack: ExitStack) -> Setup:
    """Until the stack is left there is a cluster to copy, for post."""
    cores = sorted(os.sched_getaffinity(0))
    placement = place(asked.service_cpus, cores)
    say(f"placement: {placement}")
    if len(cores) == 1:
        say("WARNING: one core only. loadgen shares it with what it measures: its figures are not to be believed")
    for tool in ("setpriv", "taskset", *(["memcached"] if asked.kind == "post" else [])):
        if shutil.which(tool) is None:
            raise CouldNotRun(f"{tool} is missing: ./bench setup run")
    programs = asked.build.resolve() / "bin"
    for program in ("loadgen", *(["ingest"] if asked.kind == "post" else [])):
        if not (programs / program).exists():
            raise CouldNotRun(f"{programs / program} is missing: ./bench compare builds it")
    setup = Setup(asked.kind, (QUICK_STAIRCASES if asked.quick else STAIRCASES)[asked.kind], placement, programs / "loadgen",
                  asked.root, asked.out, asked.port_offset, asked.pool)
    if asked.kind == "post":
        made = stack.enter_context(backends.prepared(placement, POSTGRES_PORT + asked.port_offset,
                                                     MEMCACHED_PORT + asked.port_offset, programs / "ingest",
                                                     asked.out / "initdb.log"))
        setup = replace(setup, backends=made, labels=made.labels)
    os.sched_setaffinity(0, placement.backends)  # ourselves: never beside loadgen
    return setup


def ports(asked: argparse.Namespace, targets: dict[str, Target]) -> dict[int, str]:
    wanted: dict[int, str] = {}
    for name, target in targets.items():
        app = target.ports[asked.kind] + asked.port_offset
        wanted |= {app: name, app + 1: f"{name}'s admin port"}
    if asked.kind == "post":
        wanted |= {POSTGRES_PORT + asked.port_offset: "PostgreSQL", MEMCACHED_PORT + asked.port_offset: "Memcached"}
    if max(wanted) > 65535:
        raise BadUse(f"--port-offset {asked.port_offset} makes port {max(wanted)} of {wanted[max(wanted)]}: 65535 is the last one")
    return wanted


def measure(asked: argparse.Namespace, targets: dict[str, Target], budget: Budget) -> tuple[Race, int]:
    """The race as far as it went, and the exit code."""
    race, interruption = Race(list(targets), budget), 0
    allowed = os.sched_getaffinity(0)
    try:
        with ExitStack() as stack:
            setup = make_setup(asked, stack)
            race.run(lambda name, turn: make_ramp(setup, name, targets[name], turn))
    except Interrupted as interrupted:
        interruption = interrupted.exit_code
        say("interrupted: all is stopped; the report has what was completed")
    finally:
        os.sched_setaffinity(0, allowed)
    return race, interruption


def report(asked: argparse.Namespace, race: Race) -> None:
    results = results_of(race.ramps)
    if not results:
        say("no ramp was completed: no report")
        return
    page, table = asked.out / "report.html", asked.out / "comparison.md"
    tables = ["--markdown", str(table)] if len(results) > 1 else []  # one ramp is no comparison
    done = subprocess.run([str(asked.build / "bin/loadgen"), "report", *results, "--output", str(page), *tables,
                           "--title", f"{asked.kind.upper()} /api/devices: {', '.join(race.ramps)}"],
                          stdout=subprocess.PIPE, text=True, check=False)
    if not page.exists():  # it fails, too, when there is a page and nothing to compare
        raise CouldNotRun(f"loadgen report ended with exit code {done.returncode}; the results are in {asked.out}")
    print(done.stdout, end="")
    print(f"report: {page}{f', its tables: {table}' if table.exists() else ''}\nresults and logs: {asked.out}/ROUND-TARGET/")


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    known = load_targets(asked.root)
    if asked.list:
        list_targets(known, asked.root)
        return 0
    targets = choose(asked, known)
    check_ports(ports(asked, targets))
    if asked.check:
        return 0
    asked.out = (asked.out or backends.ROOT / time.strftime("out/compare-%Y%m%d-%H%M%S")).resolve()
    if asked.out.exists():
        raise CouldNotRun(f"{asked.out} is there already: name another folder with --out, or none")
    asked.out.mkdir(parents=True)
    rounds = 1 if asked.quick and not asked.rounds else asked.rounds
    minutes = asked.minutes or (None if rounds else DEFAULT_MINUTES)
    race, interruption = measure(asked, targets, Budget(minutes and minutes * 60, rounds, not asked.quick))
    report(asked, race)
    for line in summary(race, 0 if interruption else min(FEWEST_ROUNDS, rounds or FEWEST_ROUNDS)):
        print(line)
    return interruption or (1 if race.failures or race.stopped else 0)


def interrupt(number: int, _: object) -> None:
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)  # what is going on is cleaning up and the report, both short
    raise Interrupted(number)


if __name__ == "__main__":
    for wanted in SIGNALS:
        signal.signal(wanted, interrupt)  # also where SIGINT was ignored, as in what a shell runs in the background
    try:
        sys.exit(main(sys.argv[1:]))
    except (CouldNotRun, BadUse, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, BadUse) else 1)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)
