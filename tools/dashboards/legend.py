"""What a series is called and which figures stand beside it."""
from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from source import Series

WORDS = {"mean": "Mean", "max": "Max", "min": "Min", "lastNotNull": "Last", "last": "Last", "sum": "Total", "firstNotNull": "First",
         "range": "Range", "delta": "Delta"}
DEFAULT = ("mean", "max", "lastNotNull")


def name_of(series: Series, legend: str, expr: str) -> str:
    if legend and legend != "__auto":
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: series.labels.get(found[1], ""), legend)
    labels = {key: value for key, value in series.labels.items() if key != "__name__"}
    text = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    metric = series.labels.get("__name__", "")
    return f"{metric}{{{text}}}" if text else metric or expr


CALCULATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda values: sum(values) / len(values), "max": max, "min": min, "sum": sum,
    "lastNotNull": lambda values: values[-1], "last": lambda values: values[-1], "firstNotNull": lambda values: values[0],
    "range": lambda values: max(values) - min(values), "delta": lambda values: values[-1] - values[0],
}


def calculated(series: Series, calculation: str) -> float:
    """NaN without a finite value. Raises KeyError on a calculation that is not known here."""
    reckon = CALCULATIONS[calculation]
    finite = [value for _, value in series.points if math.isfinite(value)]
    return reckon(finite) if finite else math.nan
