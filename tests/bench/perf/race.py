"""The rounds of ./bench compare: who is next, what is done again, what a target that failed costs the others (nothing)."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from contest import Budget, order
from programs import CouldNotRun, NotTheTarget
from ramp import Ramp
from rounds import say


class Race:
    """The ramps, as far as they were made; also after an exception."""

    def __init__(self, names: Sequence[str], budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self.ramps: dict[str, list[Ramp]] = {name: [] for name in names}
        self.failures: dict[str, str] = {}
        self.stopped = ""  # why it ended early, where that was no target's doing
        self.rounds = 0  # whole ones
        self._budget = budget
        self._clock, self._start = clock, clock()

    @property
    def going(self) -> list[str]:
        return [name for name in self.ramps if name not in self.failures]

    def _elapsed(self) -> float:
        return self._clock() - self._start

    def run(self, make_ramp: Callable[[str, int], Ramp]) -> None:
        """`make_ramp(name, turn)` raises CouldNotRun when there is no result; turns count from 0. NotTheTarget is tried
        once more, and a second time ends the race."""
        self._make_ramp = make_ramp
        try:
            while self._budget.another_round(self.rounds, self._elapsed(), self.going):
                to_come = order(self.going, self.rounds)
                while to_come:
                    self._take_turn(to_come.pop(0), to_come)
                self.rounds += 1
        except NotTheTarget as error:
            self.stopped = str(error)
            say(f"FAILED again  {error}\nthat is no target's doing, and the end")

    def _take_turn(self, name: str, to_come: Sequence[str]) -> None:
        ramps = self.ramps[name]
        try:
            ramps.append(self._timed(name))
            self._say(ramps[-1], to_come)
            if ramps[-1].severity > 1 and not ramps[-1].failure:
                self._repeat(ramps, to_come)
            failure = ramps[-1].failure
        except NotTheTarget:
            raise
        except CouldNotRun as error:
            failure = str(error)
        if failure:
            self.failures[name] = failure
            say(f"FAILED  {failure}\n{name} is not measured any more")

    def _timed(self, name: str) -> Ramp:
        start = self._clock()
        try:
            ramp = self._make_ramp(name, self.rounds)
        except NotTheTarget as error:
            say(f"FAILED  {error}\nthat is not the doing of {name}: once more")
            start = self._clock()
            ramp = self._make_ramp(name, self.rounds)
        self._budget.took_s[name] = self._clock() - start
        return ramp

    def _say(self, ramp: Ramp, to_come: Sequence[str]) -> None:
        held = f"held {ramp.held_rps:,.0f} requests/s" if ramp.held_rps else "held none of the rates to be believed"
        left_s = self._budget.left_s(self.rounds, self._elapsed(), to_come, self.going)
        say(f"round {self.rounds + 1}  {ramp.name}: {held}, took {self._budget.took_s[ramp.name]:.0f} s; "
            f"time left {int(left_s) // 60}:{int(left_s) % 60:02}")

    def _repeat(self, ramps: list[Ramp], to_come: Sequence[str]) -> None:
        """Of two, the cleaner one counts."""
        first = ramps[-1]
        why = (f"disturbed: {first.disturbed:.0%} of its seconds as loadgen says; steal {first.beside.steal:.0%}, "
               f"{first.beside.foreign:.0%} of a core used by others")
        if not self._budget.another_try(self.rounds, self._elapsed(), first.name, to_come, self.going):
            say(f"  {why}; {'no time to do it again' if self._budget.repeats else 'nothing is done again with --quick'}")
            return
        say(f"  {why}; once more")
        place = first.folder
        first.move(place.with_name(place.name + "-first"))
        second = self._timed(first.name)
        if second.severity <= first.severity or second.failure:
            ramps[-1] = second
        else:
            second.move(place.with_name(place.name + "-second"))
            first.move(place)
        ramps[-1].repeated = True
        self._say(ramps[-1], to_come)


def summary(race: Race, fewest: int) -> list[str]:
    """What is to be known of the rounds beside the table, a line each."""
    made = [ramp for ramps in race.ramps.values() for ramp in ramps]
    lines = []
    repeated, disturbed = sum(r.repeated for r in made), sum(r.severity > 1 for r in made)
    if repeated or disturbed:
        lines.append(f"{len(made)} ramps, {repeated} repeated, {disturbed} disturbed all the same")
    if race.rounds < fewest:
        out_of_time = race.going and not race.stopped
        lines.append(f"only {race.rounds} whole round{'' if race.rounds == 1 else 's'}, a median and a range want {fewest}"
                     + ("; --minutes gives more time" if out_of_time else ""))
    failures = [*race.failures.values(), *([race.stopped] if race.stopped else [])]
    return lines + [f"FAILED  {failure.splitlines()[0]}" for failure in failures]


def results_of(ramps: Mapping[str, Sequence[Ramp]]) -> list[str]:
    """By target, then by round: loadgen report takes the k-th result of a target for its round k."""
    return [str(ramp.result) for of_target in ramps.values() for ramp in of_target]
