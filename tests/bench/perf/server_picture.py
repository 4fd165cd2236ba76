"""The picture of ./bench perf server."""
from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import ticker
from picture import GOAL, LOADGEN, OTHER, pyplot
from serving_cost import FLOOR_GOAL, ServingCost


HIGHEST = 6  # times the baseline's: bars beyond are cut, and say what they are


def draw_cpu(axes: Any, cost: ServingCost) -> None:
    """User dark and system light, stacked; the line is from the least to the most of all rounds."""
    totals = {name: cost.values(name, lambda t: t.cpu_us) for name in cost.titles}
    top = 1.12 * min(max(max(values) for values in totals.values()), HIGHEST * median(totals["baseline"]))
    for x, (name, total) in enumerate(totals.items()):
        user = median(cost.values(name, lambda t: t.user_us))
        color = LOADGEN if name == "baseline" else OTHER
        axes.bar(x, user, color=color, alpha=0.9)
        axes.bar(x, max(0.0, median(total) - user), bottom=user, color=color, alpha=0.4)
        axes.vlines(x, min(total), max(total), color="black", linewidth=1)
        axes.annotate(f"{median(total):.1f}", (x, min(max(total), 0.95 * top)), ha="center", va="bottom", fontsize=9)
    axes.set_ylim(0, top)
    axes.set_xticks(range(len(cost.titles)), [title.replace(" (", "\n(") for title in cost.titles.values()])
    axes.set_ylabel("us")
    axes.set_title("CPU per request: user dark, system light, range over the rounds")


def draw_ratios(axes: Any, cost: ServingCost) -> None:
    for name, title in cost.titles.items():
        if name == "floor":
            continue
        ratios = cost.ratios(name, "floor")
        axes.plot(range(1, len(ratios) + 1), ratios, marker="o", label=title, linewidth=2 if name == "baseline" else 1)
    axes.axhline(FLOOR_GOAL, color=GOAL, linestyle="--", linewidth=1, label=f"goal of the baseline's median, {FLOOR_GOAL}")
    if any(max(cost.ratios(name, "floor"), default=1) > 2 * FLOOR_GOAL for name in cost.titles):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_xticks(range(1, len(cost.rounds) + 1))
    axes.set_xlabel("round")
    axes.set_title("CPU per request / the floor's of the same round")
    axes.legend(fontsize=8)


def draw(file: Path, cost: ServingCost, subtitle: str) -> None:
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5.5), constrained_layout=True)
    figure.suptitle(f"./bench perf server\n{subtitle}", fontsize=10)
    draw_cpu(axes[0], cost)
    draw_ratios(axes[1], cost)
    for each in axes:
        each.grid(alpha=0.3)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
