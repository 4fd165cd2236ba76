"""The dashboards as files: their panels, queries and variables."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards"
EVERYTHING = ".+"
# As Grafana has them for scrapes every 5 s: $__rate_interval is four of them at least.
BUILT_IN = {"__rate_interval": "20s", "__interval": "5s", "__range": "1m", "__range_s": "60"}
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


@dataclass(frozen=True)
class Target:
    """A query of a panel."""

    dashboard: dict[str, Any]
    panel: dict[str, Any]
    query: dict[str, Any]

    @property
    def expr(self) -> str:
        return str(self.query.get("expr", ""))

    @property
    def instant(self) -> bool:
        return bool(self.query.get("instant"))

    def __str__(self) -> str:
        return f"{self.dashboard.get('title')} / {self.panel.get('title')} / {self.query.get('refId')}"


def load(folder: Path = FOLDER) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """But for the headings; those of a row that is folded too."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def targets(dashboard: dict[str, Any]) -> Iterator[Target]:
    for panel in panels(dashboard):
        for query in panel.get("targets", []):
            yield Target(dashboard, panel, query)


def chosen(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """What each variable matches when the dashboard is opened: its first choice, or everything."""
    found: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            value = variable["current"]["value"]
            values = value if isinstance(value, list) else [value]
            found[variable["name"]] = EVERYTHING if "$__all" in values else "|".join(values)
    return found


def substitute(expr: str, variables: Mapping[str, str], built_in: Mapping[str, str] = BUILT_IN) -> str:
    """As Grafana does before it asks Prometheus. Raises KeyError for a variable that nothing defines."""
    known = {**built_in, **variables}
    return VARIABLE.sub(lambda match: known[match[1] or match[2]], expr)
