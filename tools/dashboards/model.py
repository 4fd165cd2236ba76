"""A dashboard's panels, with their queries as they are asked for the time that is shown."""
from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/dashboards"))

import queries  # noqa: E402  (after the path above)

SCRAPE_S = 5  # the datasource's timeInterval
POINTS = 240  # of a line, at most


class BadDashboard(Exception):
    """One line: which, and what of it."""


@dataclass(frozen=True)
class Span:
    """The time that is drawn, in seconds since 1970."""

    start: float
    end: float

    @property
    def length_s(self) -> int:
        return math.ceil(self.end - self.start)


@dataclass(frozen=True)
class Target:
    expr: str
    legend: str
    step: int  # seconds between points
    instant: bool


@dataclass(frozen=True)
class Panel:
    json: dict[str, Any]
    targets: list[Target]

    @property
    def title(self) -> str:
        return str(self.json["title"])

    @property
    def description(self) -> str:
        return str(self.json.get("description", ""))

    @property
    def defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json.get("fieldConfig", {}).get("defaults", {})
        return found


@dataclass(frozen=True)
class Dashboard:
    name: str  # of its file
    json: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.json["title"])


def load(folder: Path, only: Iterable[str] | None = None) -> list[Dashboard]:
    there = {path.stem: dashboard for path, dashboard in zip(sorted(folder.glob("*.json")), queries.load(folder), strict=True)}
    names = list(there) if only is None else list(only)
    missing = [name for name in names if name not in there]
    if missing or not names:
        raise BadDashboard(f"no dashboard {', '.join(missing)} in {folder}: there are {', '.join(there) or 'none'}")
    return [Dashboard(name, there[name]) for name in names]


def interval_s(text: str) -> int:
    found = re.fullmatch(r"(\d+)([smh])", text)
    if found is None:
        raise BadDashboard(f'"{text}" is no interval such as 10s')
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def built_in(span: Span, scrape_s: int) -> tuple[int, dict[str, str]]:
    """Seconds between points, and Grafana's own variables; a $__rate_interval holds four scrapes at least."""
    step = max(scrape_s, math.ceil(span.length_s / POINTS))
    return step, {"__interval": f"{step}s", "__rate_interval": f"{max(step + scrape_s, 4 * scrape_s)}s",
                  "__range": f"{span.length_s}s", "__range_s": str(span.length_s)}


def panel_of(panel: dict[str, Any], values: Mapping[str, str], span: Span) -> Panel:
    """`values`: of the dashboard's variables."""
    targets = []
    for query in panel.get("targets", []):
        step, own = built_in(span, interval_s(query.get("interval") or panel.get("interval") or f"{SCRAPE_S}s"))
        try:
            expr = queries.substitute(query["expr"], values, own)
        except KeyError as name:
            raise BadDashboard(f'{panel["title"]}: ${name.args[0]} is no variable') from None
        targets.append(Target(expr, query.get("legendFormat", ""), step, bool(query.get("instant"))))
    return Panel(panel, targets)
