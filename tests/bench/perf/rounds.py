"""What all measurements share: rounds that are measured again when something else ran, and goals in a table."""
from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, Protocol, TypeVar

from procfs import MOST_FOREIGN, MOST_STEAL


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Round(Protocol):
    repeated: bool

    @property
    def severity(self) -> float:
        """Above 1: something else took too much of the time."""


R = TypeVar("R", bound=Round)


class Patience:
    """What is left of the time for repetitions, so that a busy machine does not double the whole."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def cleaner_of_two(self, measure: Callable[[], R]) -> R:
        """One round; when something else took too much of its time, the cleaner one of two."""
        first = measure()
        if first.severity <= 1 or self._left <= 0:
            return first
        say("  something else ran meanwhile: once more")
        start = time.monotonic()
        second = measure()
        self._left -= time.monotonic() - start
        kept = min(first, second, key=lambda r: r.severity)
        kept.repeated = True
        return kept


@dataclass
class InterleavedRounds(Generic[R]):
    """Of several programs: those of a round in the order given, and what each one's turn was. One may have left some out."""

    orders: list[list[str]] = field(default_factory=list, kw_only=True)
    rounds: list[dict[str, R]] = field(default_factory=list, kw_only=True)

    def turns(self, name: str) -> list[R]:
        return [r[name] for r in self.rounds if name in r]

    def values(self, name: str, of: Callable[[R], float]) -> list[float]:
        return [of(turn) for turn in self.turns(name)]

    def ratios_of(self, name: str, to: str, of: Callable[[R], float]) -> list[float]:
        """Round by round."""
        return [of(r[name]) / of(r[to]) for r in self.rounds if name in r and to in r]


def steadiness(rounds: Sequence[Round]) -> str:
    """What is to be known of them, or ""."""
    repeated, disturbed = sum(r.repeated for r in rounds), sum(r.severity > 1 for r in rounds)
    if not repeated and not disturbed:
        return ""
    return f"{len(rounds)} rounds, {repeated} repeated, {disturbed} disturbed all the same"


@dataclass(frozen=True)
class Row:
    """A line of the table: median and range over the rounds, and whether a goal was met (None: no goal). A goal that
    could not be judged was not met, and has no figures (NaN)."""

    what: str
    median: float
    low: float
    high: float
    goal: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def judged(self) -> bool:
        return not math.isnan(self.median)


DISTURBED = f"disturbed: steal above {MOST_STEAL:.0%} or foreign CPU above {MOST_FOREIGN:.0%} of a core"


def row(what: str, values: Sequence[float], note: str = "") -> Row:
    return Row(what, median(values), min(values), max(values), note=note)


def at_most(what: str, values: Sequence[float], limit: float, note: str = "") -> Row:
    """The goal is the median's."""
    return Row(what, median(values), min(values), max(values), f"<= {limit:g}", median(values) <= limit, note)


def each_at_most(what: str, values: Sequence[float], limit: float, note: str = "") -> Row:
    """The goal is that of each round."""
    return Row(what, median(values), min(values), max(values), f"each <= {limit:g}", max(values) <= limit, note)


def not_judged(what: str, goal: str, why: str) -> Row:
    return Row(what, math.nan, math.nan, math.nan, goal, False, why)


def number(value: float) -> str:
    if math.isnan(value):
        return "-"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def met(r: Row) -> str:
    if r.met is None:
        return ""
    return "yes" if r.met else "NO" if r.judged else "not judged"


def cells(r: Row) -> list[str]:
    spread = f"{number(r.low)} .. {number(r.high)}" if r.judged else "-"
    return [r.what, number(r.median), spread, r.goal, met(r), r.note]


HEAD = ["what", "median", "range", "goal", "met", "note"]


def plain_table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD) - 1)]
    return "".join(
        "  ".join([line[0].ljust(widths[0]), line[1].rjust(widths[1]), line[2].rjust(widths[2]),
                   line[3].ljust(widths[3]), line[4].ljust(widths[4]), line[5]]).rstrip() + "\n" for line in lines)


def markdown_table(rows: Sequence[Row]) -> str:
    lines = [HEAD, ["---", "--:", "--:", "---", "---", "---"], *map(cells, rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
