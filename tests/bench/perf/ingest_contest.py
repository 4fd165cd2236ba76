"""POST by programs with fixed pools: CPU per request by who spent it, requests per second and p99 in a closed loop, in
interleaved rounds."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from contest import order
from hostile_setup import at_least
from ingest_turn import APPLICATION, MEMCACHED, POSTGRES, WARM_S, Bench, Turn, measure_turn, serving, wrk_posts
from ingest_variants import GROUP_NOTE, Program, Variant
from rounds import InterleavedRounds, Patience, Row, at_most, not_judged, row, say, steadiness

EACH_CPU_GOAL_US = 25
EACH_CPU_TO_GO_GOAL = 0.2
EACH_RPS_TO_GO_GOAL = {"off": 2.3, "on": 1.4}
GROUP_RPS_TO_GO_GOAL = {"off": 4.5}
NO_GO = "Go is not set up: ./bench setup contenders"


@dataclass
class Contest(InterleavedRounds[Turn]):
    commit: str  # synchronous_commit
    variants: dict[str, Variant]

    @property
    def names(self) -> list[str]:
        """Those that were measured."""
        return [name for name in self.variants if self.turns(name)]

    def best(self, program: str) -> str | None:
        """The variant of a program with the pool that answered most; None of one that was not measured."""
        pools = [name for name in self.names if self.variants[name].program == program]
        return max(pools, key=lambda name: median(self.values(name, rps)), default=None)

    @property
    def cpu_rows(self) -> list[Row]:
        rows = []
        for name in self.names:
            parts = {who: median(self.values(name, lambda t, who=who: t.cpu_us_of(who))) for who in (POSTGRES, MEMCACHED)}
            notes = [f"PostgreSQL {parts[POSTGRES]:.1f}, Memcached {parts[MEMCACHED]:.1f}, "
                     f"all three {median(self.values(name, lambda t: t.all_cpu_us)):.1f}", steadiness(self.turns(name))]
            if len(self.turns(name)) < len(self.rounds):
                notes.append(f"{len(self.turns(name))} rounds of {len(self.rounds)}: it is far from the others")
            rows.append(row(f"{self.variants[name].title}: CPU us per request", self.values(name, lambda t: t.cpu_us),
                            "; ".join(note for note in notes if note)))
        return rows

    @property
    def other_rows(self) -> list[Row]:
        rows = []
        for what, of in (("requests/s", rps), ("p99 ms in closed loop", lambda t: t.load.p99_us / 1000),
                         ("resident MB", lambda t: t.resident_bytes / 1e6)):
            rows += [row(f"{self.variants[name].title}: {what}", self.values(name, of)) for name in self.names]
        failed = {name: sum(self.values(name, lambda t: t.load.failed)) for name in self.names}
        rows.append(at_most("requests not answered by 201, all together", [sum(failed.values())], 0,
                            ", ".join(f"{name} {count:.0f}" for name, count in failed.items() if count)))
        return rows

    @property
    def goal_rows(self) -> list[Row]:
        what_cpu = "CPU per request of the application"
        rows = []
        if self.commit == "off":
            each = self.best("each")
            rows = [at_most("each: CPU us per request of the application", self.values(each, cpu), EACH_CPU_GOAL_US,
                            self.variants[each].title)] if each else []
            rows += self.against_go("each", what_cpu, cpu, {"off": EACH_CPU_TO_GO_GOAL}, at_most)
        rows += self.against_go("each", "requests/s", rps, EACH_RPS_TO_GO_GOAL)
        rows += self.against_go("group", "requests/s", rps, GROUP_RPS_TO_GO_GOAL, note=GROUP_NOTE)
        rows += self.against_go("blocking", "requests/s", rps, {})
        rows += self.against_go("blocking", what_cpu, cpu, {})
        for program in ("each", "group", "blocking"):
            rows += self.against_go(program, "CPU per request of all three", lambda t: t.all_cpu_us, {})
        return rows

    def against_go(self, program: str, what: str, of: Callable[[Turn], float], goals: dict[str, float],
                   judge: Callable[[str, Sequence[float], float, str], Row] = at_least, note: str = "") -> list[Row]:
        """The best pool of each, round by round. Nothing where there is neither the program nor a goal that it would have
        to meet."""
        own, go, goal = self.best(program), self.best("go"), goals.get(self.commit)
        title = f"{what}, {program} / Go"
        if go is None or own is None:
            why = NO_GO if go is None else f"{program} was not measured"
            return [] if goal is None else [not_judged(title, f"{'<=' if judge is at_most else '>='} {goal:g}", why)]
        notes = f"{self.variants[own].title} / {self.variants[go].title}" + (f"; {note}" if note else "")
        ratios = self.ratios_of(own, go, of)
        return [row(title, ratios, notes) if goal is None else judge(title, ratios, goal, notes)]

    @property
    def summary(self) -> dict[str, Any]:
        return {"synchronous_commit": self.commit, "best_go": self.best("go"),
                "rounds": [{"order": order, "programs": {name: turn.summary for name, turn in r.items()}}
                           for order, r in zip(self.orders, self.rounds)]}


def rps(turn: Turn) -> float:
    return turn.load.rps


def cpu(turn: Turn) -> float:
    return turn.cpu_us_of(APPLICATION)


def measure_one(bench: Bench, variant: Variant, commit: str, seconds: int, patience: Patience) -> Turn:
    """Started anew, warmed up, and measured. What is measured once more is so with what it has stored meanwhile."""
    with serving(bench, variant, commit) as served:
        wrk_posts(bench, served, WARM_S)
        return patience.cleaner_of_two(partial(measure_turn, bench, served, partial(wrk_posts, bench, served, seconds)))


def measure(bench: Bench, programs: Sequence[Program], commit: str, rounds: int, seconds: int, patience: Patience) -> Contest:
    by_name = {variant.name: variant for program in programs for variant in program.variants(commit)}
    made = Contest(commit, by_name)
    for i in range(rounds):
        names = [name for name in order(list(by_name), i) if by_name[name].takes_part(i)]
        say(f"synchronous_commit {commit}: round {i + 1} of {rounds}, {seconds} s for each of {len(names)}")
        turns = {}
        for name in names:
            turns[name] = measure_one(bench, by_name[name], commit, seconds, patience)
        say("  " + "   ".join(f"{name} {t.load.rps:,.0f}/s {t.cpu_us:.1f} us" for name, t in turns.items()))
        made.orders.append(names)
        made.rounds.append(turns)
    return made
