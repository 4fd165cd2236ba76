#!/usr/bin/env python3
"""The baseline beside itself, then beside nginx with the same answer, compared by `loadgen run --pair abba`.
`./bench perf pair --services` builds what is needed and calls this.

What it finds of the baseline and itself is the noise floor of the other comparison. Writes both reports, a table (also to
stdout) and JSON to --out. Exit code: 0 done, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from contestants import baseline, nginx
from perf_main import place_services, run, version, write_results
from programs import CouldNotRun, Setup, run_client
from rounds import Row, say
from services import Service, answer_bytes

RATE, CONNECTIONS = 10_000, 32


def compared(setup: Setup, name: str, seconds: int, targets: dict[str, Service], *how: str) -> dict[str, Any]:
    folder = setup.out / name
    words = [word for target, service in targets.items()
             for word in ("--target", f"{target}={service.url}", "--watch", f"{target}={service.pid}")]
    ended = run_client(setup.client_core, [str(setup.loadgen), "run", "--pair", "abba", "-R", str(RATE), "-d", f"{seconds}s", "--warmup", "2s", "-t", "1",
                                           "-c", str(CONNECTIONS), "--plain", "--name", name, "-o", str(folder), *words, *how], 3 * seconds + 60)
    if ended.code not in (0, 4):
        raise CouldNotRun(f"loadgen ended with exit code {ended.code}:\n{ended.output}")
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())["paired"]["comparison"]
    say("\n".join(f"  {line}" for line in found["text"]))
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    """Of each figure the mean difference and its 95 % interval."""
    figures = [figure for stage in found["stages"] for figure in stage["figures"]]
    return [Row(f"{figure['metric']}, {found['other']} less {found['base']}", figure["difference"], *figure["ci95"], note=figure["found"])
            for figure in figures]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="pair_services.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/loadgen and bin/baseline")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="shorter")
    asked = parser.parse_args(argv)
    program = asked.build / "bin/baseline"
    setup = place_services(asked.build, asked.out, [asked.build / "bin/loadgen", program])
    seconds = 30 if asked.quick else 120
    ours = baseline(program)
    with tempfile.TemporaryDirectory(prefix="beastmark-nginx-") as folder, ours.serving(setup) as base:
        _, body = answer_bytes(base.port)
        itself = compared(setup, "itself", seconds, {"baseline": base}, "--aa")
        with nginx(Path(folder), body).serving(setup) as other:
            beside = compared(setup, "nginx", seconds, {"baseline": base, "nginx": other}, "--noise-floor", str(setup.out / "itself/result.json"))
    return write_results(asked.out, "perf_pair_services", "./bench perf pair --services", version(setup.loadgen),
                         {"The baseline and itself": rows(itself), "The baseline and nginx": rows(beside)},
                         {"itself": itself, "nginx": beside}, ".md, .json; itself/report.html and nginx/report.html beside")


if __name__ == "__main__":
    run(main, sys.argv[1:])
