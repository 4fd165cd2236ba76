#!/usr/bin/env python3
"""What the checks of dashboards read with: YAML, PromQL, exported text; and has_data.py against a Prometheus made up."""
from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import yaml  # noqa: E402

import promql  # noqa: E402
import strict_yaml  # noqa: E402
from exported import listed, scraped  # noqa: E402
from has_data import NEEDS_MORE, Need, Prometheus, check, needs, verdict  # noqa: E402
from queries import chosen, load, substitute, targets  # noqa: E402


class strict_yaml_reader(unittest.TestCase):
    def test_reads_what_the_project_writes(self) -> None:
        text = """# a comment
groups:
  - name: first # another
    rules:
      - record: a:b
        expr: sum by (x) (c{d="# no comment"})
        labels: {severity: low, n: 1}
      - alert: 'It''s'
        expr: >-
          one
          two
    files: [a.yml, b.yml]
  -   name: second
other: |
  line 1
    line 2
empty:
list:
- x
- "y: z"
"""
        self.assertEqual(strict_yaml.load(text), {
            "groups": [{"name": "first", "rules": [
                {"record": "a:b", "expr": 'sum by (x) (c{d="# no comment"})', "labels": {"severity": "low", "n": 1}},
                {"alert": "It's", "expr": "one two"}], "files": ["a.yml", "b.yml"]}, {"name": "second"}],
            "other": "line 1\n  line 2\n", "empty": None, "list": ["x", "y: z"]})

    def test_names_what_is_wrong(self) -> None:
        for text, said in (("a: 1\nwhat is this\n", "line 2"), ("a: 1\na: 2\n", "a is there twice"), ("  a: 1\nb: 2\n", "line 2")):
            with self.subTest(text), self.assertRaisesRegex(yaml.YAMLError, said):
                strict_yaml.load(text)


class promql_reader(unittest.TestCase):
    def test_finds_selectors_and_what_is_around_them(self) -> None:
        read = promql.read('histogram_quantile(0.99, sum by (le, job) (rate(a_bucket{x="1,}", y!~"$z"}[$__rate_interval]))) '
                           '/ on (job) b')
        first, second = read.selectors
        self.assertEqual((first.metric, first.matchers, first.range),
                         ("a_bucket", [("x", "=", "1,}"), ("y", "!~", "$z")], "$__rate_interval"))
        self.assertEqual([call.name for call in first.inside()], ["rate", "sum", "histogram_quantile"])
        self.assertEqual([call.labels for call in read.calls if call.grouping], [("le", "job")])
        self.assertEqual(read.calls[0].numbers, ["0.99"])
        self.assertEqual((second.metric, list(second.inside()), read.matched, read.operators), ("b", [], ["job"], ["/"]))

    def test_takes_a_grouping_behind_too_and_no_operator_for_a_metric(self) -> None:
        read = promql.read("sum(rate(a[5m])) by (x) and b unless on () c or {d=\"e\"}")
        self.assertEqual([each.metric for each in read.selectors], ["a", "b", "c", ""])
        self.assertEqual(read.calls[0].labels, ("x",))

    def test_says_what_does_not_end(self) -> None:
        for text in ("sum(a", "a)", "a{b=", "rate(a[5m"):
            with self.subTest(text), self.assertRaises(promql.Unreadable):
                promql.read(text)


class exported_text(unittest.TestCase):
    def test_is_read_by_series_name_with_kind_and_labels(self) -> None:
        found = scraped('# HELP a What?\n# TYPE a histogram\na_bucket{le="1",x="y"} 2\na_sum{x="y"} 1.5\na_count{x="z"} 3 1700000000\n'
                        '# TYPE b_total counter\nb_total 1e+06\nc{d="a \\"}\\" b"} NaN\n')
        self.assertEqual(list(listed(found)), ["counter a_bucket{le,x}", "counter a_count{x}", "counter a_sum{x}", "counter b_total",
                                               "untyped c{d}"])
        self.assertEqual(found["a_bucket"].labels, {"le": {"1"}, "x": {"y"}})


class variables(unittest.TestCase):
    def test_are_put_in_as_grafana_does(self) -> None:
        self.assertEqual(substitute('rate(a{b=~"$job", c=~"${target:regex}"}[$__rate_interval])', {"job": "x", "target": ".+"}),
                         'rate(a{b=~"x", c=~".+"}[20s])')

    def test_that_nothing_defines_are_an_error(self) -> None:
        with self.assertRaises(KeyError):
            substitute("$unknown", {})

    def test_match_their_first_choice_or_everything(self) -> None:
        baseline = next(each for each in load() if each["uid"] == "beastmark-baseline")
        self.assertEqual(chosen(baseline), {"job": "baseline", "target": "baseline"})
        backends = next(each for each in load() if each["uid"] == "beastmark-backends")
        self.assertEqual(chosen(backends), {"job": ".+"})


class made_up_prometheus(BaseHTTPRequestHandler):
    """Answers each query with `values`, but for those that name `lacks`; `broken` rules."""

    values: tuple[str, ...] = ("1.5", "NaN")
    lacks = "nothing"
    broken = False

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query)).get("query", "")
        there = [] if self.lacks in query else [{"metric": {}, "value": [1, self.values[0]],
                                                 "values": [[1, value] for value in self.values]}]
        rules = [{"name": "a:b", "health": "err", "lastError": "many-to-many"}] if self.broken else []
        data = {"groups": [{"rules": rules}]} if address.path.endswith("/rules") else {"result": there}
        body = json.dumps({"status": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class has_data(unittest.TestCase):
    dashboards = [each for each in load() if each["uid"] == "beastmark-backends"]

    def asked(self, **answers: object) -> tuple[int, str]:
        """How many queries are not as they should be, and what is said."""
        said = io.StringIO()
        with ThreadingHTTPServer(("127.0.0.1", 0), type("prometheus", (made_up_prometheus,), answers)) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            with contextlib.redirect_stdout(said):
                bad = check(Prometheus(f"http://127.0.0.1:{server.server_port}", 0, 60), self.dashboards, needs(NEEDS_MORE.read_text()),
                            quiet=False)
            server.shutdown()
            thread.join()
        return bad, said.getvalue()

    def test_passes_where_each_query_has_a_finite_value(self) -> None:
        bad, said = self.asked()
        self.assertEqual(bad, 0, said)
        self.assertEqual(said.count("ok "), sum(1 for dashboard in self.dashboards for _ in targets(dashboard)))

    def test_names_the_panel_that_has_none(self) -> None:
        bad, said = self.asked(lacks="pg_locks_count")
        self.assertEqual(bad, 1)
        self.assertIn("FAILED  Beastmark: backends / Locks held by mode / A: no data", said)

    def test_takes_no_nan_for_data(self) -> None:
        bad, said = self.asked(values=("NaN", "+Inf"))
        self.assertGreater(bad, 10)
        self.assertIn("Locks held by mode / A: no number in what it gives", said)

    def test_says_the_reason_where_a_panel_needs_more(self) -> None:
        bad, said = self.asked(lacks="memcached_commands_total")
        self.assertEqual(bad, 0)
        self.assertIn("Sets per second / A: no data: needs memcached_exporter", said)

    def test_names_a_rule_that_fails(self) -> None:
        bad, said = self.asked(broken=True)
        self.assertEqual(bad, 1)
        self.assertIn("FAILED  rule a:b: many-to-many", said)

    def test_says_that_prometheus_is_not_there(self) -> None:
        ended = subprocess.run([sys.executable, str(HERE / "has_data.py"), "--url", "http://127.0.0.1:1"],
                               capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("is Prometheus there?", ended.stderr)

    def test_a_listed_panel_with_data_is_well_too(self) -> None:
        need = Need("d", "p", "memcached_exporter", "why")
        self.assertEqual(verdict([1.0], need), (True, "1 values"))
        self.assertFalse(verdict([float("nan")], None)[0])


if __name__ == "__main__":
    unittest.main()
