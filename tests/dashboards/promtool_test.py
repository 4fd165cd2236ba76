#!/usr/bin/env python3
"""What promtool, Prometheus' own judge, says of the rules, of their tests in tests/promtool/, and of each panel's query; and that
nothing is without such a test. Usage: promtool_test.py [FOLDER], in which promtool is where it is not on the PATH."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import coverage  # noqa: E402
import strict_yaml  # noqa: E402
from has_data import NEEDS_MORE, need_of, needs  # noqa: E402
from queries import ROOT, chosen, load, substitute, targets  # noqa: E402

PATH = os.pathsep.join([*sys.argv[1:2], os.environ.get("PATH", "")])
del sys.argv[1:2]
TESTS = ROOT / "tests" / "promtool"


def promtool(*arguments: str | Path) -> tuple[int, str]:
    found = shutil.which("promtool", path=PATH)
    if not found:
        raise unittest.TestCase.failureException("there is no promtool: it comes with Debian's package prometheus, which "
                                                 "./bench setup installs")
    ended = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr


class promtool_test(unittest.TestCase):
    def passes(self, *arguments: str | Path) -> None:
        code, said = promtool(*arguments)
        self.assertEqual(code, 0, said)

    def test_rules_are_understood(self) -> None:
        self.passes("check", "rules", *sorted(coverage.RULES.glob("*.yml")))

    def test_the_rules_of_each_environment_are_together_a_configuration(self) -> None:
        for name, files in coverage.ENVIRONMENTS.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                configuration = Path(folder) / "prometheus.yml"
                configuration.write_text(json.dumps({"rule_files": [str(coverage.RULES / f"{file}.yml") for file in files]}))
                self.passes("check", "config", configuration)

    def test_rules_give_what_their_tests_say(self) -> None:
        for path in sorted(TESTS.glob("*.yml")):
            with self.subTest(path.name):
                self.passes("test", "rules", path)

    def test_queries_of_panels_are_understood(self) -> None:
        """As the records of a rule file, which is JSON, and so YAML: promtool reads no query by itself."""
        every = [{"record": f"panel:{number}", "expr": substitute(target.expr, chosen(dashboard)), "labels": {"query": str(target)}}
                 for dashboard in load() for number, target in enumerate(targets(dashboard))]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "panels.yml"
            file.write_text(json.dumps({"groups": [{"name": "panels", "rules": every}]}))
            self.passes("check", "rules", file)

    def test_a_query_that_is_wrong_is_not_understood(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "panels.yml"
            file.write_text(json.dumps({"groups": [{"name": "panels", "rules": [{"record": "a:b", "expr": "rate(up)"}]}]}))
            code, said = promtool("check", "rules", file)
        self.assertNotEqual(code, 0)
        self.assertIn("range vector", said)


class each_has_a_test(unittest.TestCase):
    def asked(self, name: str) -> list[str]:
        """Expressions of a file, without spaces at their ends."""
        return [case["expr"].strip() for test in strict_yaml.load((TESTS / f"{name}.yml").read_text())["tests"]
                for case in test.get("promql_expr_test") or []]

    def test_record(self) -> None:
        for rule in coverage.rules():
            if not rule.alert:
                asked = self.asked(rule.file)
                self.assertTrue(any(re.search(rf"{re.escape(rule.name)}(?![\w:])", expr) for expr in asked),
                                f"tests/promtool/{rule.file}.yml does not ask for {rule.name}")

    def test_alert_that_is_said_and_one_that_is_not(self) -> None:
        tests = [case for test in strict_yaml.load((TESTS / "alerts.yml").read_text())["tests"] for case in test["alert_rule_test"]]
        for rule in coverage.rules():
            if rule.alert:
                said = {bool(case.get("exp_alerts")) for case in tests if case["alertname"] == rule.name}
                self.assertEqual(said, {True, False}, f"{rule.name} in tests/promtool/alerts.yml")

    def test_query_that_not_every_machine_has_data_for(self) -> None:
        every, asked = needs(NEEDS_MORE.read_text()), self.asked("panels")
        for dashboard in load():
            for target in targets(dashboard):
                if need_of(target, every):
                    self.assertIn(substitute(target.expr, chosen(dashboard)), asked, f"{target} in tests/promtool/panels.yml")

    def test_of_panels_is_of_a_query_that_some_panel_has(self) -> None:
        there = {substitute(target.expr, chosen(dashboard)) for dashboard in load() for target in targets(dashboard)}
        self.assertEqual([expr for expr in self.asked("panels") if expr not in there], [])


if __name__ == "__main__":
    unittest.main()
