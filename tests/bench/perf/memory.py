"""Memory: what a long run adds to loadgen's resident memory."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from procfs import process_memory
from programs import Load, Setup, loadgen, serving
from rounds import Row, each_at_most, not_judged, say

GROWTH_GOAL_MB = 5


@dataclass
class Memory:
    wanted: int  # requests
    seconds: float
    warm_s: float  # growth counts from here
    samples: list[tuple[float, int]]  # seconds, bytes resident; one a second while it sends
    load: Load

    @property
    def growth_mb(self) -> float | None:
        """The most that any later sample is above the first one after warm-up."""
        warm = [size for t, size in self.samples if t >= self.warm_s]
        return (max(warm) - warm[0]) / 1e6 if len(warm) > 1 else None

    @property
    def rows(self) -> list[Row]:
        what, goal = f"resident MB grown over {self.load.requests / 1e6:.1f} million requests", f"<= {GROWTH_GOAL_MB}"
        growth = self.growth_mb
        if growth is None:
            return [not_judged(what, goal, "the run was too short")]
        if self.load.requests < self.wanted:
            return [not_judged(what, goal, f"fewer than {self.wanted / 1e6:g} million in {self.seconds:.0f} s")]
        return [each_at_most(what, [growth], GROWTH_GOAL_MB,
                             f"from {self.warm_s:.0f} s on; {self.load.ended.peak_bytes / 1e6:.1f} MB at most")]

    @property
    def summary(self) -> dict[str, Any]:
        return {"wanted": self.wanted, "seconds": self.seconds, "warm_s": self.warm_s, "growth_mb": self.growth_mb,
                "t_s": [t for t, _ in self.samples], "resident_bytes": [size for _, size in self.samples],
                "load": self.load.summary}


def measure(setup: Setup, requests: int, rps: float, longest_s: float) -> Memory:
    """In closed loop; `rps` is what it does, so that the duration follows, with a quarter to spare."""
    seconds = round(min(longest_s, 1.25 * requests / rps + 2))
    samples: list[tuple[float, int]] = []

    def look(pid: int, t: float) -> None:
        if t < seconds and t >= (samples[-1][0] + 1 if samples else 0.5):
            size = process_memory(pid, "VmRSS")
            if size is not None:
                samples.append((t, size))

    say(f"memory: {requests / 1e6:g} million requests, {seconds} s")
    with serving(setup) as server:
        load = loadgen(setup, server, seconds, "--closed", look=look)
    return Memory(requests, seconds, max(3, seconds / 10), samples, load)
