#!/usr/bin/env python3
"""Brings about, on this machine, ten situations in which a load generator's figures are or are not to be believed, and
checks that loadgen says so each time. Started by ./bench perf client --honesty."""
import argparse
import json
import os
import platform
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sandbox import unavailable  # noqa: E402
from scenarios import SCENARIOS, machine, make_live, scenario  # noqa: E402
from verdicts import finding, words  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
ALL_RIGHT, NO_RUN, BAD_USE, WRONG = 0, 1, 2, 3

LINE = "{:>2}  {:<20} {:<29} {:<7} {}"


def numbers(text: str) -> list[int]:
    """"1,5" or "4-10,2"."""
    chosen = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise argparse.ArgumentTypeError(f'"{part}" is neither a number nor a range such as 4-10')
        chosen.update(range(int(first), int(last or first) + 1))
    known = {s.number for s in SCENARIOS}
    if not chosen or chosen - known:
        raise argparse.ArgumentTypeError(f"scenarios are 1 to {max(known)}, not {text}")
    return sorted(chosen)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="honesty", description=__doc__,
                                     epilog="Exit code: 0 all right, 1 could not run, 3 a verdict is wrong.")
    parser.add_argument("--only", type=numbers, metavar="N[,N]", default=[s.number for s in SCENARIOS],
                        help="some scenarios, e.g. 1,5 or 4-10")
    parser.add_argument("--loadgen", type=Path, default=ROOT / "build/release/bin/loadgen")
    parser.add_argument("--server", type=Path, default=ROOT / "build/release/tests/knob_server")
    parser.add_argument("--out", type=Path, help="folder of honesty.json and each run's files [out/honesty-TIME]")
    return parser.parse_args(argv)


def place(loadgen: Path, server: Path) -> machine:
    for program, target in ((loadgen, "loadgen"), (server, "knob_server")):
        if not os.access(program, os.X_OK):
            raise SystemExit(f"honesty: no program {program}: build it (cmake --build --preset release --target {target})")
    for tool in ("setpriv", "taskset"):
        if not shutil.which(tool):
            raise SystemExit(f"honesty: needs {tool} (Debian: util-linux)")
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise SystemExit("honesty: needs two cores, one for loadgen alone; this process may use one")
    return machine(loadgen.resolve(), server.resolve(), loadgen_cpu=cpus[-1], server_cpu=cpus[0])


def report(what: scenario, seen: finding) -> dict:
    print(LINE.format(what.number, what.name, str(what.expected), "right" if seen.right else "WRONG",
                      " -> ".join(words(part) for part in (seen.before, seen.after) if part)))
    for line in (what.how, seen.headline, *(f"WRONG: {reason}" for reason in seen.wrong), seen.hint):
        if line:
            print("    " + line)
    print(flush=True)
    return {"number": what.number, "name": what.name, "how": what.how, "outcome": "right" if seen.right else "wrong",
            "expected": {"verdict": what.expected.verdict, "cause": what.expected.cause},
            "before": {str(j): n for j, n in seen.before.items()}, "after": {str(j): n for j, n in seen.after.items()},
            "headline": seen.headline, "exit_code": seen.exit_code, "wrong": seen.wrong, "hint": seen.hint,
            "seconds": seen.seconds}


def skip(what: scenario, why: str) -> dict:
    print(LINE.format(what.number, what.name, str(what.expected), "skipped", why) + "\n", flush=True)
    return {"number": what.number, "name": what.name, "how": what.how, "outcome": "skipped", "why": why}


def go_through(chosen: list[int], on: machine, out: Path) -> list[dict]:
    rows = []
    print(LINE.format("", "scenario", "expected", "", "seconds before it set in -> after") + "\n", flush=True)
    for what in SCENARIOS:
        if what.number not in chosen:
            continue
        try:
            seen = make_live(what, on, out / f"{what.number:02}-{what.name.replace(' ', '-')}")
        except unavailable as error:
            rows.append(skip(what, str(error)))
            continue
        except RuntimeError as error:
            seen = finding(wrong=[str(error)])
        rows.append(report(what, seen))
    return rows


def end(number: int, _) -> None:
    raise SystemExit(128 + number)


def main(argv: list[str]) -> int:
    options = parse(argv)
    on = place(options.loadgen, options.server)
    out = options.out or ROOT / time.strftime("out/honesty-%Y%m%d-%H%M%S")
    out.mkdir(parents=True, exist_ok=True)
    # So that all is taken back; also where SIGINT was ignored, as a shell does for what it starts in the background.
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {on.server_cpu})  # loadgen is to be alone on its core
        print(f"loadgen on core {on.loadgen_cpu}, server and this on core {on.server_cpu}\n")
        rows = go_through(options.only, on, out)
    finally:
        os.sched_setaffinity(0, allowed)
        for number, handler in before.items():
            signal.signal(number, handler)
    outcomes = [row["outcome"] for row in rows]
    (out / "honesty.json").write_text(json.dumps(
        {"schema": "beastmark.honesty/1", "kernel": platform.release(), "cpus": os.cpu_count(),
         "placement": {"loadgen": on.loadgen_cpu, "server": on.server_cpu}, "scenarios": rows}, indent=1) + "\n")
    skipped = f", {outcomes.count('skipped')} skipped" if "skipped" in outcomes else ""
    print(f"{outcomes.count('right')} of {len(rows)} right{skipped}: {out / 'honesty.json'}")
    return WRONG if "wrong" in outcomes else ALL_RIGHT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
