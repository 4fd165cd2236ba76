"""For tests that start programs which start programs: what of them still runs."""
from __future__ import annotations

import os
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
