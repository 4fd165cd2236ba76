#!/usr/bin/env python3
"""The dashboards and rules that are shipped. Usage: dashboards_test.py FOLDER, where the programs are."""
from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "dashboards" / "source")]

import build  # noqa: E402
import coverage  # noqa: E402
import house_rules  # noqa: E402
import lint  # noqa: E402
from has_data import NEEDS_MORE, needs  # noqa: E402
from programs_here import exported  # noqa: E402
from queries import FOLDER, ROOT, chosen, load, substitute, targets  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin")


class dashboards(unittest.TestCase):
    def test_are_what_their_source_makes(self) -> None:
        made = build.texts()
        self.assertEqual(sorted(made), sorted(path.name for path in FOLDER.glob("*.json")))
        for name, text in made.items():
            self.assertTrue((FOLDER / name).read_text() == text, f"dashboards/{name} differs: run dashboards/source/build.py, which "
                            "writes it, after each change of its source")

    def test_keep_the_rules_of_dashboard_linter_but_for_what_is_excluded_with_a_reason(self) -> None:
        excluded = lint.exclusions()
        self.assertEqual([str(finding) for finding in lint.lint(load()) if not excluded.covers(finding)], [])
        self.assertEqual(excluded.without_reason(), [])
        self.assertEqual(excluded.unused(), [])

    def test_keep_the_rules_of_the_house(self) -> None:
        self.assertEqual([str(finding) for finding in house_rules.check(load())], [])

    def test_and_rules_ask_only_for_what_something_exports(self) -> None:
        found = coverage.missing(load(), coverage.rules(), exported(PROGRAMS))
        self.assertEqual([str(finding) for finding in found], [])

    def test_have_each_variable_a_value_when_they_are_opened(self) -> None:
        for dashboard in load():
            for target in targets(dashboard):
                self.assertNotIn("$", substitute(target.expr, chosen(dashboard)), str(target))

    def test_that_need_more_than_every_machine_has_exist(self) -> None:
        there = {(target.dashboard["title"], target.panel["title"]) for dashboard in load() for target in targets(dashboard)}
        self.assertEqual([need for need in needs(NEEDS_MORE.read_text()) if (need.dashboard, need.panel) not in there], [])


class documentation(unittest.TestCase):
    text = (ROOT / "docs" / "monitoring.md").read_text()

    def test_has_each_dashboard(self) -> None:
        self.assertEqual(set(re.findall(r"\(\.\./dashboards/([\w-]+\.json)\)", self.text)), {path.name for path in FOLDER.glob("*.json")})

    def test_has_each_alert_and_each_record_whose_source_differs(self) -> None:
        every = coverage.rules()
        alerts = {rule.name for rule in every if rule.alert}
        self.assertEqual(set(re.findall(r"^\| ([A-Z]\w+) \|", self.text, re.MULTILINE)), alerts)
        self.assertEqual(set(re.findall(r"`(beastmark:[\w:]+)`", self.text)), {rule.name for rule in every if rule.file == "local"})


class rules(unittest.TestCase):
    def test_record_the_same_in_each_environment(self) -> None:
        self.assertEqual([str(finding) for finding in coverage.records_differ(coverage.rules())], [])

    def test_record_nothing_that_is_not_asked_for(self) -> None:
        self.assertEqual([str(finding) for finding in coverage.unused_records(load(), coverage.rules())], [])

    def test_are_all_given_to_some_prometheus(self) -> None:
        given = {file for files in coverage.ENVIRONMENTS.values() for file in files}
        self.assertEqual(given, {rule.file for rule in coverage.rules()})


if __name__ == "__main__":
    unittest.main()
