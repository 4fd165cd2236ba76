#!/usr/bin/env python3
"""What ./bench perf pair computes, and the server it plants differences in. Usage: pair_perf_test.py FOLDER, where the
programs are."""
from __future__ import annotations

import http.client
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "perf"))

from pair import NULL, SITUATIONS, Judged, Planted, at_most_by_chance, coverage, findings  # noqa: E402
from rounds import Row  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path("build/release/tests")
TENTH = SITUATIONS[2]


def judged(planted: Planted, found: str = "no-difference", off_us: float = 0.0) -> Judged:
    figures: dict[str, dict[str, Any]] = {
        metric: {"metric": metric, "base": 2000.0, "ci95": [truth + off_us, truth + off_us], "found": found if truth else "no-difference"}
        for metric, truth in planted.truth.items()}
    return Judged(planted, "", "", figures)


def row(rows: list[Row], part: str) -> Row:
    return next(r for r in rows if part in r.what)


class ChanceTest(unittest.TestCase):
    def test_bounds_are_passed_once_in_a_thousand(self) -> None:
        self.assertEqual(at_most_by_chance(1, 0.05), 1)
        self.assertEqual(at_most_by_chance(10, 0.05), 4)  # four or more: in 1.03 of a thousand
        self.assertEqual(at_most_by_chance(400, 0.05), 35)


class JudgedTest(unittest.TestCase):
    def test_a_percentile_is_right_to_within_what_a_histogram_can_tell(self) -> None:
        self.assertTrue(judged(TENTH, off_us=1.9).right("p99_us"))
        self.assertFalse(judged(TENTH, off_us=2.1).right("p99_us"))
        self.assertFalse(judged(TENTH, off_us=0.001).right("error_rate"))

    def test_an_alarm_is_a_difference_where_none_was_planted(self) -> None:
        self.assertFalse(judged(TENTH, "worse").alarm)
        wrong = judged(NULL)
        wrong.figures["throughput_rps"]["found"] = "better"
        self.assertTrue(wrong.alarm)

    def test_intervals_have_to_hold_the_truth_as_often_as_they_promise(self) -> None:
        held = row(coverage([judged(TENTH)] * 6 + [judged(TENTH, off_us=9)] * 4), "p50_us")
        self.assertEqual((held.median, held.met), (6, True))
        self.assertFalse(row(coverage([judged(TENTH)] * 5 + [judged(TENTH, off_us=9)] * 5), "p50_us").met)

    def test_a_tenth_has_to_be_found_each_time(self) -> None:
        self.assertTrue(row(findings([judged(TENTH, "worse")] * 3), "10 % slower: found in p99_us").met)
        self.assertFalse(row(findings([judged(TENTH, "worse")] * 3 + [judged(TENTH)]), "10 % slower: found in p99_us").met)

    def test_runs_without_a_verdict_are_not_found_and_said(self) -> None:
        silent = Judged(TENTH, "", "b did not become steady", {})
        rows = findings([judged(TENTH, "worse"), silent])
        self.assertFalse(row(rows, "10 % slower: found in p50_us").met)
        self.assertEqual(row(rows, "without a verdict").median, 1)
        self.assertFalse(row(coverage([silent]), "p50_us").met)


class KnobServerTest(unittest.TestCase):
    def ports(self, words: list[str]) -> list[int]:
        server = subprocess.Popen([PROGRAMS / "knob_server", *words], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        assert server.stdout is not None
        return [int(server.stdout.readline()) for _ in range(words.count(",") + 1)]

    def statuses(self, failures: int, count: int) -> list[int]:
        return self.statuses_of(self.ports(["0", "0", "0", "0", str(failures)])[0], count)

    def statuses_of(self, port: int, count: int) -> list[int]:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(client.close)
        seen = []
        for _ in range(count):
            client.request("GET", "/")
            answer = client.getresponse()
            answer.read()
            seen.append(answer.status)
        return seen

    def test_so_many_of_a_million_requests_fail(self) -> None:
        self.assertEqual(self.statuses(0, 20), [200] * 20)
        self.assertEqual(self.statuses(1_000_000, 20), [503] * 20)
        self.assertEqual(set(self.statuses(500_000, 100)), {200, 503})

    def test_several_in_one_process_have_knobs_of_their_own(self) -> None:
        one, other = self.ports(["0", "0", "2000", ",", "0", "0", "5000", "0", "1000000"])
        began = time.monotonic()
        self.assertEqual(self.statuses_of(one, 5), [200] * 5)
        took = time.monotonic() - began
        self.assertGreaterEqual(took, 5 * 0.002)
        self.assertEqual(self.statuses_of(other, 5), [503] * 5)
        self.assertGreaterEqual(time.monotonic() - began - took, 5 * 0.005)

    def test_more_than_all_cannot_fail(self) -> None:
        ended = subprocess.run([PROGRAMS / "knob_server", "0", "0", "0", "0", "1000001"], capture_output=True, text=True, timeout=10)
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1))


if __name__ == "__main__":
    unittest.main()
