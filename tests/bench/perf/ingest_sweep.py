"""POST over the size of the pool of PostgreSQL connections: from 2 to 256."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from contest import order
from ingest_contest import measure_one
from ingest_turn import MEMCACHED, POSTGRES, Bench, Turn
from ingest_variants import Program
from rounds import Patience, Row, row, say, steadiness

SWEPT = ("each", "blocking", "go")
POOLS = (2, 4, 8, 16, 32, 64, 128, 256)
QUICK_POOLS = (2, 16, 128)


@dataclass
class Sweep:
    titles: dict[str, str]
    turns: dict[str, dict[int, list[Turn]]] = field(default_factory=dict)  # by program and pool

    @property
    def rows(self) -> list[Row]:
        rows = []
        for name, by_pool in self.turns.items():
            for pool, turns in sorted(by_pool.items()):
                parts = {who: median(t.cpu_us_of(who) for t in turns) for who in (POSTGRES, MEMCACHED)}
                notes = [f"CPU us: application {median(t.cpu_us for t in turns):.1f}, PostgreSQL {parts[POSTGRES]:.1f}, "
                         f"Memcached {parts[MEMCACHED]:.1f}", steadiness(turns)]
                if failed := sum(t.load.failed for t in turns):
                    notes.append(f"{failed} not answered by 201")
                rows.append(row(f"{self.titles[name]}, pool {pool}: requests/s", [t.load.rps for t in turns],
                                "; ".join(note for note in notes if note)))
        return rows

    @property
    def summary(self) -> dict[str, Any]:
        return {name: {pool: [t.summary for t in turns] for pool, turns in by_pool.items()}
                for name, by_pool in self.turns.items()}


def measure(bench: Bench, entered: Sequence[Program], pools: Sequence[int], rounds: int, seconds: int,
            patience: Patience) -> Sweep:
    programs = {program.name: program for program in entered if program.name in SWEPT}
    made = Sweep({name: program.title for name, program in programs.items()},
                 {name: {pool: [] for pool in pools} for name in programs})
    points = {f"{name}-{pool}": (name, pool) for pool in pools for name in programs}
    for i in range(rounds):
        say(f"pool sizes: round {i + 1} of {rounds}, {seconds} s for each of {len(points)}")
        for point in order(list(points), i):
            name, pool = points[point]
            turn = measure_one(bench, programs[name].with_pool(pool), "off", seconds, patience)
            made.turns[name][pool].append(turn)
            say(f"  {point}: {turn.load.rps:,.0f}/s, {turn.cpu_us:.1f} us")
    return made
