#!/usr/bin/env python3
"""./bench dashboards render: units, axes, legends, queries, recordings; and all dashboards drawn from a recording of a real ramp, without
a Prometheus. The recording is made anew, after a ramp of both services, by
./bench dashboards render --from now-3m --no-pictures --record tests/stack/recording.json"""
from __future__ import annotations

import contextlib
import html.parser
import io
import json
import math
import os
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/dashboards"))

import pictures  # noqa: E402
import render  # noqa: E402
from drawing import Chart, Line, draw, extent, pieces, stack, time_marks  # noqa: E402
from legend import calculated, name_of  # noqa: E402
from model import BadDashboard, Dashboard, Panel, Span, Target, load, panel_of  # noqa: E402
from page import make_page  # noqa: E402
from panels import drawn_panel  # noqa: E402
from source import NoAnswer, Recorder, Recording, Series, key, parse_time  # noqa: E402
from units import formatted, marks, unit_of  # noqa: E402

RECORDING = Path(__file__).with_name("recording.json")
SPAN = Span(1_000_000, 1_000_060)


class Fixed:
    """Says the same of every query."""

    name, span = "nobody", SPAN

    def __init__(self, *series: Series) -> None:
        self.answer = list(series)

    def series(self, target: Target) -> list[Series]:
        return self.answer


def panel(kind: str = "timeseries", unit: str = "s", **defaults: Any) -> Panel:
    json_panel = {"type": kind, "title": "T", "description": "D", "gridPos": {"x": 0, "y": 0, "w": 8, "h": 8},
                  "fieldConfig": {"defaults": {"unit": unit, **defaults}},
                  "options": {"legend": {"calcs": ["mean", "max"]}, "reduceOptions": {"calcs": ["lastNotNull"]}}}
    return Panel(json_panel, [Target("up", "{{job}}", 5, False)])


def line(*values: float, **labels: str) -> Series:
    return Series(labels, [(SPAN.start + 5 * i, value) for i, value in enumerate(values)])


class UnitsTest(unittest.TestCase):
    def test_a_value_is_written_as_a_person_reads_it(self) -> None:
        for value, unit, words in ((0.00123, "s", "1.23 ms"), (25e-6, "s", "25 µs"), (90, "s", "1.5 min"), (0, "s", "0 s"), (1500, "ms", "1.5 s"),
                                   (1500, "reqps", "1.5k req/s"), (999, "reqps", "999 req/s"), (0.5, "reqps", "0.5 req/s"),
                                   (0.12345, "percentunit", "12.3 %"), (12.5, "percent", "12.5 %"), (17 * 2**20, "bytes", "17 MiB"),
                                   (2.5e6, "Bps", "2.5 MB/s"), (1234567, "short", "1.23M"), (0.0721, "short", "0.0721"), (-3, "none", "-3"),
                                   (math.nan, "s", "–"), (math.inf, "s", "∞"), (None, "s", "–")):
            self.assertEqual(formatted(value, unit), words)
        self.assertEqual(formatted(0.99987, "percentunit", 3), "99.987 %")

    def test_every_unit_of_the_dashboards_is_known(self) -> None:
        for dashboard in load(ROOT / "dashboards"):
            for each in dashboard.json["panels"]:
                if each["type"] != "row":
                    self.assertIsNotNone(unit_of(each["fieldConfig"]["defaults"]["unit"]), each["title"])

    def test_marks_of_an_axis_are_round_and_of_one_scale(self) -> None:
        self.assertEqual([words for _, words in marks(0, 0.0104, "s")], ["0 ms", "5 ms", "10 ms"])
        self.assertEqual([words for _, words in marks(0.9, 1, "percentunit", 5)], ["90 %", "92 %", "94 %", "96 %", "98 %", "100 %"])
        self.assertEqual([words for _, words in marks(0, 1600, "reqps", 4)], ["0 req/s", "0.5k req/s", "1.0k req/s", "1.5k req/s"])
        values = [value for value, _ in marks(0, 3 * 2**20, "bytes", 3)]
        self.assertEqual(values, [0, 2**20, 2 * 2**20, 3 * 2**20])


class DrawingTest(unittest.TestCase):
    def test_a_line_is_apart_where_points_are_missing_or_no_number(self) -> None:
        points = [(0, 1), (5, 2), (10, math.nan), (15, 3), (30, 4)]
        self.assertEqual(pieces(points, 5), [[(0, 1), (5, 2)], [(15, 3)], [(30, 4)]])

    def test_stacked_lines_stand_on_each_other_at_the_same_time(self) -> None:
        lines = [Line("", [(0, 1), (5, 2)]), Line("", [(5, 10)]), Line("", [(0, 100), (5, 100)])]
        self.assertEqual([list(each.points) for each, _ in stack(lines)], [[(0, 1), (5, 2)], [(5, 12)], [(0, 101), (5, 112)]])

    def test_the_axis_holds_all_points_and_what_is_asked(self) -> None:
        lines = [Line("", [(0, 0.95), (5, 0.97)])]
        self.assertEqual(extent(Chart(SPAN, 5, "", lines, soft_low=0.9, high=1), lines), (0.9, 1))
        self.assertEqual(extent(Chart(SPAN, 5, "", lines, low=0, high=1), lines), (0, 1))
        deep = [Line("", [(0, 0.2)])]
        self.assertEqual(extent(Chart(SPAN, 5, "", deep, soft_low=0.9, high=1), deep), (0.2, 1))
        flat = [Line("", [(0, 0)])]
        low, high = extent(Chart(SPAN, 5, "", flat, low=0), flat)
        self.assertGreater(high, low)

    def test_a_limit_is_drawn_where_the_axis_reaches_it(self) -> None:
        lines = [Line("red", [(SPAN.start, 0.5), (SPAN.start + 5, 0.6)])]
        for limit, drawn in ((0.8, 1), (2.0, 0)):
            picture = draw(Chart(SPAN, 5, "percentunit", lines, low=0, high=1, limits=[(limit, "red")]), 400, 200, "T")
            self.assertEqual(picture.count('class="limit"'), drawn)

    def test_marks_of_time_are_not_crowded(self) -> None:
        for length in (30, 60, 600, 3600, 86400):
            found = time_marks(Span(1_000_000, 1_000_000 + length), 5)
            self.assertIn(len(found), range(2, 8))


class PanelTest(unittest.TestCase):
    def test_a_legend_has_the_names_and_figures_that_the_panel_asks_for(self) -> None:
        drawn, problem = drawn_panel(panel(), Fixed(line(0.001, 0.003, job="baseline")))
        self.assertEqual(problem, "")
        self.assertRegex(drawn, "Mean</th><th>Max</th>.*baseline</td><td>2 ms</td><td>3 ms</td>")

    def test_what_was_zero_all_the_time_comes_last_and_the_rest_is_counted(self) -> None:
        zeros = [line(0, 0, job=f"zero{i}") for i in range(20)]
        drawn, _ = drawn_panel(panel(), Fixed(*zeros, line(0, 1, job="one")))
        self.assertLess(drawn.index("one</td>"), drawn.index("zero0</td>"))
        self.assertIn("and 9 more", drawn)

    def test_bars_are_of_the_last_value(self) -> None:
        drawn, _ = drawn_panel(panel("bargauge", "reqps"), Fixed(line(9, 50, job="a"), line(9, -100, job="b")))
        self.assertRegex(drawn, "a</td>.*width:50.0%.*50 req/s.*b</td>.*width:100.0%.*-100 req/s")

    def test_what_cannot_be_drawn_is_said_on_the_page_and_beside_it(self) -> None:
        for given, answer, what in ((panel(), Fixed(), "no data"), (panel(), Fixed(line(math.nan)), "no data"),
                                    (panel(unit="parsec"), Fixed(line(1)), 'the unit "parsec" is not known')):
            drawn, problem = drawn_panel(given, answer)
            self.assertIn(what, problem)
            self.assertIn('class="none"', drawn)

    def test_a_series_has_the_colour_that_is_given_to_its_name(self) -> None:
        given = panel()
        override: dict[str, Any] = {"matcher": {"id": "byName", "options": "a"}, "properties": [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}}]}
        given.json["fieldConfig"]["overrides"] = [override]
        drawn, _ = drawn_panel(given, Fixed(line(1, 2, job="a"), line(1, 2, job="b")))
        self.assertRegex(drawn, 'background:#E02F44"></i>a<.*background:var\\(--s1\\)"></i>b<')
        override["properties"][0]["id"] = "unit"
        with self.assertRaisesRegex(BadDashboard, "T: an override of unit byName cannot be drawn"):
            drawn_panel(given, Fixed())

    def test_a_kind_of_panel_that_is_not_known_is_refused(self) -> None:
        with self.assertRaisesRegex(BadDashboard, "is a heatmap"):
            drawn_panel(panel("heatmap"), Fixed(line(1)))

    def test_what_a_label_says_is_text(self) -> None:
        drawn, _ = drawn_panel(panel(), Fixed(line(1, job="<script>")))
        self.assertNotIn("<script>", drawn)

    def test_a_name_without_a_legend_is_the_labels(self) -> None:
        self.assertEqual(name_of(line(1, job="a", __name__="up"), "", "up"), 'up{job="a"}')
        self.assertEqual(name_of(line(1), "", "sum(up)"), "sum(up)")
        self.assertTrue(math.isnan(calculated(line(math.nan), "max")))


class QueryTest(unittest.TestCase):
    def asked(self, expr: str, span: Span, **more: str) -> Target:
        return panel_of({"title": "T", "targets": [{"expr": expr, **more}]}, {"job": ".+"}, span).targets[0]

    def test_variables_are_put_in_as_grafana_does(self) -> None:
        hour = Span(0, 3600)
        self.assertEqual(self.asked('rate(x{job=~"$job"}[$__rate_interval])', SPAN).expr, 'rate(x{job=~".+"}[20s])')
        self.assertEqual(self.asked("increase(x[$__range])", hour).expr, "increase(x[3600s])")
        self.assertEqual(self.asked("x[$__rate_interval]", Span(0, 36000)).expr, "x[155s]")  # a point every 150 s
        self.assertEqual(self.asked("x[$__rate_interval]", SPAN, interval="10s"), Target("x[40s]", "", 10, False))

    def test_a_variable_that_is_none_is_named(self) -> None:
        with self.assertRaisesRegex(BadDashboard, "T: .nobody is no variable"):
            self.asked("x{a='$nobody'}", SPAN)

    def test_times(self) -> None:
        for text, t in (("now", 1000), ("now-15m", 100), ("5.5", 5.5), ("1970-01-01T00:01:00Z", 60)):
            self.assertEqual(parse_time(text, 1000), t)
        with self.assertRaises(ValueError):
            parse_time("yesterday", 1000)

    def test_a_time_without_a_zone_is_utc(self) -> None:
        self.addCleanup(time.tzset)
        with mock.patch.dict(os.environ, {"TZ": "America/New_York"}):
            time.tzset()
            self.assertEqual(parse_time("1970-01-01T00:20:00", 0), 1200)


class RecordingTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_what_is_recorded_is_said_again(self) -> None:
        said = [line(1.0, math.nan, math.inf, 0.25, job="a")]
        recorder, target = Recorder(Fixed(*said)), Target("up", "", 5, False)
        recorder.series(target)
        recorder.write(self.folder / "r.json")
        again = Recording(self.folder / "r.json")
        self.assertEqual((again.span, again.series(target)[0].labels), (SPAN, {"job": "a"}))
        self.assertEqual(str(again.series(target)[0].points), str(said[0].points))  # NaN is not equal to itself
        with self.assertRaisesRegex(NoAnswer, "not in the recording: down"):
            again.series(Target("down", "", 5, False))
        self.assertNotEqual(key(target), key(Target("up", "", 5, True)))

    def test_what_is_no_recording_is_refused(self) -> None:
        (self.folder / "r.json").write_text('{"format": "another"}')
        for path, words in ((self.folder / "r.json", "is no"), (self.folder / "nowhere", "no recording in")):
            with self.assertRaisesRegex(NoAnswer, words):
                Recording(path)


class Outline(html.parser.HTMLParser):
    """What the page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


class AllDashboardsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dashboards = load(ROOT / "dashboards")
        self.text, self.problems = make_page(self.dashboards, Recording(RECORDING))

    def test_each_panel_is_there_and_the_page_needs_no_network(self) -> None:
        outline = Outline(self.text)
        panels = [each for dashboard in self.dashboards for each in dashboard.json["panels"] if each["type"] != "row"]
        self.assertEqual(outline.tags["article"], len(panels))
        self.assertTrue(all(source.startswith("#") for source in outline.sources), outline.sources)
        self.assertIn("which is not Grafana", self.text)

    def test_nearly_every_query_is_in_the_recording(self) -> None:
        """It may be some queries behind the dashboards."""
        panels = sum(each["type"] != "row" for dashboard in self.dashboards for each in dashboard.json["panels"])
        behind = [str(problem) for problem in self.problems if "not in the recording" in problem.what]
        self.assertLessEqual(len(behind), panels / 10, f"make {RECORDING.name} anew, as {Path(__file__).name} says: {behind}")


class Answers(BaseHTTPRequestHandler):
    """A Prometheus that knows one series, and does not understand "bad"."""

    def do_GET(self) -> None:
        at = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(at.query).get("query", [""])[0]
        data: Any = {"version": "9.9"} if at.path.endswith("buildinfo") else {"result": [{"metric": {"job": "a"}, "values": [[SPAN.start, "1"]]}]}
        body = json.dumps({"error": "parse error"} if query == "bad" else {"data": data}).encode()
        self.send_response(400 if query == "bad" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def prometheus() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "dashboards").mkdir()
        whole = panel().json
        (self.folder / "dashboards/one.json").write_text(json.dumps({"title": "One", "templating": {"list": []}, "panels": [
            {**whole, "targets": [{"expr": "up"}]}, {**whole, "title": "U", "targets": [{"expr": "bad"}]}]}))

    def render(self, *words: str) -> tuple[int, str]:
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            code = render.main(["--dashboards", str(self.folder / "dashboards"), "--out", str(self.folder / "out"), *words])
        return code, said.getvalue()

    def test_a_live_prometheus_is_drawn_recorded_and_drawn_again(self) -> None:
        span = ("--from", str(SPAN.start), "--to", str(SPAN.end))
        with prometheus() as url:
            code, said = self.render("--url", url, *span, "--no-pictures", "--record", str(self.folder / "r.json"))
        self.assertEqual(code, 1, said)  # the other panel is drawn all the same
        self.assertRegex(said, 'not drawn: one: U: Prometheus at .* answered 400 to bad: .*parse error')
        live = (self.folder / "out/dashboards.html").read_text()
        code, said = self.render("--from-recording", str(self.folder / "r.json"), "--no-pictures")
        self.assertEqual(code, 0, said)
        again = (self.folder / "out/dashboards.html").read_text()
        self.assertEqual(live.count("<svg"), again.count("<svg"))
        self.assertIn("a recording of Prometheus 9.9", again)

    def test_what_it_cannot_reach_is_named(self) -> None:
        code, said = self.render("--url", "http://127.0.0.1:1", "--no-pictures")
        self.assertEqual(code, 1)
        self.assertRegex(said, "bench: no Prometheus at http://127.0.0.1:1: .*--url says where")
        code, said = self.render("--dashboard", "two", "--no-pictures")
        self.assertEqual((code, "no dashboard two" in said, "there are one" in said), (1, True, True))

    def test_where_it_cannot_write_is_named(self) -> None:
        (self.folder / "file").write_text("")
        with prometheus() as url:
            for words in (["--out", str(self.folder / "file/out")], ["--record", str(self.folder / "file/r.json")]):
                code, said = self.render("--url", url, "--no-pictures", *words)
                self.assertEqual((code, "Traceback" in said), (1, False), said)
                self.assertRegex(said, f"bench: .*{self.folder}/file")

    def test_a_check_draws_nothing(self) -> None:
        self.assertEqual(self.render("--url", "http://127.0.0.1:1", "--check"), (0, ""))
        self.assertFalse((self.folder / "out").exists())

    def test_bad_use(self) -> None:
        for words in (["--from", "yesterday"], ["--from", "now", "--to", "now-1m"], ["--from-recording", "x", "--from", "now-1m"],
                      ["--url", "localhost:9090"], ["--check", "--bogus"]):
            with self.assertRaises(SystemExit) as ended:
                self.render(*words)
            self.assertEqual(ended.exception.code, 2)

    def test_heights_come_from_the_page(self) -> None:
        self.assertEqual(pictures.heights('<section id="a-b" data-height="1200"><h2><section id="c" data-height="7">'), {"a-b": 1200, "c": 7})

    def test_pictures_are_as_large_as_the_dashboard(self) -> None:
        """By Chromium."""
        page = self.folder / "page.html"
        text, _ = make_page([Dashboard("one", {"title": "One", "templating": {"list": []}, "panels": [{**panel().json, "targets": [{"expr": "up"}]}]})],
                            Fixed(line(1, 2, job="a")))
        page.write_text(text)
        taken = pictures.take(page, self.folder)
        self.assertEqual([path.name for path in taken], ["one-light.png", "one-dark.png"])
        for path in taken:
            head = path.read_bytes()[:24]
            self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
            width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
            self.assertEqual(width, pictures.WIDTH)
            self.assertIn(height, range(250, 700))
        self.assertNotEqual(taken[0].read_bytes(), taken[1].read_bytes())


if __name__ == "__main__":
    unittest.main()
