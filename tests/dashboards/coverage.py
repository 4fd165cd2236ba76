"""That each metric and label in a dashboard or rule is there: exported by a program, or recorded; and the same records everywhere."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql
import strict_yaml
from exported import TARGET_LABELS, Metric
from findings import Finding
from lint import LABEL_VALUES, variables
from queries import ROOT, targets

RULES = ROOT / "deploy" / "monitoring" / "rules"
# What each Prometheus is given (rule_files), by where it runs.
ENVIRONMENTS = {"one machine": ("common", "local"), "EKS": ("common", "cluster", "eks"),
                "EKS, backends as pods": ("common", "cluster", "incluster")}
PROMETHEUS_OWN = {"up": Metric("gauge"), "ALERTS": Metric("gauge", {"alertname": set(), "alertstate": set(), "severity": set()})}


@dataclass(frozen=True)
class Rule:
    file: str
    name: str
    expr: str
    alert: bool
    labels: Mapping[str, str]


def rules(folder: Path = RULES) -> list[Rule]:
    return [Rule(path.stem, rule.get("record") or rule["alert"], rule["expr"], "alert" in rule, rule.get("labels") or {})
            for path in sorted(folder.glob("*.yml")) for group in strict_yaml.load(path.read_text())["groups"]
            for rule in group["rules"]]


def labels_of(expr: str, known: Mapping[str, Metric]) -> set[str]:
    """That the result can have: those that are made, or kept by an aggregation; without one all that its metrics have."""
    expression = promql.read(expr)
    made = {label for call in expression.calls if call.name == "label_replace" for label in call.strings[:1]}
    kept = {label for call in expression.calls if call.grouping == "by" for label in call.labels}
    if not any(call.name in promql.AGGREGATIONS for call in expression.calls):
        kept |= {label for selector in expression.selectors if selector.metric in known for label in known[selector.metric].labels}
    return made | kept | TARGET_LABELS


def with_records(exported: Mapping[str, Metric], every: Iterable[Rule]) -> dict[str, Metric]:
    known = {**exported, **PROMETHEUS_OWN}
    for rule in every:
        if not rule.alert:
            labels = labels_of(rule.expr, known) | set(rule.labels)
            before = known.get(rule.name, Metric("gauge")).labels
            known[rule.name] = Metric("gauge", {**before, **{label: set() for label in labels}})
    return known


def questions(dashboards: Iterable[dict[str, Any]], every: Iterable[Rule]) -> Iterator[tuple[str, str, str]]:
    """Where, which panel or rule, and the expression: of panels, annotations, variables and rules."""
    for dashboard in dashboards:
        for target in targets(dashboard):
            yield dashboard["title"], target.panel["title"], target.expr
        for annotation in dashboard["annotations"]["list"]:
            yield dashboard["title"], annotation["name"], annotation["expr"]
        for variable in variables(dashboard):
            asked = LABEL_VALUES.fullmatch(variable["query"]["query"])
            if asked:
                yield dashboard["title"], f"${variable['name']}", f"count by ({asked[2]}) ({asked[1]})"
    for rule in every:
        yield f"{rule.file}.yml", rule.name, rule.expr


def missing(dashboards: list[dict[str, Any]], every: list[Rule], exported: Mapping[str, Metric]) -> Iterator[Finding]:
    known = with_records(exported, every)
    for where, what, expr in questions(dashboards, every):
        expression = promql.read(expr)
        for selector in expression.selectors:
            metric = known.get(selector.metric)
            if not metric:
                yield Finding("exported", where, what, f"nothing exports {selector.metric}")
                continue
            yield from (Finding("exported", where, what, text) for text in unmatched(selector, metric))
            if metric.counts and not any(call.name in ("rate", "irate", "increase", "count") for call in selector.inside()):
                yield Finding("exported", where, what, f"{selector.metric} is a counter: only its rate means something")
        there = {label for selector in expression.selectors if selector.metric in known for label in known[selector.metric].labels}
        there |= {label for call in expression.calls if call.name == "label_replace" for label in call.strings[:1]} | TARGET_LABELS
        asked = {label for call in expression.calls if call.grouping for label in call.labels} | set(expression.matched)
        for label in sorted(asked - there):
            yield Finding("exported", where, what, f"no metric of it has a label {label}")


def unmatched(selector: promql.Selector, metric: Metric) -> Iterator[str]:
    for label, operator, value in selector.matchers:
        values = metric.labels.get(label)
        if values is None and label not in TARGET_LABELS:
            yield f"{selector.metric} has no label {label}"
        elif values and "$" not in value and operator in ("=", "=~"):
            pattern = re.compile(value if operator == "=~" else re.escape(value))
            if not any(pattern.fullmatch(each) for each in values):
                yield f"{selector.metric} is never {label}{operator}\"{value}\", but {', '.join(sorted(values))}"


def records_differ(every: list[Rule]) -> Iterator[Finding]:
    """Each environment has all records that a dashboard or an alert may ask for."""
    recorded = {name: {rule.name for rule in every if rule.file in files and not rule.alert} for name, files in ENVIRONMENTS.items()}
    union = set().union(*recorded.values())
    for name, records in recorded.items():
        for record in sorted(union - records):
            yield Finding("records", name, "", f"{record} is not recorded there")


def unused_records(dashboards: list[dict[str, Any]], every: list[Rule]) -> Iterator[Finding]:
    used = {selector.metric for _, _, expr in questions(dashboards, every) for selector in promql.read(expr).selectors}
    for name in sorted({rule.name for rule in every if not rule.alert} - used):
        yield Finding("records", "rules", "", f"{name} is recorded, and nothing asks for it")
