"""Who is measured how often, in which order, at which rates: the arithmetic of ./bench compare. No process, no clock."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# 14 to a decade, each at most 1.2 times the one before: a capacity is known to within 20 %.
DECADE = (10, 12, 14, 16, 19, 22, 26, 30, 36, 43, 51, 61, 73, 87)
FEWEST_ROUNDS = 3  # below, a median is not one


@dataclass(frozen=True)
class Staircase:
    """Held rates, requests per second, the same for every target."""

    rates: tuple[int, ...]
    step_s: int
    warmup_s: int  # before, at the lowest rate
    stop_when: str

    @property
    def longest_s(self) -> int:
        """Of a target that keeps up to the end."""
        return self.warmup_s + self.step_s * len(self.rates)


def ladder(first: int, last: int, every: int = 1) -> tuple[int, ...]:
    """The rates from `first` to `last`, which are 10 and more; or each `every`-th of them."""
    rates = [step * 10**power for power in range(7) for step in DECADE]
    return tuple(rate for rate in rates if first <= rate <= last)[::every]


# From below what an interpreter answers on a busy small machine to beyond what one loadgen thread offers. Seconds a step:
# three, so that three targets have three rounds in 14 minutes on two cores (about 100 s for a ramp to 150,000/s).
STOP_WHEN = "availability<90% for 3s"
STAIRCASES = {
    "get": Staircase(ladder(1000, 510_000), 3, 3, STOP_WHEN),
    "post": Staircase(ladder(220, 160_000), 3, 3, STOP_WHEN),
}
QUICK_STAIRCASES = {
    "get": Staircase(ladder(1000, 510_000, every=4), 2, 2, "availability<90% for 2s"),
    "post": Staircase(ladder(220, 160_000, every=4), 2, 2, "availability<90% for 2s"),
}


def named(targets: Sequence[str]) -> dict[str, str]:
    """The name in the report -> the target. One that is there a second time gets "-2", and so on."""
    names: dict[str, str] = {}
    for target in targets:
        name, count = target, 1
        while name in names or (count > 1 and name in targets):
            count += 1
            name = f"{target}-{count}"
        names[name] = target
    return names


def order(names: Sequence[str], turn: int) -> list[str]:
    """Of round `turn`, from 0. Every other round is the one before backwards, so that what drifts evenly in two rounds
    favours nobody; each pair begins with another target."""
    k = turn // 2 % len(names)
    rotated = [*names[k:], *names[:k]]
    return rotated[::-1] if turn % 2 else rotated


@dataclass
class Budget:
    """Decides, in seconds from the start, whether there is time for more."""

    limit_s: float | None  # None: as long as it takes
    rounds: int | None     # None: as many as fit
    repeats: bool = True   # of ramps that were disturbed
    took_s: dict[str, float] = field(default_factory=dict)  # the last ramp of each target, all around it included

    def one_round_s(self, names: Sequence[str]) -> float:
        """What is not known yet takes as long as the longest known."""
        longest = max(self.took_s.values(), default=0.0)
        return sum(self.took_s.get(name, longest) for name in names)

    def another_round(self, made: int, elapsed_s: float, names: Sequence[str]) -> bool:
        if not names or (self.rounds is not None and made >= self.rounds):
            return False
        return made == 0 or self.limit_s is None or elapsed_s + self.one_round_s(names) <= self.limit_s

    def another_try(self, made: int, elapsed_s: float, again: str, left: Sequence[str], names: Sequence[str]) -> bool:
        """Of a ramp that was disturbed, in round `made` (from 0), after which `left` are to come: when the rounds that
        have to be made are made all the same."""
        if not self.repeats or self.limit_s is None:
            return self.repeats
        rounds = (FEWEST_ROUNDS if self.rounds is None else self.rounds) - made - 1
        to_come = self.one_round_s([again, *left]) + max(0, rounds) * self.one_round_s(names)
        return elapsed_s + to_come <= self.limit_s

    def left_s(self, made: int, elapsed_s: float, left: Sequence[str], names: Sequence[str]) -> float:
        """`made`: whole rounds; `left`: ramps to come in this one."""
        if self.rounds is not None:
            asked = self.one_round_s(left) + (self.rounds - made - 1) * self.one_round_s(names)
            return asked if self.limit_s is None else max(0.0, min(asked, self.limit_s - elapsed_s))
        assert self.limit_s is not None
        return max(0.0, self.limit_s - elapsed_s)
