"""Dashboards, rows, panels and queries as Grafana's JSON (schema version 39)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
TAG = "beastmark"
COLUMNS = 24  # of Grafana's grid
HEIGHT = 8


@dataclass(frozen=True)
class Query:
    """`instant`: one value, over all that is shown ($__range), instead of a line."""

    expr: str
    legend: str
    instant: bool = False

    def json(self, index: int) -> Json:
        form = {"instant": True, "range": False} if self.instant else {"instant": False, "range": True}
        return {"datasource": DATASOURCE, "editorMode": "code", "expr": self.expr, "legendFormat": self.legend,
                "refId": chr(ord("A") + index), **form}


@dataclass(frozen=True)
class Panel:
    """One idea, in one unit. The description says formula and source. `soft_min` widens to what is below it; `limit` is
    drawn red from there on; `bars` shows values of `instant` queries side by side."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    stacked: bool = False
    soft_min: float | None = None
    maximum: float | None = None
    limit: float | None = None
    decimals: int | None = None
    bars: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)  # of what a legend says

    def json(self, number: int, place: Json) -> Json:
        defaults: Json = {"color": {"mode": "palette-classic"}, "unit": self.unit, "thresholds": self.thresholds()}
        if self.soft_min is None:
            defaults["min"] = 0
        if self.maximum is not None:
            defaults["max"] = self.maximum
        if self.decimals is not None:
            defaults["decimals"] = self.decimals
        if not self.bars:
            defaults["custom"] = self.lines()
        return {"id": number, "type": "bargauge" if self.bars else "timeseries", "title": self.title,
                "description": self.description, "datasource": DATASOURCE,
                "gridPos": place, "fieldConfig": {"defaults": defaults, "overrides": self.overrides()}, "options": BARS if self.bars else LINES,
                "targets": [query.json(index) for index, query in enumerate(self.queries)]}

    def overrides(self) -> list[Json]:
        return [{"matcher": {"id": "byName", "options": legend},
                 "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}
                for legend, color in self.colors.items()]

    def thresholds(self) -> Json:
        steps: list[Json] = [{"color": "green", "value": None}]
        if self.limit is not None:
            steps.append({"color": "red", "value": self.limit})
        return {"mode": "absolute", "steps": steps}

    def lines(self) -> Json:
        custom: Json = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if self.stacked else 0, "showPoints": "never",
                        "spanNulls": False, "stacking": {"group": "A", "mode": "normal" if self.stacked else "none"},
                        "thresholdsStyle": {"mode": "off" if self.limit is None else "line"}}
        if self.soft_min is not None:
            custom["axisSoftMin"] = self.soft_min
        return custom


LINES: Json = {
    "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max", "lastNotNull"]},
    "tooltip": {"mode": "multi", "sort": "desc"}}
BARS: Json = {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color",
              "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}


@dataclass(frozen=True)
class Variable:
    """Values of a label. `only`: what is chosen at first, else all; `single`: one value, without "all"."""

    name: str
    label: str
    values: str  # label_values(...)
    only: str = ""
    single: bool = False

    def json(self) -> Json:
        current: Json = {"selected": True, "text": ["All"], "value": ["$__all"]}
        if self.only:
            current = {"selected": True, "text": [self.only], "value": [self.only]}
        if self.single:
            current = {"selected": True, "text": self.only, "value": self.only}
        more = {} if self.single else {"allValue": ".+"}
        return {"name": self.name, "label": self.label, "type": "query", "datasource": DATASOURCE, "definition": self.values,
                "query": {"qryType": 1, "query": self.values, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
                "refresh": 2, "sort": 1, "hide": 0, "includeAll": not self.single, "multi": not self.single, "options": [],
                "current": current, "regex": "", "skipUrlSync": False, **more}


SOURCE: Json = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0,
                "current": {"selected": True, "text": "Prometheus", "value": "prometheus"}, "includeAll": False,
                "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False}
ALERTS: Json = {"name": "Alerts", "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": "red",
                "expr": 'ALERTS{alertstate="firing"}',
                "step": "5s", "titleFormat": "{{alertname}}", "textFormat": "{{job}} {{target}} {{instance}}",
                "tagKeys": "severity"}


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]
    width: int = 8  # of each


@dataclass(frozen=True)
class Dashboard:
    file: str  # its name, and the end of its uid: beastmark-<file>
    title: str
    description: str
    variables: Sequence[Variable]
    rows: Sequence[Row]

    def json(self) -> Json:
        return {"uid": f"beastmark-{self.file}", "title": f"Beastmark: {self.title}", "description": self.description,
                "tags": [TAG], "schemaVersion": 39, "version": 1, "editable": False, "graphTooltip": 1, "timezone": "browser",
                "refresh": "5s", "time": {"from": "now-30m", "to": "now"}, "fiscalYearStartMonth": 0, "liveNow": False,
                "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m"]}, "weekStart": "",
                "annotations": {"list": [ALERTS]}, "links": [LINK],
                "templating": {"list": [SOURCE, *(variable.json() for variable in self.variables)]},
                "panels": self.placed()}

    def placed(self) -> list[Json]:
        """From left to right, a new line when one is full; a heading above each row."""
        made: list[Json] = []
        y = 0
        for row in self.rows:
            made.append({"id": len(made) + 1, "type": "row", "title": row.title, "collapsed": False, "panels": [],
                         "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y}})
            x, y = 0, y + 1
            for panel in row.panels:
                if x + row.width > COLUMNS:
                    x, y = 0, y + HEIGHT
                made.append(panel.json(len(made) + 1, {"h": HEIGHT, "w": row.width, "x": x, "y": y}))
                x += row.width
            y += HEIGHT
        return made


# Without the variables: "job" is a service in one, loadgen or an exporter in another, which would then have no data.
LINK: Json = {"title": "Beastmark", "type": "dashboards", "tags": [TAG], "asDropdown": True, "includeVars": False,
              "keepTime": True, "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}
