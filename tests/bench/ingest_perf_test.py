#!/usr/bin/env python3
"""What ./bench perf ingest reads, computes, judges and starts. Usage: ingest_perf_test.py FOLDER, where the programs are."""
from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent / "perf"))

import ingest  # noqa: E402
import ingest_contest  # noqa: E402
import ingest_open_loop  # noqa: E402
import ingest_overload  # noqa: E402
from backends import output_of  # noqa: E402
from ingest_contest import Contest  # noqa: E402
from ingest_open_loop import OpenLoop  # noqa: E402
from ingest_overload import Crowding, OverloadRound  # noqa: E402
from ingest_sweep import Sweep  # noqa: E402
from ingest_turn import Bench, Turn, other_answers, serving, wrk_posts  # noqa: E402
from ingest_variants import Program, Variant, contenders_of, knows, styles_of  # noqa: E402
from procfs import Cpu, Disturbance  # noqa: E402
from programs import CouldNotRun, Ended, Load  # noqa: E402
from programs import serving as floor_serving  # noqa: E402
from rounds import Patience, Row  # noqa: E402
from scraping import parse_metric  # noqa: E402
from targets import parse_targets  # noqa: E402

BUILD = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release").resolve()
QUIET = Disturbance(0, 0)

HELP = """Options:
  --pool UINT:INT in [1 - 10000]=8 (Env:BEASTMARK_POOL)
                                  PostgreSQL connections in total
  --driver TEXT:{async,blocking}=async (Env:BEASTMARK_DRIVER)
                                  How the backends are spoken to: with write mode group, say
"""


def goals(rows: list[Row]) -> dict[str, bool]:
    return {r.what: r.met for r in rows if r.met is not None}


class VariantsTest(unittest.TestCase):
    def test_an_option_is_known_by_its_values_and_not_by_its_description(self) -> None:
        self.assertTrue(knows(HELP, "--driver", "blocking"))
        self.assertFalse(knows(HELP, "--driver", "group"))
        self.assertFalse(knows(HELP, "--write-mode", "group"))

    def test_a_style_that_this_ingest_does_not_know_is_missing_and_each_is_always_there(self) -> None:
        there, missing = styles_of(Path("x/ingest"), HELP)
        self.assertEqual([(v.name, v.words) for v in there], [("each", ("x/ingest",)),
                                                              ("blocking", ("x/ingest", "--driver", "blocking"))])
        self.assertEqual(missing, ["group (this ingest has no --write-mode group)"])
        there, missing = styles_of(Path("x/ingest"), HELP + "  --write-mode TEXT:{each,group}=each\n")
        self.assertEqual([v.words[1:] for v in there], [("--write-mode", "each"), ("--write-mode", "group"),
                                                        ("--driver", "blocking")])
        self.assertEqual(missing, [])

    def test_go_has_several_pools_and_what_is_not_set_up_is_named(self) -> None:
        targets = parse_targets('[cpp]\npost = ["build/release/bin/ingest"]\nport = 1\n'
                                '[go]\npost = ["sh", "-c", "x"]\nport = 2\npool = 16\n'
                                '[go-original]\nlike = "go"\n'
                                '[getter]\nget = ["sh"]\nport = 3\n'
                                '[late]\npost = ["build/late"]\nport = 4\nsetup = "make_late"\n')
        there, missing = contenders_of(targets, Path("/nowhere"))
        self.assertEqual([program.name for program in there], ["go"])
        self.assertEqual([v.name for v in there[0].variants("off")], ["go-8", "go-16", "go-64"])
        self.assertEqual([v.name for v in Program("other", "other", ("x",), 5).variants("on")], ["other-5"])
        self.assertEqual(missing, ["late (./bench setup contenders)"])

    def test_the_command_has_the_flags_of_every_target_and_its_pool(self) -> None:
        command = Program("x", "X", ("./x", "--fast"), 4).with_pool(9).command(5, 6, ["--postgres", "p"])
        self.assertEqual(command[:2], ["./x", "--fast"])
        for pair in (["--port", "5"], ["--admin-port", "6"], ["--postgres", "p"], ["--pool", "9"]):
            at = command.index(pair[0])
            self.assertEqual(command[at:at + 2], pair)


METRICS = """# TYPE db_client_connection_count gauge
db_client_connection_count{db_client_connection_pool_name="postgresql",db_client_connection_state="idle"} 3
db_client_connection_count{db_client_connection_pool_name="postgresql",db_client_connection_state="connecting"} 2
db_client_connection_count{db_client_connection_pool_name="memcached",db_client_connection_state="connecting"} 1
http_server_active_requests 17
"""


class ScrapingTest(unittest.TestCase):
    def test_samples_with_the_labels_asked_for_are_added_up(self) -> None:
        self.assertEqual(parse_metric(METRICS, "db_client_connection_count", db_client_connection_state="connecting"), 3)
        self.assertEqual(parse_metric(METRICS, "db_client_connection_count", db_client_connection_state="connecting",
                                      db_client_connection_pool_name="postgresql"), 2)
        self.assertEqual(parse_metric(METRICS, "http_server_active_requests"), 17)

    def test_no_sample_is_not_zero(self) -> None:
        self.assertIsNone(parse_metric(METRICS, "http_server_active"))
        self.assertIsNone(parse_metric(METRICS, "db_client_connection_count", db_client_connection_state="used"))


def turn(rps: float = 10_000, app_us: float = 20, postgres_us: float = 60, failed: int = 0, p99_us: float = 900,
         result: dict | None = None) -> Turn:
    load = Load(Ended(0, Cpu(1, 1), 0, ""), 1_000_000, rps, p99_us, failed, result or {})
    return Turn(load, {"application": Cpu(app_us / 4, app_us * 3 / 4), "postgres": Cpu(postgres_us, 0), "memcached": Cpu(0, 5)},
                5_000_000, QUIET)


def contest(rounds: list[dict[str, Turn]], commit: str = "off") -> Contest:
    names = dict.fromkeys(name for r in rounds for name in r)
    variants = {name: Variant(name.partition("-")[0], f"title of {name}", ("x",), int(name.partition("-")[2])) for name in names}
    return Contest(commit, variants, orders=[list(r) for r in rounds], rounds=rounds)


WHOLE = {"each-4": turn(30_000, 20), "group-1": turn(50_000, 12), "blocking-8": turn(12_000, 60), "go-8": turn(9_000, 130),
         "go-16": turn(10_000, 120), "go-64": turn(8_000, 110)}


class ContestTest(unittest.TestCase):
    def test_cpu_is_by_who_spent_it(self) -> None:
        one = turn(app_us=20, postgres_us=60)
        self.assertAlmostEqual(one.cpu_us, 20)
        self.assertAlmostEqual(one.cpu_us_of("postgres"), 60)
        self.assertAlmostEqual(one.all_cpu_us, 85)

    def test_ratios_are_of_the_same_round(self) -> None:
        rounds = [{"each-4": turn(30), "go-8": turn(10)}, {"each-4": turn(20), "go-8": turn(10)}]
        self.assertEqual(contest(rounds).ratios_of("each-4", "go-8", ingest_contest.rps), [3, 2])

    def test_a_program_counts_with_the_pool_of_the_best_median(self) -> None:
        rounds = [{"go-8": turn(10), "go-64": turn(30)}] + [{"go-8": turn(11), "go-64": turn(10)}] * 2
        self.assertEqual(contest(rounds).best("go"), "go-8")
        self.assertIsNone(contest([{"each-4": turn()}]).best("go"))

    def missed(self, commit: str = "off", each: Turn = WHOLE["each-4"], group: Turn = WHOLE["group-1"]) -> list[str]:
        rows = contest([WHOLE | {"each-4": each, "group-1": group}] * 3, commit).goal_rows
        return [what for what, met in goals(rows).items() if not met]

    def test_each_goal_is_judged(self) -> None:
        self.assertEqual(self.missed(), [])
        self.assertEqual(self.missed(each=turn(30_000, 26)), ["each: CPU us per request of the application",
                                                              "CPU per request of the application, each / Go"])
        self.assertEqual(self.missed(each=turn(22_900, 20)), ["requests/s, each / Go"])
        self.assertEqual(self.missed(group=turn(44_900)), ["requests/s, group / Go"])
        self.assertEqual(self.missed("on", each=turn(14_100, 99)), [])
        self.assertEqual(self.missed("on", each=turn(13_900)), ["requests/s, each / Go"])

    def test_group_is_said_to_be_other_work_and_blocking_has_no_goal(self) -> None:
        for commit in ("off", "on"):
            rows = {r.what: r for r in contest([WHOLE], commit).goal_rows}
            self.assertIn("other database work", rows["requests/s, group / Go"].note)
            self.assertIsNone(rows["requests/s, blocking / Go"].met)
            self.assertAlmostEqual(rows["CPU per request of all three, each / Go"].median, 85 / 185)
            self.assertEqual("title of each-4 / title of go-16", rows["requests/s, each / Go"].note)

    def test_without_go_or_group_their_goals_are_not_judged_and_so_missed(self) -> None:
        rows = contest([{"each-4": turn(30_000, 20)}]).goal_rows
        self.assertEqual([(r.met, math.isnan(r.median)) for r in rows], [(True, False)] + 3 * [(False, True)])
        self.assertIn("setup contenders", rows[-1].note)
        rows = contest([{name: t for name, t in WHOLE.items() if name != "group-1"}]).goal_rows
        self.assertIn("group was not measured", [r.note for r in rows if r.met is False])

    def test_what_was_not_answered_by_201_is_a_missed_goal_that_names_whose(self) -> None:
        rows = contest([WHOLE, WHOLE | {"blocking-8": turn(failed=7)}]).other_rows
        self.assertEqual((rows[-1].met, rows[-1].median, rows[-1].note), (False, 7, "blocking-8 7"))
        self.assertIs(contest([WHOLE]).other_rows[-1].met, True)

    def test_a_slow_one_has_fewer_rounds_and_it_is_said(self) -> None:
        rows = contest([WHOLE | {"fastapi-32": turn(1000)}, WHOLE]).cpu_rows
        self.assertIn("1 rounds of 2", rows[-1].note)
        self.assertEqual(rows[0].note, "PostgreSQL 60.0, Memcached 5.0, all three 85.0")

    def test_the_summary_is_json(self) -> None:
        seen = json.loads(json.dumps(contest([WHOLE]).summary))
        self.assertEqual(seen["rounds"][0]["programs"]["each-4"]["cpu_us_per_request"]["application"], {"user": 5, "system": 15})


class SweepTest(unittest.TestCase):
    def test_a_row_for_each_size_says_what_failed(self) -> None:
        rows = Sweep({"go": "Go"}, {"go": {16: [turn(10), turn(30)], 2: [turn(5, failed=4)]}}).rows
        self.assertEqual([(r.what, r.median) for r in rows], [("Go, pool 2: requests/s", 5), ("Go, pool 16: requests/s", 20)])
        self.assertIn("4 not answered by 201", rows[0].note)


class OpenLoopTest(unittest.TestCase):
    def test_the_rate_is_below_what_the_slowest_does_but_for_one_that_is_far_off(self) -> None:
        seen = contest([WHOLE | {"fastapi-32": turn(1000)}])
        self.assertEqual(ingest_open_loop.rate_of(seen), 6000)
        self.assertEqual([v.name for v in ingest_open_loop.chosen(seen)], ["each-4", "group-1", "blocking-8", "go-16"])

    def test_percentiles_count_from_the_arrival(self) -> None:
        result = {"targets": {"x": {"latency": {"response": {"p50_us": 1000, "p99_us": 9000}, "service": {"p99_us": 1}}}}}
        rows = {r.what: r for r in OpenLoop(6000, {"each": "E"}, {"each": [turn(result=result, failed=1)]}).rows}
        self.assertEqual((rows["E: p50 ms"].median, rows["E: p99 ms"].median), (1, 9))
        self.assertIs(rows["requests not answered by 201, all together"].met, False)


def overload(good: int = 360, p99_ms: float = 1500, active: float = 1000, refused: int = 2800, **outcomes: int) -> OverloadRound:
    """Of 4 s, 400 a second at its peak. `good`: in each of them; outcomes beside: 504 as unknown."""
    unknown = outcomes.pop("unknown", 0)
    counted = {"ok": 4 * good, "http_5xx": refused + unknown, "skipped": 1, "unfinished": 2, "reset": 0} | outcomes
    target = {"totals": {"offered": 4800, "outcomes": counted, "statuses": {"503": refused, "504": unknown}, "errors": {}},
              "latency": {"service": {"p99_us": p99_ms * 1000}},
              "timeline": [{"t_s": t, "outcomes": {"ok": good}} for t in (1.0, 2.0, 3.0, 4.0)] + [{"t_s": 5.0, "outcomes": {"ok": 900}}]}
    result = {"run": {"duration_s": 4.0}, "targets": {"x": target}}
    return OverloadRound(400, 1200, turn(result=result), Crowding(active, 900, 9_000_000))


class OverloadTest(unittest.TestCase):
    def missed(self, *rounds: OverloadRound) -> list[str]:
        return [what.partition(": ")[2] for what, met in goals(ingest_overload.judge("each", list(rounds))).items() if not met]

    def test_each_promise_is_judged(self) -> None:
        self.assertEqual(self.missed(overload()), [])
        self.assertEqual(self.missed(overload(good=339)), ["stored a second, overloaded / closed loop"])
        self.assertEqual(self.missed(overload(p99_ms=2001)), ["p99 ms from sending to 201"])
        self.assertEqual(self.missed(overload(), overload(active=4097)), ["most requests that waited at a time"])
        self.assertEqual(self.missed(overload(), overload(reset=1)), ["neither stored nor refused with 503"])

    def test_what_is_answered_after_the_last_arrival_is_not_goodput(self) -> None:
        self.assertEqual(overload(good=360).good_rps, 360)

    def test_an_unknown_outcome_is_told_by_itself(self) -> None:
        self.assertEqual(ingest_overload.told(overload(unknown=3)), {"504": 3})
        self.assertEqual(ingest_overload.told(overload(unknown=3, http_5xx=2805)), {"504": 3, "5xx other than 503 and 504": 2})
        self.assertEqual(self.missed(overload(unknown=1)), ["neither stored nor refused with 503"])


class ScriptTest(unittest.TestCase):
    def test_what_the_script_did_not_count_is_an_error(self) -> None:
        self.assertEqual(other_answers("x\nAnswers below 400 other than 201: 12\n"), 12)
        with self.assertRaisesRegex(CouldNotRun, "did not tell"):
            other_answers("Requests/sec: 7\n")


class LiveTest(unittest.TestCase):
    """On real programs, a second each."""

    bench: Bench
    each: Program
    patient: Program
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.folder.chmod(0o755)  # PostgreSQL's user has to come in
        cls.addClassCleanup(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        cls.enterClassContext(mock.patch.dict(os.environ, {"TMPDIR": str(cls.folder)}))
        cls.bench = cls.enterClassContext(ingest.bench_of(argparse.Namespace(build=BUILD, out=cls.folder / "out")))
        cls.each = styles_of(BUILD / "bin/ingest", "")[0][0]
        # Where nothing may fail, the machine's own pauses must not cost a request.
        cls.patient = replace(cls.each, words=(*cls.each.words, "--max-queue-time", "20s", "--request-timeout", "20s"))

    def test_each_request_of_the_script_stores_a_device_of_its_own_and_each_turn_begins_with_an_empty_table(self) -> None:
        for _ in range(2):
            with serving(self.bench, self.patient.with_pool(4), "off") as served:
                load = wrk_posts(self.bench, served, 1)
                told = output_of([str(self.bench.backends.programs / "psql"), "-XAt", "-d", self.bench.backends.flags[1], "-c",
                                  "select count(*), count(distinct mac), current_setting('synchronous_commit') from device"],
                                 self.bench.backends.environment)
            count, distinct, commit = told.strip().split("|")
            self.assertEqual((load.failed, commit), (0, "off"))
            self.assertEqual(count, distinct)
            # What was under way when wrk ended may be stored, too.
            self.assertTrue(load.requests <= int(count) <= load.requests + self.bench.setup.connections)

    def test_a_200_is_not_what_was_asked_for(self) -> None:
        with floor_serving(self.bench.setup) as server:
            load = wrk_posts(self.bench, server, 1)
        self.assertGreater(load.requests, 0)
        self.assertEqual(load.failed, load.requests)

    def test_closed_and_open_loop_are_measured_and_cpu_time_of_each_is_seen(self) -> None:
        seen = ingest_contest.measure(self.bench, [self.patient], "off", 1, 1, Patience(0))
        with mock.patch.object(ingest_open_loop, "rate_of", return_value=200):  # which a slow machine holds, too
            open_loop = ingest_open_loop.measure(self.bench, seen, 1, 1, Patience(0))
        self.assertTrue(all(cpu.total_s > 0 for cpu in seen.rounds[0]["each-4"].spent.values()), seen.summary)
        one = open_loop.turns["each-4"][0]
        self.assertEqual((one.load.requests, one.load.failed), (200, 0))

    def test_a_slow_table_bounds_what_can_be_stored_and_the_rest_is_seen(self) -> None:
        seen = ingest_overload.measure(self.bench, self.each.with_pool(ingest_overload.POOL), 1, 2, Patience(0))[0]
        self.assertLessEqual(seen.peak_rps, 1.1 * ingest_overload.POOL * 1000 / ingest_overload.ROW_MS)
        self.assertGreater(seen.offered_rps, 2.9 * seen.peak_rps)
        self.assertGreater(seen.crowding.queued, 0)
        self.assertGreater(seen.good_rps, 0)


if __name__ == "__main__":
    unittest.main()
