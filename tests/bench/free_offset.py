"""For tests that start programs on known ports: a --port-offset that leads to ports where nothing listens."""
from __future__ import annotations

import random
import sys
from collections.abc import Collection
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "perf"))

from processes import port_open  # noqa: E402


def free_offset(ports: Collection[int]) -> int:
    while True:
        offset = random.randrange(1000, 11000)  # below those that the kernel hands out
        if not any(port_open(port + offset) for port in ports):
            return offset
