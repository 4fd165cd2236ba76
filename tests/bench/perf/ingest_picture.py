"""The picture of ./bench perf ingest."""
from __future__ import annotations

import textwrap
from pathlib import Path
from statistics import median
from typing import Any

from ingest_contest import Contest, rps
from ingest_sweep import Sweep
from ingest_turn import APPLICATION, MEMCACHED, POSTGRES
from ingest_variants import STYLES
from picture import GOAL, LOADGEN, OTHER, pyplot

COLORS = {"each": LOADGEN, "blocking": "#009e73", "go": GOAL}  # told apart without red and green
OURS = [style.name for style in STYLES]
SHADES = {APPLICATION: 0.95, POSTGRES: 0.55, MEMCACHED: 0.25}


def draw_cpu(axes: Any, contest: Contest) -> None:
    """Who spends how much; the slowest are cut off, and say what they are."""
    sums = {name: median(contest.values(name, lambda t: t.all_cpu_us)) for name in contest.names}
    top = 1.15 * sorted(sums.values())[-2 if len(sums) > 2 else -1]
    for x, name in enumerate(contest.names):
        bottom = 0.0
        for who, alpha in SHADES.items():
            height = median(contest.values(name, lambda t, who=who: t.cpu_us_of(who)))
            axes.bar(x, height, bottom=bottom, alpha=alpha, color=color_of(contest, name))
            bottom += height
        own = median(contest.values(name, lambda t: t.cpu_us))
        axes.annotate(f"{own:.0f} of {sums[name]:.0f}", (x, min(bottom, 0.94 * top)), ha="center", va="bottom",
                      fontsize=8)
    axes.set_ylim(0, top)
    axes.set_xticks(range(len(contest.names)), contest.names, fontsize=8)
    axes.set_ylabel("us")
    axes.set_title("CPU per request: application, PostgreSQL, Memcached from dark to light\n"
                   f"(synchronous_commit {contest.commit})")


def draw_rates(axes: Any, contests: list[Contest]) -> None:
    """Each program with the best of its pools."""
    programs = list(dict.fromkeys(contests[0].variants[name].program for name in contests[0].names))
    for contest, shift, alpha in zip(contests, (-0.2, 0.2), (0.9, 0.45)):
        for x, program in enumerate(programs):
            name = contest.best(program)
            if name is None:
                continue
            values = contest.values(name, rps)
            axes.bar(x + shift, median(values), 0.38, alpha=alpha, color=color_of(contest, name))
            axes.vlines(x + shift, min(values), max(values), color="black", linewidth=1)
            axes.annotate(f"pool {contest.variants[name].pool}", (x + shift, max(values)), ha="center", va="bottom", fontsize=7)
    axes.set_xticks(range(len(programs)), programs, fontsize=8)
    axes.set_title("Requests per second, range over the rounds: synchronous_commit\n"
                   + " and ".join(f"{c.commit} ({shade})" for c, shade in zip(contests, ("dark", "light"))))


def color_of(contest: Contest, name: str) -> str:
    return LOADGEN if contest.variants[name].program in OURS else OTHER


def draw_over_pool(axes: Any, sweep: Sweep, title: str, of: Any) -> None:
    for name, by_pool in sweep.turns.items():
        pools = sorted(by_pool)
        medians = [median(map(of, by_pool[pool])) for pool in pools]
        axes.plot(pools, medians, marker="o", color=COLORS[name], label=sweep.titles[name])
        axes.set_xscale("log", base=2)
        axes.set_xticks(pools, map(str, pools))
        for pool in pools:
            values = [of(t) for t in by_pool[pool]]
            axes.vlines(pool, min(values), max(values), color=COLORS[name], linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("PostgreSQL connections")
    axes.set_title(title)
    axes.legend(fontsize=8)


def draw(file: Path, contests: list[Contest], sweep: Sweep, subtitle: str) -> None:
    figure, axes = pyplot.subplots(2, 2, figsize=(14, 10), constrained_layout=True)
    figure.suptitle("./bench perf ingest\n" + textwrap.fill(subtitle, 170), fontsize=9)
    draw_cpu(axes[0][0], contests[0])
    draw_rates(axes[0][1], contests)
    draw_over_pool(axes[1][0], sweep, "Requests per second over the pool's size", rps)
    draw_over_pool(axes[1][1], sweep, "CPU us per request of the application over the pool's size", lambda t: t.cpu_us)
    for each in axes.flat:
        each.grid(alpha=0.3)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
