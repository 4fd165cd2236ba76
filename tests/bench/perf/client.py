#!/usr/bin/env python3
"""Measures loadgen itself: is it cheap, is it on time, is it right? `./bench perf client` builds what is needed and calls this.

Writes a table (also to stdout), JSON and a picture to --out. Exit code: 0 all goals met, 3 one was missed, 1 could
not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cheap
import memory
import on_time
import right
from programs import CouldNotRun, Setup, clean_rate
from rounds import DISTURBED, Patience, Row, markdown_table, plain_table, say


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rounds: int
    round_s: float  # of each client
    memory_requests: int
    memory_s: float  # at most
    timing_rounds: int
    timing_s: int  # of each rate
    patience_s: float  # for what is measured again


FULL = Extent(7, 4, 10_000_000, 200, 3, 8, 75)
QUICK = Extent(3, 2, 1_500_000, 40, 2, 4, 15)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="client.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/loadgen and tests/floor_server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="of the comparison with wrk")
    return parser.parse_args(argv)


def place(build: Path, out: Path) -> Setup:
    """The server on the first core allowed, the client on the last one, we ourselves beside the server or, where
    there are more than two, apart from both."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        say("WARNING: one core only. loadgen shares it with the server: the figures are not to be believed")
    setup = Setup(build / "bin/loadgen", build / "tests/floor_server", build / "tests/bare_pacer",
                  build / "tests/knob_server", out,
                  cores[0], cores[-1])
    for program in (setup.loadgen, setup.floor_server, setup.bare_pacer, setup.knob_server):
        if not program.exists():
            raise CouldNotRun(f"{program} is missing: ./bench perf client builds it")
    if shutil.which("wrk") is None:
        raise CouldNotRun("wrk is missing: ./bench setup perf")
    os.sched_setaffinity(0, {cores[1] if len(cores) > 2 else cores[0]})
    return setup


def measure(setup: Setup, extent: Extent) -> tuple[cheap.Cheap, memory.Memory, on_time.OnTime, right.Right, str]:
    patience = Patience(extent.patience_s)
    cost = cheap.measure(setup, extent.rounds, extent.round_s, patience)
    closed_rps = median(cost.values("closed", lambda load: load.rps))
    growth = memory.measure(setup, extent.memory_requests, closed_rps, extent.memory_s)
    say("loadgen doctor, for its clean rate")
    clean = clean_rate(setup)
    half = f"half of {'the clean rate of loadgen doctor' if clean else 'the rate of the closed loop'}"
    rates = sorted({on_time.SPACING_RATE, 10_000, round((clean or closed_rps) / 2)})
    timing = on_time.measure(setup, rates, extent.timing_rounds, extent.timing_s, patience)
    return cost, growth, timing, right.measure(setup), f"{round((clean or closed_rps) / 2):,}/s is {half}"


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    extent = QUICK if asked.quick else FULL
    if asked.rounds:
        extent = Extent(**(asdict(extent) | {"rounds": asked.rounds}))
    try:
        from picture import draw  # before minutes of measuring
    except ImportError as error:
        raise CouldNotRun(f"{error}: ./bench setup perf installs python3-matplotlib") from error
    asked.out.mkdir(parents=True, exist_ok=True)
    setup = place(asked.build, asked.out)
    cost, growth, timing, known, half = measure(setup, extent)

    tool = timing.poisson[0].load.result
    host = tool["manifest"]["host"]
    subtitle = (f"loadgen {tool['tool']['version']} ({tool['tool']['revision']}), {host['cpu_model']}, {host['cpus']} "
                f"CPUs, kernel {host['kernel']}; server on core {setup.server_core}, client on {setup.client_core}"
                + ("; quick" if asked.quick else ""))
    sections = {"Cheap": cost.rows + growth.rows, "On time": timing.rows, "Right": known.rows}
    missed = [row.what + ("" if row.judged else " (not judged)")
              for rows in sections.values() for row in rows if row.met is False]
    write(asked.out, subtitle, half, sections, missed,
          {"extent": asdict(extent), "cheap": cost.summary, "memory": growth.summary, "on_time": timing.summary, "right": known.summary,
           "host": host, "tool": tool["tool"],
           "placement": {"server": setup.server_core, "client": setup.client_core}})
    draw(asked.out / "perf_client.png", cost, growth, timing, subtitle)
    shutil.rmtree(setup.out / "loadgen")
    return 3 if missed else 0


def write(out: Path, subtitle: str, half: str, sections: dict[str, list[Row]], missed: list[str],
          measured: dict[str, Any]) -> None:
    verdict = "all goals met" if not missed else "goals missed: " + "; ".join(missed)
    text = "".join(f"\n{title}\n{plain_table(rows)}" for title, rows in sections.items())
    print(f"{subtitle}\n{text}\n{half}; {DISTURBED}\n{verdict}\nwritten: {out}/perf_client.md, .json, .png")
    (out / "perf_client.md").write_text(
        f"# ./bench perf client\n\n{subtitle}. {half}; {DISTURBED}.\n\n"
        + "".join(f"## {title}\n\n{markdown_table(rows)}\n" for title, rows in sections.items())
        + f"**{verdict}**\n")
    rows = [{"section": title} | asdict(row) for title, some in sections.items() for row in some]
    for row in rows:  # JSON knows no NaN
        row.update({k: None for k in ("median", "low", "high") if row[k] != row[k]})
    (out / "perf_client.json").write_text(json.dumps(
        {"schema": "beastmark.perf_client/1", "rows": rows, "missed": missed} | measured, indent=1, allow_nan=False))


def interrupted(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)  # so that what was started is stopped
    try:
        sys.exit(main(sys.argv[1:]))
    except CouldNotRun as error:
        print(f"perf: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
