#!/usr/bin/env python3
"""Mistakes that people make in dashboards and rules, one at a time: each is found, and its finding names it. Usage:
planted_mistakes_test.py FOLDER, where the programs are."""
from __future__ import annotations

import copy
import sys
import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import coverage  # noqa: E402
import house_rules  # noqa: E402
import lint  # noqa: E402
import promql  # noqa: E402
from findings import Finding  # noqa: E402
from programs_here import exported  # noqa: E402
from queries import load, panels  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin")
Dashboard = dict[str, Any]
Spoil = Callable[[Dashboard], None]


def panel(dashboard: Dashboard, title: str) -> dict[str, Any]:
    return next(each for each in panels(dashboard) if each["title"].startswith(title))


def in_query(title: str, old: str, new: str, index: int = 0) -> Spoil:
    def spoil(dashboard: Dashboard) -> None:
        query = panel(dashboard, title)["targets"][index]
        assert old in query["expr"], query["expr"]
        query["expr"] = query["expr"].replace(old, new)
    return spoil


def in_panel(title: str, /, **changes: Any) -> Spoil:
    return lambda dashboard: panel(dashboard, title).update(changes)


def in_defaults(title: str, /, **changes: Any) -> Spoil:
    return lambda dashboard: panel(dashboard, title)["fieldConfig"]["defaults"].update(changes)


def in_variable(name: str, /, **changes: Any) -> Spoil:
    def spoil(dashboard: Dashboard) -> None:
        next(each for each in dashboard["templating"]["list"] if each["name"] == name).update(changes)
    return spoil


def in_legend(title: str, legend: str) -> Spoil:
    return lambda dashboard: panel(dashboard, title)["targets"][0].update(legendFormat=legend)


RESPONSE = "Response time at the client"
RATE = "Requests per second"
CPU = "Application CPU: cores"
# What, how (in the baseline's dashboard), the rule that finds it, and what its finding says.
PLANTED: list[tuple[str, Spoil, str, str]] = [
    ("a quantile that the title does not say", in_query(RESPONSE, "0.99,", "0.9,", 1), "quantiles", "the queries ask for p50, p90"),
    ("a title that promises a quantile", in_panel(RATE, title="Requests per second (p99)"), "quantiles", "the title says p99"),
    ("a legend of another quantile", in_legend(RESPONSE, "p95 {{target}}"), "quantiles", "the legend says p95, the query asks for p50"),
    ("a quantile of each pod's buckets", in_query(RESPONSE, "sum by (le, target) ", ""), "summed-buckets", "something else than sum by"),
    ("a mean of quantiles", lambda dashboard: panel(dashboard, RESPONSE)["targets"][0].update(
        expr=f"avg by (target) ({panel(dashboard, RESPONSE)['targets'][0]['expr']})"), "summed-buckets", "avg of quantiles"),
    ("buckets added up without le", in_query(RESPONSE, "le, ", ""), "summed-buckets", "something else than sum by"),
    ("seconds shown as milliseconds", in_defaults(RESPONSE, unit="ms"), "units", "is in s, the unit is ms"),
    ("bytes shown as a number", in_defaults("Application memory", unit="short"), "units", "is in bytes, the unit is short"),
    ("a unit that does not exist", in_defaults(RATE, unit="requests"), "panel-units-rule", "'requests' is not a unit"),
    ("no unit", lambda dashboard: panel(dashboard, CPU)["fieldConfig"]["defaults"].pop("unit"), "panel-units-rule", "None"),
    ("a metric of another name", in_query(RATE, "loadgen_requests_total", "loadgen_request_total", 1), "exported",
     "nothing exports loadgen_request_total"),
    ("a record of another name", in_query(CPU, "app_cpu:cores", "app_cpu:core"), "exported", "nothing exports beastmark:app_cpu:core"),
    ("a label value of another name", in_query(RATE, '"ok"', '"okay"', 1), "exported", 'is never outcome="okay", but connect_error'),
    ("a label that is not there", in_query(RATE, "outcome=", "result=", 1), "exported", "loadgen_requests_total has no label result"),
    ("grouped by what is not there", in_query(RATE, "by (target)", "by (traget)"), "exported", "no metric of it has a label traget"),
    ("a counter without its rate", in_query("Turned away", "rate(", "max_over_time("), "exported", "is a counter"),
    ("a counter without its rate, as dashboard-linter says", in_query("Turned away", "rate(", "max_over_time("),
     "target-counter-agg-rule", "without rate or increase"),
    ("a window of its own", in_query(RATE, "$__rate_interval", "1m", 1), "target-rate-interval-rule", "a rate over [1m]"),
    ("a data source of its own", in_panel(RATE, datasource={"type": "prometheus", "uid": "abc"}), "panel-datasource-rule", "datasource"),
    ("no description", in_panel(RATE, description=""), "panel-title-description-rule", "no title or no description"),
    ("a description without a source", in_panel(RATE, description="Requests."), "descriptions", "says no source"),
    ("a description that names another record", in_panel(CPU, description="Record beastmark:app_memory:bytes."), "descriptions",
     "asks for ['beastmark:app_cpu:cores']"),
    ("no query", in_panel(RATE, targets=[]), "panel-no-targets-rule", "asks nothing"),
    ("a query that does not end", in_query(CPU, "})", "}"), "target-promql-rule", "a bracket is not closed"),
    ("a job that is not chosen", in_query(CPU, 'job=~"$job", ', ""), "target-job-rule", 'without job=~"$job"'),
    ("a target that is not chosen", in_query(RATE, 'target=~"$target", ', "", 1), "chosen", "is not chosen by"),
    ("a variable that is not defined", in_query(CPU, "$job", "$jobs"), "variables", "$jobs is used and not defined"),
    ("a legend that is no table", lambda dashboard: panel(dashboard, CPU)["options"]["legend"].update(displayMode="list"), "legends",
     "no table"),
    ("a legend of a label that is gone", in_legend(CPU, "{{pod}}"), "legends", "the legend shows ['pod']"),
    ("no legend", in_legend(CPU, ""), "legends", "has no legendFormat"),
    ("gaps joined", lambda dashboard: panel(dashboard, CPU)["fieldConfig"]["defaults"]["custom"].update(spanNulls=True), "drawing",
     "both sides of a gap"),
    ("an axis from anywhere", lambda dashboard: panel(dashboard, CPU)["fieldConfig"]["defaults"].pop("min"), "drawing", "begin at 0"),
    ("editable", lambda dashboard: dashboard.update(editable=True), "uneditable-dashboard", "editable"),
    ("another schema", lambda dashboard: dashboard.update(schemaVersion=36), "form", "schemaVersion is 36"),
    ("an exported dashboard's inputs", lambda dashboard: dashboard.update(__inputs=[]), "form", "__inputs"),
    ("no link to the others", lambda dashboard: dashboard.update(links=[]), "form", "no link"),
    ("a uid of chance", lambda dashboard: dashboard.update(uid="f3Kx9"), "form", "'f3Kx9'"),
    ("one job only", in_variable("job", multi=False), "template-job-rule", "multi of the variable job is False"),
    ("a variable that is not renewed", in_variable("job", refresh=1), "template-on-time-change-reload-rule", "job is not renewed"),
    ("a variable that is no label_values", in_variable("job", query={"query": "jobs()"}), "template-label-promql-rule", "jobs()"),
    ("no data source to choose", in_variable("datasource", name="ds"), "template-datasource-rule", "no variable"),
    ("two panels of one id", in_panel(CPU, id=2), "layout", "the panel id 2 is there 2 times"),
    ("a panel over another", lambda dashboard: panel(dashboard, RATE)["gridPos"].update(x=0), "layout", f"covers '{RESPONSE}"),
]


def findings(dashboards: list[Dashboard], every: list[coverage.Rule], known: dict[str, Any]) -> list[Finding]:
    found = lint.lint(dashboards)
    try:
        return [*found, *house_rules.check(dashboards), *coverage.missing(dashboards, every, known),
                *coverage.records_differ(every), *coverage.unused_records(dashboards, every)]
    except promql.Unreadable:  # which lint has said
        return found


class planted_mistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.known, cls.rules, cls.shipped = exported(PROGRAMS), coverage.rules(), load()
        cls.before = set(map(str, findings(cls.shipped, cls.rules, cls.known)))

    def new(self, dashboards: list[Dashboard], every: list[coverage.Rule]) -> list[Finding]:
        return [finding for finding in findings(dashboards, every, self.known) if str(finding) not in self.before]

    def found(self, new: list[Finding], rule: str, said: str) -> None:
        self.assertTrue(any(finding.rule == rule and said in finding.text for finding in new), f"not found; but {list(map(str, new))}")

    def test_in_dashboards_are_found(self) -> None:
        for what, spoil, rule, said in PLANTED:
            with self.subTest(what):
                dashboard = copy.deepcopy(next(each for each in self.shipped if each["uid"] == "beastmark-baseline"))
                spoil(dashboard)
                self.found(self.new([dashboard], self.rules), rule, said)

    def test_a_uid_that_two_dashboards_have_is_found(self) -> None:
        dashboards = copy.deepcopy(self.shipped)
        dashboards[0]["uid"] = dashboards[1]["uid"]
        self.found(self.new(dashboards, self.rules), "form", "the uid is there 2 times")

    def changed(self, file: str, name: str, /, **changes: Any) -> list[coverage.Rule]:
        self.assertIn((file, name), {(rule.file, rule.name) for rule in self.rules})
        return [replace(rule, **changes) if (rule.file, rule.name) == (file, name) else rule for rule in self.rules]

    def test_in_rules_are_found(self) -> None:
        cpu = "beastmark:backend_cpu:cores"
        for what, every, rule, said in [
                ("a metric of another name", self.changed("eks", cpu, expr="sum by (backend) (rate(node_cpu_total[20s]))"), "exported",
                 "nothing exports node_cpu_total"),
                ("a label of another name", self.changed("cluster", "beastmark:app_memory:bytes", expr='sum by (job, instance) '
                 '(container_memory_working_set_bytes{container_name="x"})'), "exported", "has no label container_name"),
                ("a record missing on EKS", [each for each in self.rules if (each.file, each.name) != ("eks", cpu)], "records",
                 f"{cpu} is not recorded there"),
                ("a record of another name on one machine", self.changed("local", cpu, name="beastmark:backend_cpu:core"), "records",
                 f"{cpu} is not recorded there"),
                ("a record that nothing asks for", [*self.rules, coverage.Rule("common", "beastmark:up:sum", "sum(up)", False, {})],
                 "records", "beastmark:up:sum is recorded, and nothing asks for it")]:
            with self.subTest(what):
                self.found(self.new(self.shipped, every), rule, said)

    def test_an_exclusion_that_nothing_needs_is_found(self) -> None:
        excluded = lint.Exclusions("exclusions:\n  panel-units-rule:\n    reason: none\n    entries:\n      - panel: 'Gone'\n")
        self.assertFalse([each for each in lint.lint(self.shipped) if excluded.covers(each)])
        self.assertEqual(excluded.unused(), ["panel-units-rule, entry 1"])

    def test_an_exclusion_without_a_reason_is_found(self) -> None:
        self.assertEqual(lint.Exclusions("exclusions:\n  panel-units-rule:\n    entries:\n      - panel: 'A'\n").without_reason(),
                         ["panel-units-rule"])


if __name__ == "__main__":
    unittest.main()
