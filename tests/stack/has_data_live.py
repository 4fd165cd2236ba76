#!/usr/bin/env python3
"""The dashboards of a short ramp on both services, with the stack up on ports of its own: tests/dashboards/has_data.py on each query of
each panel, and all of it drawn. Usage: has_data_live.py FOLDER, where bin/ is. A minute and a half; ./bench test --full calls it."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/bench"), str(ROOT / "tools/stack")]

from free_offset import free_offset  # noqa: E402
from members import PORTS  # noqa: E402

LINGER_S = 11  # two scrapes
NOT_BELIEVED = 4  # loadgen's exit code on a busy machine: this is not a measurement
POST = ["-m", "POST", "-b", '{"mac":"{{mac}}","firmware":"2.1.5"}', "-H", "Content-Type: application/json", "--expect", "201"]
STAGES = {"baseline": ["--stage", "16s:200..1000/2"], "ingest": ["--stage", "16s:100..300/2", *POST]}  # a sanitizer's machine keeps up, too


class Failed(Exception):
    pass


def call(*words: str, fine: Sequence[int] = (0,)) -> None:
    """Its output is for whoever looks why this failed."""
    ended = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    if ended.returncode not in fine:
        raise Failed(f"exit code {ended.returncode} of {' '.join(words)}")


@contextmanager
def stack(build: Path, state: Path, offset: int) -> Iterator[None]:
    program = [sys.executable, "-B", str(ROOT / "tools/stack/stack.py")]
    try:
        call(*program, "up", "--state", str(state), "--programs", str(build / "bin"), "--port-offset", str(offset))
        yield
    finally:
        call(*program, "down", "--state", str(state))


def main(build: Path) -> int:
    offset, start = free_offset([port + more for port in PORTS.values() for more in (0, 1)]), time.time()
    with tempfile.TemporaryDirectory() as name, stack(build, Path(name) / "out/stack", offset):
        for target, options in STAGES.items():
            call(str(build / "bin/loadgen"), "run", "-o", f"{name}/{target}", "--plain", "--metrics", f"127.0.0.1:{PORTS['loadgen'] + offset}",
                 "--linger", f"{LINGER_S}s", *options, f"{target}=http://127.0.0.1:{PORTS[target] + offset}/api/devices", fine=(0, NOT_BELIEVED))
        prometheus = ["--url", f"http://127.0.0.1:{PORTS['prometheus'] + offset}", "--from", f"{start:.0f}"]
        call(sys.executable, str(ROOT / "tests/dashboards/has_data.py"), *prometheus, "--quiet")
        call(sys.executable, str(ROOT / "tools/dashboards/render.py"), *prometheus, "--no-pictures", "--out", f"{name}/page")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    except Failed as problem:
        sys.exit(str(problem))
