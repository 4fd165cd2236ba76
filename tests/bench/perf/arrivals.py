"""What arrival times at a server say about a client's schedule. Times in ns, ascending."""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

SECOND = 1_000_000_000


def start_of(times: Sequence[int], rate: float) -> int:
    """When a uniform schedule began, as seen from the server: arrival i is due i / rate later and never comes
    early, so the earliest beginning that any of them leaves possible; too late by the shortest way."""
    return min(round(t - i * SECOND / rate) for i, t in enumerate(times))


def per_second(times: Sequence[int], start: int, seconds: int) -> list[int]:
    """How many arrived in each second from `start`. What came before it belongs to the first."""
    edges = [0, *(bisect_left(times, start + k * SECOND) for k in range(1, seconds + 1))]
    return [b - a for a, b in zip(edges, edges[1:])]


@dataclass(frozen=True)
class Second:
    index: int
    arrived: int
    allowed: float  # how far from the rate it may be: 0.1 % + 1.5 requests
    off: float  # how far it is
    stall_us: float = 0  # the longest time the client's loop stood still in it or beside it

    @property
    def met(self) -> bool:
        return self.off <= self.allowed


def undisturbed(verdicts: Sequence[str]) -> list[int]:
    """The seconds to be judged: valid, and those beside them too, for what comes late crosses the boundary."""
    return [k for k in range(len(verdicts))
            if all(v == "valid" for v in verdicts[max(0, k - 1):k + 2])]


def judge_seconds(counts: Sequence[int], which: Sequence[int], rate: float,
                  stalls_us: Sequence[float]) -> list[Second]:
    """`stalls_us`: of every second."""
    return [Second(k, counts[k], 0.001 * rate + 1.5, abs(counts[k] - rate), max(stalls_us[max(0, k - 1):k + 2]))
            for k in which]


@dataclass(frozen=True)
class Spacing:
    """Of intervals between arrivals."""

    count: int
    mean_ns: float
    variation: float  # coefficient: standard deviation / mean

    @property
    def poisson_error(self) -> float:
        """Standard error of `variation` for exponential intervals: of n, n^-1/2. (Delta method: with moments
        1, 1, 2, 9 of mean, variance, third and fourth central moment, var(s) + var(m) - 2 cov(s, m) is
        (2 + 1 - 2) / n.)"""
        return 1 / math.sqrt(self.count)


def spacing(times: Sequence[int], start: int, which: Sequence[int]) -> Spacing | None:
    """Of the intervals that lie within the seconds `which` from `start`; None of fewer than 100."""
    count, total, squares = 0, 0, 0
    for k in which:
        first, last = (bisect_left(times, start + n * SECOND) for n in (k, k + 1))
        for i in range(first + 1, last):
            interval = times[i] - times[i - 1]
            count += 1
            total += interval
            squares += interval * interval  # integers: exact
    if count < 100:
        return None
    mean = total / count
    return Spacing(count, mean, math.sqrt(max(0.0, squares / count - mean * mean)) / mean)


def pooled(parts: Sequence[Spacing]) -> Spacing:
    """One figure for the intervals of several runs."""
    count = sum(p.count for p in parts)
    mean = sum(p.count * p.mean_ns for p in parts) / count
    squares = sum(p.count * p.mean_ns**2 * (1 + p.variation**2) for p in parts) / count
    return Spacing(count, mean, math.sqrt(max(0.0, squares - mean * mean)) / mean)
