"""All dashboards as one page that needs no network."""
from __future__ import annotations

import datetime
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import queries
from model import Dashboard, panel_of
from panels import drawn_panel
from source import Source

# ?only=NAME&theme=dark, for a picture of one; its height is then read from the document.
SCRIPT = """
const asked = new URLSearchParams(location.search), root = document.documentElement;
if (asked.has("theme")) root.dataset.theme = asked.get("theme");
if (asked.has("only")) document.querySelectorAll("header, main > section").forEach(part => { part.hidden = part.id !== asked.get("only"); });
document.querySelectorAll("main > section").forEach(part => { part.dataset.height = Math.ceil(part.getBoundingClientRect().height); });
"""
NOT_GRAFANA = ("Drawn by ./bench dashboards render, which is not Grafana: it shows each panel's own query, unit, legend and "
               "thresholds, and whether there is data.")


@dataclass(frozen=True)
class Problem:
    dashboard: str
    panel: str
    what: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.what}"


def utc(t: float) -> str:
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def section(dashboard: Dashboard, source: Source) -> tuple[str, list[Problem]]:
    values = queries.chosen(dashboard.json)
    parts, problems = [], []
    for each in (inner for panel in dashboard.json["panels"] for inner in (panel, *panel.get("panels", []))):
        if each["type"] == "row":
            parts.append(f"<h4>{html.escape(each['title'])}</h4>")
            continue
        panel = panel_of(each, values, source.span)
        drawn, problem = drawn_panel(panel, source)
        parts.append(drawn)
        problems += [Problem(dashboard.name, panel.title, problem)] if problem else []
    shown = ", ".join(f"{name} {value}" for name, value in values.items())
    about = html.escape(" ".join(part for part in (dashboard.json.get("description", ""), f"Variables: {shown}." if shown else "")
                                 if part))
    return (f'<section id="{html.escape(dashboard.name)}"><h2>{html.escape(dashboard.title)}</h2><p>{about}</p>'
            f'<div class="grid-of-panels">{"".join(parts)}</div></section>'), problems


def make_page(dashboards: Sequence[Dashboard], source: Source) -> tuple[str, list[Problem]]:
    """The page, and which panels it could not fill."""
    made = [section(dashboard, source) for dashboard in dashboards]
    links = "".join(f'<a href="#{html.escape(each.name)}">{html.escape(each.title)}</a>' for each in dashboards)
    css = (Path(__file__).parent / "page.css").read_text()
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>Dashboards</title><style>{css}</style></head><body><header><h1>Dashboards</h1>"
            f"<p>{NOT_GRAFANA} {html.escape(source.name)}, {utc(source.span.start)} to {utc(source.span.end)} UTC.</p>"
            f"<nav>{links}</nav></header><main>{''.join(part for part, _ in made)}</main><script>{SCRIPT}</script></body></html>\n",
            [problem for _, problems in made for problem in problems])
