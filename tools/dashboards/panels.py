"""A panel as HTML: its title, its lines or bars, its legend, its queries."""
from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from drawing import Chart, Line, draw, series_color
from legend import WORDS, calculated, name_of
from model import BadDashboard, Panel
from source import NoAnswer, Series, Source
from units import formatted, unit_of

COLUMN, ROW = 60, 38  # of Grafana's grid, in pixels
HEAD = 30             # of a panel above its picture
LEGEND_ROWS = 12
COLORS = {"green": "#56A64B", "red": "#E02F44", "orange": "#FA6400", "yellow": "#E0A800", "blue": "#3274D9", "purple": "#A352CC"}


@dataclass(frozen=True)
class Named:
    name: str
    color: str
    series: Series


def fixed_colors(panel: Panel) -> dict[str, str]:
    """By the name of a series, which is what this project overrides."""
    found = {}
    for override in panel.json.get("fieldConfig", {}).get("overrides", []):
        for each in override["properties"]:
            if (override["matcher"]["id"], each["id"]) != ("byName", "color"):
                raise BadDashboard(f'{panel.title}: an override of {each["id"]} {override["matcher"]["id"]} cannot be drawn: color byName can')
            color = each["value"]["fixedColor"]
            found[override["matcher"]["options"]] = COLORS.get(color, color)
    return found


def asked(panel: Panel, source: Source) -> list[Named]:
    fixed = fixed_colors(panel)
    found: list[Named] = []
    for target in panel.targets:
        for series in source.series(target):
            name = name_of(series, target.legend, target.expr)
            found.append(Named(name, fixed.get(name, series_color(len(found))), series))
    return found


def has_data(found: Sequence[Named]) -> bool:
    return any(math.isfinite(value) for each in found for _, value in each.series.points)


def picture(panel: Panel, found: Sequence[Named], source: Source) -> str:
    at, defaults = panel.json["gridPos"], panel.defaults
    custom, steps = defaults.get("custom", {}), defaults.get("thresholds", {}).get("steps", [])
    limits = [(step["value"], COLORS.get(step["color"], step["color"])) for step in steps if step["value"] is not None]
    chart = Chart(source.span, max((target.step for target in panel.targets), default=1), defaults.get("unit", ""),
                  [Line(each.color, each.series.points) for each in found], defaults.get("min"), custom.get("axisSoftMin"),
                  defaults.get("max"), custom.get("stacking", {}).get("mode") == "normal", custom.get("fillOpacity", 0) / 100,
                  limits if custom.get("thresholdsStyle", {}).get("mode", "off") != "off" else [])
    return draw(chart, at["w"] * COLUMN - 26, at["h"] * ROW - HEAD - 60, panel.title)


def swatch(color: str) -> str:
    return f'<i style="background:{color}"></i>'


def legend(panel: Panel, found: Sequence[Named]) -> str:
    """A table as Grafana's: the names, and the figures the panel asks for. What was zero all the time comes last."""
    defaults = panel.defaults
    calculations = panel.json.get("options", {}).get("legend", {}).get("calcs", [])
    head = "".join(f"<th>{WORDS[each]}</th>" for each in calculations)
    rows = []
    for each in sorted(found, key=lambda each: not any(value for _, value in each.series.points))[:LEGEND_ROWS]:
        figures = "".join(f"<td>{html.escape(formatted(calculated(each.series, how), defaults.get('unit', ''), defaults.get('decimals')))}"
                          "</td>" for how in calculations)
        rows.append(f"<tr><td>{swatch(each.color)}{html.escape(each.name)}</td>{figures}</tr>")
    if len(found) > LEGEND_ROWS:
        rows.append(f"<tr><td>and {len(found) - LEGEND_ROWS} more</td></tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def bars(panel: Panel, found: Sequence[Named]) -> str:
    """Values side by side; the longest bar is the largest of them, whatever its sign."""
    defaults = panel.defaults
    how = panel.json.get("options", {}).get("reduceOptions", {}).get("calcs", ["lastNotNull"])[0]
    values = [(each, calculated(each.series, how)) for each in found]
    full = defaults.get("max") or max((abs(value) for _, value in values if math.isfinite(value)), default=0) or 1
    rows = []
    for each, value in values:
        share = min(abs(value) / full, 1) if math.isfinite(value) else 0
        words = html.escape(formatted(value, defaults.get("unit", ""), defaults.get("decimals")))
        rows.append(f'<tr><td>{html.escape(each.name)}</td><td class="bar"><b style="width:{share * 100:.1f}%;background:{each.color}">'
                    f"</b></td><td>{words}</td></tr>")
    return f'<table class="bars">{"".join(rows)}</table>'


def body(panel: Panel, source: Source) -> tuple[str, str]:
    """What is below the title, and what is wrong with it: "" nothing."""
    unit = panel.defaults.get("unit", "")
    if unit_of(unit) is None:
        return f'<p class="none">the unit "{html.escape(unit)}" is not known here</p>', f'the unit "{unit}" is not known'
    try:
        found = asked(panel, source)
    except NoAnswer as problem:
        return f'<p class="none">{html.escape(str(problem))}</p>', str(problem)
    if not has_data(found):
        return '<p class="none">no data</p>', "no data"
    if panel.json["type"] == "bargauge":
        return bars(panel, found), ""
    if panel.json["type"] == "timeseries":
        return picture(panel, found, source) + legend(panel, found), ""
    raise BadDashboard(f'"{panel.title}" is a {panel.json["type"]}: timeseries and bargauge can be drawn')


def drawn_panel(panel: Panel, source: Source) -> tuple[str, str]:
    content, problem = body(panel, source)
    at = panel.json["gridPos"]
    queries = "\n\n".join(target.expr for target in panel.targets)
    return (f'<article style="grid-column:{at["x"] + 1}/span {at["w"]}">'
            f'<h3 title="{html.escape(panel.description)}">{html.escape(panel.title)}</h3>{content}'
            f"<details><summary>query</summary><p>{html.escape(panel.description)}</p>"
            f"<pre>{html.escape(queries)}</pre></details></article>"), problem
