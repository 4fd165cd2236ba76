"""On time: arrivals counted at the server, and loadgen's lag beside that of a loop that only waits."""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import arrivals
from procfs import Disturbance, Watch
from programs import Load, Setup, bare_pacer, loadgen, serving
from rounds import Patience, Row, at_most, each_at_most, not_judged, row, say, steadiness

TOTAL_GOAL_PERCENT = 0.1
LAG_GOAL = 1.5
SPACING_RATE = 1000  # the highest at which lag is small beside the interval
UNIFORM_GOAL = 0.2
FALSE_ALARM = 1e-4
LAG_ALLOWANCE = 0.02  # what lag adds to Poisson's variation: 1 + (spread of lag / interval)^2, and more


@dataclass
class Run:
    """One run of loadgen, seen from the server."""

    load: Load
    arrived: int
    seconds: list[arrivals.Second]  # uniform: those that were undisturbed
    spacing: arrivals.Spacing | None
    disturbance: Disturbance
    repeated: bool = False

    @property
    def severity(self) -> float:
        return self.disturbance.severity

    @property
    def target(self) -> dict[str, Any]:
        return next(iter(self.load.result["targets"].values()))

    def lag(self, percentile: str, kind: str = "generator_lag") -> float:
        return float(self.target["latency"][kind][f"{percentile}_us"])

    def off_percent(self, due: float) -> float:
        return abs(self.arrived / due - 1) * 100

    @property
    def summary(self) -> dict[str, Any]:
        timeline = self.target["timeline"]
        return {"arrived": self.arrived, "offered": self.target["totals"]["offered"], "repeated": self.repeated,
                "seconds_judged": [vars(s) for s in self.seconds],
                "seconds": [{"verdict": t["verdict"], "cause": t["cause"]} | t["evidence"] for t in timeline],
                "spacing": vars(self.spacing) if self.spacing else None, "generator_lag_us":
                {p: self.lag(p) for p in ("p50", "p99", "p999", "max")}, "steal": self.disturbance.steal,
                "foreign": self.disturbance.foreign, "load": self.load.summary}


@dataclass
class Pair:
    """loadgen and the bare loop, one right after the other."""

    run: Run
    bare: dict[str, Any]
    bare_disturbance: Disturbance
    repeated: bool = False

    @property
    def severity(self) -> float:
        return max(self.run.severity, self.bare_disturbance.severity)

    def ratio(self, percentile: str) -> float:
        return self.run.lag(percentile) / float(self.bare["lag_us"][percentile])

    @property
    def summary(self) -> dict[str, Any]:
        return {"run": self.run.summary, "bare": self.bare, "bare_steal": self.bare_disturbance.steal,
                "bare_foreign": self.bare_disturbance.foreign, "repeated": self.repeated}


@dataclass
class Rate:
    rate: int
    duration_s: int
    pairs: list[Pair]

    @property
    def rows(self) -> list[Row]:
        at = f"at {self.rate:,}/s"
        due = self.rate * self.duration_s
        rows = [each_at_most(f"{at}: % off the total, at the server", [p.run.off_percent(due) for p in self.pairs],
                             TOTAL_GOAL_PERCENT, steadiness(self.pairs))]
        seconds = [s for p in self.pairs for s in p.run.seconds]
        all_seconds = self.duration_s * len(self.pairs)
        if seconds:
            off = [s for s in seconds if not s.met]
            note = f"{len(seconds)} of {all_seconds} s undisturbed"
            if off:  # what was late when a second ended counts in the next one
                note += (f"; {len(off)} off by more, where loadgen's loop stood still for up to "
                         f"{max(s.stall_us for s in off) / 1e3:.1f} ms")
            rows.append(each_at_most(f"{at}: requests off in a second", [s.off for s in seconds],
                                     seconds[0].allowed, note))
        else:
            rows.append(not_judged(f"{at}: requests off in a second", "0.1 % + 1.5",
                                   f"none of {all_seconds} s undisturbed"))
        for p in ("p50", "p99"):
            wait = max(x.run.lag(p, "connection_wait") for x in self.pairs)
            rows.append(row(f"{at}: generator lag {p} us", [x.run.lag(p) for x in self.pairs],
                            f"wait for a connection, not in it: up to {wait:,.0f} us" if wait > 0 else ""))
            rows.append(row(f"{at}: bare loop's lag {p} us", [x.bare["lag_us"][p] for x in self.pairs]))
            rows.append(at_most(f"{at}: lag {p}, loadgen / bare loop", [x.ratio(p) for x in self.pairs], LAG_GOAL))
        return rows

    @property
    def summary(self) -> dict[str, Any]:
        return {"rate": self.rate, "duration_s": self.duration_s, "rounds": [p.summary for p in self.pairs]}


def spacing_rows(uniform: list[Run], poisson: list[Run]) -> list[Row]:
    """Coefficient of variation of the intervals between arrivals, pooled over undisturbed seconds of all runs."""
    what = f"at {SPACING_RATE:,}/s, %s: variation of intervals"
    parts = {"uniform": [r.spacing for r in uniform if r.spacing], "poisson": [r.spacing for r in poisson if r.spacing]}
    rows = []
    for name, spacings in parts.items():
        if not spacings:
            rows.append(not_judged(what % name, "near 0" if name == "uniform" else "near 1", "no undisturbed seconds"))
            continue
        seen, each = arrivals.pooled(spacings), [s.variation for s in spacings]
        if name == "uniform":
            rows.append(Row(what % name, seen.variation, min(each), max(each), f"<= {UNIFORM_GOAL:g}",
                            seen.variation <= UNIFORM_GOAL, f"{seen.count:,} intervals"))
        else:
            low, high = poisson_band(seen)
            rows.append(Row(what % name, seen.variation, min(each), max(each), f"{low:.3f} .. {high:.3f}",
                            low <= seen.variation <= high,
                            f"{seen.count:,} intervals, standard error {seen.poisson_error:.4f}, "
                            f"false alarm {FALSE_ALARM:g}"))
    return rows


def poisson_band(seen: arrivals.Spacing) -> tuple[float, float]:
    """Exponential intervals fall outside with probability FALSE_ALARM (normal approximation, two-sided), and are
    given a little for the lag on their way."""
    reach = NormalDist().inv_cdf(1 - FALSE_ALARM / 2) * seen.poisson_error
    return 1 - reach - LAG_ALLOWANCE, 1 + reach + LAG_ALLOWANCE


def measure_run(setup: Setup, rate: int, seconds: int, *how: str) -> Run:
    record = setup.out / "arrivals.bin"
    watch = Watch(setup.cores)
    with serving(setup, record, round(rate * seconds * 1.5) + 10_000) as server:
        load = loadgen(setup, server, seconds, "-R", str(rate), *how)
        disturbance = watch.disturbance([server.cpu(), load.ended.cpu])
    times = server.arrivals()
    record.unlink()
    timeline = next(iter(load.result["targets"].values()))["timeline"]
    timeline = timeline[:seconds]  # behind them only answers come
    which = arrivals.undisturbed([t["verdict"] for t in timeline])
    judged: list[arrivals.Second] = []
    if how:
        start = times[0]  # near enough to tell the seconds apart
    else:
        start = arrivals.start_of(times, rate)
        judged = arrivals.judge_seconds(arrivals.per_second(times, start, seconds), which, rate,
                                        [t["evidence"]["stall_max_us"] for t in timeline])
    return Run(load, len(times), judged, arrivals.spacing(times, start, which), disturbance)


def measure_pair(setup: Setup, rate: int, seconds: int, turn: int) -> Pair:
    def bare() -> tuple[dict[str, Any], Disturbance]:
        watch = Watch(setup.cores)
        ended, lags = bare_pacer(setup, rate, seconds)
        return lags, watch.disturbance([ended.cpu])

    first = bare() if turn % 2 else None
    run = measure_run(setup, rate, seconds)
    made = Pair(run, *(first or bare()))
    say(f"  lag p50 {run.lag('p50'):.0f} us, p99 {run.lag('p99'):.0f} us; bare loop "
        f"{made.bare['lag_us']['p50']:.0f}, {made.bare['lag_us']['p99']:.0f} us")
    return made


@dataclass
class OnTime:
    rates: list[Rate]
    poisson: list[Run]

    @property
    def rows(self) -> list[Row]:
        uniform = [p.run for r in self.rates if r.rate == SPACING_RATE for p in r.pairs]
        total = each_at_most(f"at {SPACING_RATE:,}/s, poisson: % off the total, at the server",
                             [r.off_percent(r.target["totals"]["offered"]) for r in self.poisson], TOTAL_GOAL_PERCENT,
                             steadiness(self.poisson))
        return [x for r in self.rates for x in r.rows] + [total] + spacing_rows(uniform, self.poisson)

    @property
    def summary(self) -> dict[str, Any]:
        return {"rates": [r.summary for r in self.rates], "poisson": [r.summary for r in self.poisson]}


def measure(setup: Setup, rates: list[int], rounds: int, seconds: int, patience: Patience) -> OnTime:
    made = OnTime([Rate(rate, seconds, []) for rate in rates], [])
    for i in range(rounds):
        for r in made.rates:
            say(f"on time: round {i + 1} of {rounds}, {r.rate:,}/s, {seconds} s each of loadgen and the bare loop")
            r.pairs.append(patience.cleaner_of_two(partial(measure_pair, setup, r.rate, seconds, i)))
        say(f"on time: round {i + 1} of {rounds}, poisson arrivals, {SPACING_RATE:,}/s, {seconds} s")
        made.poisson.append(patience.cleaner_of_two(partial(
            measure_run, setup, SPACING_RATE, seconds, "--arrivals", "poisson", "--seed", str(i + 1))))
    return made
