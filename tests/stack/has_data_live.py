#!/usr/bin/env python3
"""The dashboards of a short ramp on both services, with the stack up on ports of its own: tests/dashboards/has_data.py on each query of
each panel, and all of it drawn. Usage: has_data_live.py FOLDER, where bin/ is. A minute and a half; ./bench test --full calls it."""
from __future__ import annotations

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
from leftovers import guard, marked  # noqa: E402
from members import PORTS  # noqa: E402

LINGER_S = 11  # two scrapes
NOT_BELIEVED = 4  # loadgen's exit code on a busy machine: this is not a measurement
POST = ["-m", "POST", "-b", '{"mac":"{{mac}}","firmware":"2.1.5"}', "-H", "Content-Type: application/json", "--expect", "201"]
STAGES = {"baseline": ["--stage", "16s:200..1000/2"], "ingest": ["--stage", "16s:100..300/2", *POST]}  # a sanitizer's machine keeps up, too


class Failed(Exception):
    pass


def call(folder: Path, *words: str, fine: Sequence[int] = (0,)) -> None:
    """Its output is for whoever looks why this failed."""
    ended = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, env={**marked(folder), "PYTHONDONTWRITEBYTECODE": "1"})
    if ended.returncode not in fine:
        raise Failed(f"exit code {ended.returncode} of {' '.join(words)}")


@contextmanager
def guarded() -> Iterator[Path]:
    """A folder that goes at the end, with all that was started for it, also when this is killed."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # PostgreSQL's user has to come in
    guardian = guard(folder)
    try:
        yield folder
    finally:
        guardian.communicate()


@contextmanager
def stack(build: Path, folder: Path, offset: int) -> Iterator[None]:
    program = [sys.executable, "-B", str(ROOT / "tools/stack/stack.py")]
    try:
        call(folder, *program, "up", "--state", str(folder / "out/stack"), "--programs", str(build / "bin"), "--port-offset", str(offset))
        yield
    finally:
        call(folder, *program, "down", "--state", str(folder / "out/stack"))


def main(build: Path) -> int:
    offset, start = free_offset([port + more for port in PORTS.values() for more in (0, 1)]), time.time()
    with guarded() as folder, stack(build, folder, offset):
        for target, options in STAGES.items():
            call(folder, str(build / "bin/loadgen"), "run", "-o", f"{folder}/{target}", "--plain", "--metrics", f"127.0.0.1:{PORTS['loadgen'] + offset}",
                 "--linger", f"{LINGER_S}s", *options, f"{target}=http://127.0.0.1:{PORTS[target] + offset}/api/devices", fine=(0, NOT_BELIEVED))
        prometheus = ["--url", f"http://127.0.0.1:{PORTS['prometheus'] + offset}", "--from", f"{start:.0f}"]
        call(folder, sys.executable, str(ROOT / "tests/dashboards/has_data.py"), *prometheus, "--quiet")
        call(folder, sys.executable, str(ROOT / "tools/dashboards/render.py"), *prometheus, "--no-pictures", "--out", f"{folder}/page")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    except Failed as problem:
        sys.exit(str(problem))
