"""POST at a rate that all hold, by loadgen: response times from when a request was due."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from contest import order
from ingest_contest import Contest, rps
from ingest_turn import WARM_S, Bench, Turn, loadgen_posts, measure_turn, serving
from ingest_variants import SLOW, Variant
from rounds import Patience, Row, at_most, row, say, steadiness

SHARE = 0.6  # of what the slowest of them answered in a closed loop


@dataclass
class OpenLoop:
    rate: int
    titles: dict[str, str]
    turns: dict[str, list[Turn]] = field(default_factory=dict)

    @property
    def rows(self) -> list[Row]:
        rows = []
        for what, of in (("p50 ms", lambda t: response(t)["p50_us"] / 1000), ("p99 ms", lambda t: response(t)["p99_us"] / 1000),
                         ("CPU us per request", lambda t: t.cpu_us)):
            rows += [row(f"{self.titles[name]}: {what}", [of(t) for t in turns], steadiness(turns))
                     for name, turns in self.turns.items()]
        failed = {name: sum(t.load.failed for t in turns) for name, turns in self.turns.items()}
        rows.append(at_most("requests not answered by 201, all together", [sum(failed.values())], 0,
                            ", ".join(f"{name} {count}" for name, count in failed.items() if count)))
        return rows

    @property
    def summary(self) -> dict[str, Any]:
        return {"rate": self.rate, "programs": {name: [t.summary | {"response": response(t)} for t in turns]
                                                for name, turns in self.turns.items()}}


def response(turn: Turn) -> dict[str, float]:
    seen: dict[str, float] = next(iter(turn.load.result["targets"].values()))["latency"]["response"]
    return seen


def chosen(contest: Contest) -> list[Variant]:
    """Each program with its best pool; none that is far below the others."""
    programs = dict.fromkeys(contest.variants[name].program for name in contest.names)
    best = [contest.best(program) for program in programs if program not in SLOW]
    return [contest.variants[name] for name in best if name]


def rate_of(contest: Contest) -> int:
    return round(SHARE * min(median(contest.values(variant.name, rps)) for variant in chosen(contest)))


def measure(bench: Bench, contest: Contest, rounds: int, seconds: int, patience: Patience) -> OpenLoop:
    by_name = {variant.name: variant for variant in chosen(contest)}
    made = OpenLoop(rate_of(contest), {name: variant.title for name, variant in by_name.items()},
                    {name: [] for name in by_name})
    for i in range(rounds):
        say(f"open loop: round {i + 1} of {rounds}, {seconds} s at {made.rate:,}/s for each of {len(by_name)} programs")
        for name in order(list(by_name), i):
            with serving(bench, by_name[name], "off") as served:
                how = ("-R", str(made.rate))
                loadgen_posts(bench, served, WARM_S, *how)
                made.turns[name].append(patience.cleaner_of_two(
                    partial(measure_turn, bench, served, partial(loadgen_posts, bench, served, seconds, *how))))
    return made
