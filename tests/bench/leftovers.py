"""For tests that start programs which start programs: what of them still runs. As a program, `leftovers.py FOLDER`, it waits for the
end of who started it."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MARK = "BEASTMARK_MARK"


def marked(folder: Path) -> dict[str, str]:
    """An environment by which processes of a test are found."""
    return {**os.environ, "TMPDIR": str(folder), MARK: str(folder)}


def left(folder: Path) -> dict[int, str]:
    """Command lines of processes that have the mark of the folder, or (PostgreSQL writes over its environment) are in it."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_marked = f"{MARK}={folder}\0".encode() in (process / "environ").read_bytes()
            if is_marked or os.readlink(process / "cwd").startswith(str(folder)):
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:
            pass  # ended meanwhile
    return found


def guard(folder: Path) -> "subprocess.Popen[bytes]":
    """Kills what has the folder's mark, and removes the folder, when its input ends: also when the test is killed. What is meant to
    outlive the program that started it cannot be tied to a parent's death."""
    return subprocess.Popen([sys.executable, "-B", str(Path(__file__).resolve()), str(folder)], stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, start_new_session=True)


def kill_left(folder: Path) -> None:
    """Until nothing is left, as what is killed may just have started another."""
    while pids := left(folder):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    kill_left(Path(sys.argv[1]))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
