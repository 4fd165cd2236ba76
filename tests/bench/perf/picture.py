"""One picture of a measurement. Needs Debian's python3-matplotlib."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no display
from matplotlib import pyplot  # noqa: E402  (after the choice above)

from cheap import CLOSED_GOAL, OPEN_GOAL, Cheap  # noqa: E402
from memory import Memory  # noqa: E402
from on_time import OnTime  # noqa: E402

LOADGEN, OTHER, GOAL = "#0072b2", "#999999", "#d55e00"  # told apart without red and green


def draw_cpu(axes: Any, cheap: Cheap) -> None:
    names = {"wrk": "wrk -t1", "closed": "loadgen\n--closed", "open": f"loadgen\n-R {cheap.open_rate}"}
    for x, name in enumerate(names):
        user = cheap.values(name, lambda load: load.ended.cpu.user_s * 1e6 / load.requests)
        total = cheap.values(name, lambda load: load.cpu_us)
        color = OTHER if name == "wrk" else LOADGEN
        mean_user = sum(user) / len(user)
        axes.bar(x, mean_user, color=color, alpha=0.9)
        axes.bar(x, sum(total) / len(total) - mean_user, bottom=mean_user, color=color, alpha=0.4)
        axes.plot([x] * len(total), total, "k.", markersize=4)
    axes.set_xticks(range(len(names)), names.values())
    axes.set_ylabel("us")
    axes.set_title("CPU per request: user dark, system light, each round a dot")


def draw_ratios(axes: Any, cheap: Cheap) -> None:
    rounds = range(1, len(cheap.rounds) + 1)
    for name, marker, goal in (("closed", "o", CLOSED_GOAL), ("open", "s", OPEN_GOAL)):
        line = axes.plot(rounds, [r.ratio(name) for r in cheap.rounds], marker=marker, label=name)[0]
        axes.axhline(goal, color=line.get_color(), linestyle="--", linewidth=1, label=f"goal of its median, {goal}")
    axes.set_xticks(rounds)
    axes.set_xlabel("round")
    axes.set_title("CPU per request, loadgen / wrk of the same round")
    axes.legend(fontsize=8)


def draw_memory(axes: Any, memory: Memory) -> None:
    axes.plot([t for t, _ in memory.samples], [size / 1e6 for _, size in memory.samples], color=LOADGEN)
    axes.axvline(memory.warm_s, color=GOAL, linestyle="--", linewidth=1, label="warm from here")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("s")
    axes.set_ylabel("MB")
    axes.set_title(f"Resident memory over {memory.load.requests / 1e6:.1f} million requests")
    axes.legend(fontsize=8)


def draw_lag(axes: Any, on_time: OnTime) -> None:
    ticks = []
    for i, rate in enumerate(on_time.rates):
        for j, percentile in enumerate(("p50", "p99")):
            x = 2 * i + j
            ticks.append(f"{percentile}\n{rate.rate:,}/s")
            bare = [p.bare["lag_us"][percentile] for p in rate.pairs]
            own = [p.run.lag(percentile) for p in rate.pairs]
            first = x == 0
            axes.plot([x - 0.12] * len(bare), bare, "s", color=OTHER, label="bare loop" if first else None)
            axes.plot([x + 0.12] * len(own), own, "o", color=LOADGEN, label="loadgen" if first else None)
    axes.set_yscale("log")
    axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
    axes.set_ylabel("us")
    axes.set_title("How late: loadgen beside a loop that only waits")
    axes.legend(fontsize=8)


def draw(file: Path, cheap: Cheap, memory: Memory, on_time: OnTime, subtitle: str) -> None:
    figure, axes = pyplot.subplots(2, 2, figsize=(13, 9), constrained_layout=True)
    figure.suptitle(f"./bench perf client\n{subtitle}", fontsize=10)
    draw_cpu(axes[0][0], cheap)
    draw_ratios(axes[0][1], cheap)
    draw_memory(axes[1][0], memory)
    draw_lag(axes[1][1], on_time)
    for each in axes.flat:
        each.grid(alpha=0.3)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
