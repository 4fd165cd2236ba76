"""The rules of grafana/dashboard-linter, of the same names, as its documentation says them: the Go proxy does not have the program.
target-promql-rule is promtool's (promtool_test.py)."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql
import strict_yaml
from findings import Finding
from queries import FOLDER, panels, targets

Dashboard = dict[str, Any]
SOURCES = ("$datasource", "${datasource}")
WITH_SOURCE = {"singlestat", "graph", "table", "timeseries", "bargauge"}
WITH_TEXT = {"stat", "singlestat", "graph", "table", "timeseries", "gauge", "bargauge"}
RATES = {"rate", "irate", "increase"}
# Of Grafana's list, those that mean something here.
UNITS = {"s", "ms", "µs", "ns", "reqps", "ops", "cps", "rps", "percent", "percentunit", "bytes", "decbytes", "Bps", "binBps", "short",
         "none", "bool", "iops"}
LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?(\w+)\)")


def variables(dashboard: Dashboard, kind: str = "query") -> Iterator[dict[str, Any]]:
    return (each for each in dashboard["templating"]["list"] if each["type"] == kind)


def of_dashboard(rule: str, dashboard: Dashboard, text: str) -> Finding:
    return Finding(rule, dashboard["title"], "", text)


def of_panel(rule: str, dashboard: Dashboard, panel: dict[str, Any], text: str) -> Finding:
    return Finding(rule, dashboard["title"], panel.get("title", ""), text)


def template_datasource(dashboard: Dashboard) -> Iterator[Finding]:
    if not any(each["name"] == "datasource" and each["label"] == "Data source" and each["query"] == "prometheus"
               for each in variables(dashboard, "datasource")):
        yield of_dashboard("template-datasource-rule", dashboard,
                           "no variable \"datasource\", labelled \"Data source\", of type prometheus")


def template(dashboard: Dashboard, name: str) -> Iterator[Finding]:
    rule = f"template-{name}-rule"
    found = [each for each in variables(dashboard) if each["name"] == name]
    if not found:
        yield of_dashboard(rule, dashboard, f"no variable \"{name}\"")
    for each in found:
        wanted = {"label": name.capitalize(), "multi": True, "allValue": ".+"}
        for key, value in wanted.items():
            if each.get(key) != value:
                yield of_dashboard(rule, dashboard, f"{key} of the variable {name} is {each.get(key)!r}, not {value!r}")
        if each.get("datasource", {}).get("uid") not in SOURCES:
            yield of_dashboard(rule, dashboard, f"the variable {name} does not ask ${{datasource}}")


def template_label_promql(dashboard: Dashboard) -> Iterator[Finding]:
    for each in variables(dashboard):
        query = each["query"]["query"] if isinstance(each["query"], dict) else each["query"]
        parts = LABEL_VALUES.fullmatch(query)
        try:
            readable = parts and len(promql.read(parts[1] or "up").selectors) == 1
        except promql.Unreadable:
            readable = False
        if not readable:
            yield of_dashboard("template-label-promql-rule", dashboard, f"{each['name']}: not label_values(SELECTOR, LABEL): {query}")


def template_reload(dashboard: Dashboard) -> Iterator[Finding]:
    for each in variables(dashboard):
        if each.get("refresh") != 2:
            yield of_dashboard("template-on-time-change-reload-rule", dashboard,
                               f"the variable {each['name']} is not renewed with the time range (refresh 2)")


def uneditable(dashboard: Dashboard) -> Iterator[Finding]:
    if dashboard.get("editable") is not False:
        yield of_dashboard("uneditable-dashboard", dashboard, "editable is not false")


def panel_rules(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        kind = panel["type"]
        if kind in WITH_SOURCE and panel.get("datasource", {}).get("uid") not in SOURCES:
            yield of_panel("panel-datasource-rule", dashboard, panel, "does not ask ${datasource}")
        if kind in WITH_TEXT and not (panel.get("title") and panel.get("description")):
            yield of_panel("panel-title-description-rule", dashboard, panel, "has no title or no description")
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in UNITS:
            yield of_panel("panel-units-rule", dashboard, panel, f"{unit!r} is not a unit of Grafana's that is used here")
        if not panel.get("targets"):
            yield of_panel("panel-no-targets-rule", dashboard, panel, "asks nothing")


def target_rules(dashboard: Dashboard) -> Iterator[Finding]:
    for target in targets(dashboard):
        name, panel = target.query.get("refId"), target.panel
        try:
            expression = promql.read(target.expr)
        except promql.Unreadable as error:
            yield of_panel("target-promql-rule", dashboard, panel, f"{name}: {error}: {target.expr}")
            continue
        for selector in expression.selectors:
            around = {call.name for call in selector.inside()}
            if selector.range and around & {"rate", "irate"} and selector.range != "$__rate_interval":
                yield of_panel("target-rate-interval-rule", dashboard, panel,
                               f"{name}: a rate over [{selector.range}], not [$__rate_interval]")
            if selector.metric.endswith("_total") and not around & RATES:
                yield of_panel("target-counter-agg-rule", dashboard, panel, f"{name}: {selector.metric} without rate or increase")
            for label in ("job", "instance"):
                if (label, "=~", f"${label}") not in selector.matchers:
                    yield of_panel(f"target-{label}-rule", dashboard, panel,
                                   f'{name}: {selector.metric} without {label}=~"${label}"')


RULES: list[Callable[[Dashboard], Iterator[Finding]]] = [
    template_datasource, lambda dashboard: template(dashboard, "job"), lambda dashboard: template(dashboard, "instance"),
    template_label_promql, template_reload, uneditable, panel_rules, target_rules]


def lint(dashboards: list[Dashboard]) -> list[Finding]:
    """Before anything is excluded."""
    return [finding for dashboard in dashboards for rule in RULES for finding in rule(dashboard)]


class Exclusions:
    """dashboards/.lint, in dashboard-linter's form; a rule without entries is left out everywhere."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, dict[str, Any]] = strict_yaml.load(text)["exclusions"]
        self.used: set[tuple[str, int]] = set()

    def without_reason(self) -> list[str]:
        return [rule for rule, said in self.rules.items() if not (said and said.get("reason"))]

    def unused(self) -> list[str]:
        """What no finding needs any more."""
        return [f"{rule}, entry {index + 1}" for rule, said in self.rules.items()
                for index in range(len(said.get("entries") or [None])) if (rule, index) not in self.used]

    def covers(self, finding: Finding) -> bool:
        said = self.rules.get(finding.rule)
        if said is None:
            return False
        for index, entry in enumerate(said.get("entries") or [{}]):
            if (entry.get("dashboard", finding.dashboard) == finding.dashboard
                    and entry.get("panel", finding.panel) == finding.panel):
                self.used.add((finding.rule, index))
                return True
        return False


def exclusions() -> Exclusions:
    return Exclusions((FOLDER / ".lint").read_text())
