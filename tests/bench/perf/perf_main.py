"""What the measurements of the services share as programs: where things run, what is written, how they end."""
from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from programs import CouldNotRun, Setup
from rounds import DISTURBED, Row, markdown_table, plain_table, say


def place_services(build: Path, out: Path, needed: list[Path]) -> Setup:
    """The server on the first core allowed, the client on the last one, we ourselves beside the server or, where
    there are more than two, apart from both."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        say("WARNING: one core only. The client shares it with the server: the figures are not to be believed")
    tests = build / "tests"
    setup = Setup(build / "bin/loadgen", tests / "floor_server", tests / "bare_pacer", tests / "knob_server", out,
                  cores[0], cores[-1])
    for program in needed:
        if not program.exists():
            raise CouldNotRun(f"{program} is missing: ./bench perf builds it")
    if shutil.which("wrk") is None:
        raise CouldNotRun("wrk is missing: ./bench setup perf")
    out.mkdir(parents=True, exist_ok=True)
    os.sched_setaffinity(0, {cores[1] if len(cores) > 2 else cores[0]})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # what we start has it from us
    return setup


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def version(program: Path) -> str:
    """The one line a program tells of itself."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    return told.strip().partition("\n")[0]


def missed_goals(sections: dict[str, list[Row]]) -> list[str]:
    return [row.what + ("" if row.judged else " (not judged)")
            for rows in sections.values() for row in rows if row.met is False]


def write_results(out: Path, name: str, title: str, subtitle: str, sections: dict[str, list[Row]],
                  measured: dict[str, Any], files: str = ".md, .json") -> int:
    """NAME.md and NAME.json in `out`, and the table on stdout; the exit code."""
    missed = missed_goals(sections)
    has_goals = any(row.met is not None for rows in sections.values() for row in rows)
    verdict = "goals missed: " + "; ".join(missed) if missed else "all goals met" if has_goals else "no goals"
    text = "".join(f"\n{section}\n{plain_table(rows)}" for section, rows in sections.items())
    print(f"{subtitle}\n{text}\n{DISTURBED}\n{verdict}\nwritten: {out}/{name}{files}")
    (out / f"{name}.md").write_text(
        f"# {title}\n\n{subtitle}; {DISTURBED}.\n\n"
        + "".join(f"## {section}\n\n{markdown_table(rows)}\n" for section, rows in sections.items())
        + f"**{verdict}**\n")
    rows = [{"section": section} | asdict(row) for section, some in sections.items() for row in some]
    for row in rows:  # JSON knows no NaN
        row.update({k: None for k in ("median", "low", "high") if row[k] != row[k]})
    (out / f"{name}.json").write_text(json.dumps(
        {"schema": f"beastmark.{name}/1", "rows": rows, "missed": missed} | measured, indent=1, allow_nan=False))
    return 3 if missed else 0


def run(main: Callable[[list[str]], int], argv: list[str]) -> None:
    """Ends this process with main's exit code; a signal stops what was started."""

    def interrupted(*_: object) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main(argv))
    except CouldNotRun as error:
        print(f"perf: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
