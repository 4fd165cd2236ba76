#!/usr/bin/env python3
"""What ./bench perf server reads, computes, judges and starts. Usage: server_perf_test.py FOLDER, where the programs are."""
from __future__ import annotations

import io
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

PERF = Path(__file__).resolve().parent / "perf"
sys.path.insert(0, str(PERF))

import ablation  # noqa: E402
import hostile_crowds  # noqa: E402
import hostile_drain  # noqa: E402
import hostile_overload  # noqa: E402
import hostile_setup  # noqa: E402
import hostile_starved  # noqa: E402
import perf_main  # noqa: E402
import services  # noqa: E402
from contestants import Contestant, contenders, nginx, nginx_config  # noqa: E402
from crowd import Tally, refusal  # noqa: E402
from drain_client import Counted as DrainCounted, whole_answer  # noqa: E402
from hostile_setup import at_least, time_limit  # noqa: E402
from processes import end  # noqa: E402
from procfs import Cpu, Disturbance, read_stats, tree  # noqa: E402
from programs import CouldNotRun, Ended, Load  # noqa: E402
from rounds import Row, at_most, not_judged  # noqa: E402
from serving_cost import ServingCost, Turn, rotated  # noqa: E402
from system_calls import Counted, SystemCalls, parse_strace  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path("build/release/tests")
CORE = min(os.sched_getaffinity(0))
QUIET = Disturbance(0, 0)


def goals(rows: list[Row]) -> dict[str, bool]:
    return {r.what: r.met for r in rows if r.met is not None}


class ProcessTreeTest(unittest.TestCase):
    def test_children_of_children_belong_to_the_tree_whatever_their_name(self) -> None:
        parents = {1: 0, 2: 1, 3: 2, 4: 0, 5: 1, 6: 4}
        stats = {pid: f"{pid} (a) 9 (b) S {parent} 7 7 0" for pid, parent in parents.items()}
        self.assertEqual(sorted(tree(stats, 1)), [1, 2, 3, 5])
        self.assertEqual(tree(stats, 9), [])


def turn(user_us: float, system_us: float, failed: int = 0, repeated: bool = False) -> Turn:
    load = Load(Ended(0, Cpu(1, 1), 0, ""), 1_000_000, 5e4, 900, failed, {})
    return Turn(load, Cpu(user_us, system_us), 5_000_000, QUIET, repeated)


def cost(rounds: list[dict[str, Turn]], sizes: tuple[int, int] = (669, 669)) -> ServingCost:
    return ServingCost({name: name for name in rounds[0]}, {"floor": sizes[0], "baseline": sizes[1], "nginx": 689}, [],
                       orders=[list(r) for r in rounds], rounds=rounds)


class AblationTest(unittest.TestCase):
    def test_each_row_is_beside_the_one_it_differs_from(self) -> None:
        names = [style.name for style in ablation.STYLES] + [ablation.ENGINE]
        rounds = [{name: turn(20 - i + noise, 5) for i, name in enumerate(names)} for noise in (0, 3)]
        rows = ablation.rows(rounds)
        self.assertEqual([row.what.partition(":")[0] for row in rows], names)
        self.assertNotIn(" to ", rows[0].note)
        self.assertIn("-1.00 (-1.00 .. -1.00) to idiomatic", rows[1].note)
        self.assertIn("-3.00 (-3.00 .. -3.00) to plain_socket", rows[-1].note)
        self.assertEqual((rows[0].low, rows[0].high), (25, 28))

    def test_what_a_style_is_instead_of_comes_before_it(self) -> None:
        seen: set[str] = set()
        for style in ablation.STYLES:
            self.assertTrue(not style.instead_of or style.instead_of in seen, style.name)
            seen.add(style.name)


class ServingCostTest(unittest.TestCase):
    def test_user_and_system_are_apart(self) -> None:
        one = turn(1.5, 5)
        self.assertAlmostEqual(one.user_us, 1.5)
        self.assertAlmostEqual(one.system_us, 5)
        self.assertAlmostEqual(one.cpu_us, 6.5)

    def test_ratios_are_of_the_same_round(self) -> None:
        rounds = [{"floor": turn(1, 1), "baseline": turn(1, 2), "nginx": turn(1, 3)},
                  {"floor": turn(5, 5), "baseline": turn(5, 6), "nginx": turn(5, 7)}]
        self.assertEqual(cost(rounds).ratios("baseline", "floor"), [1.5, 1.1])

    def test_goals_are_of_medians(self) -> None:
        rounds = [{"floor": turn(0, 6), "baseline": turn(0, 7.1), "nginx": turn(0, 7), "go": turn(0, 24)}] * 3
        self.assertEqual(goals(cost(rounds).ratio_rows), {"CPU per request, baseline / floor": True,
                                                          "CPU per request, baseline / nginx": False,
                                                          "CPU per request, baseline / Go contender": True})
        rounds[0] = rounds[0] | {"baseline": turn(0, 50)}
        self.assertIs(goals(cost(rounds).ratio_rows)["CPU per request, baseline / floor"], True)

    def test_what_is_aimed_at_is_said(self) -> None:
        for system, word in ((6.5, ": reached"), (7, "not reached")):
            rounds = [{"floor": turn(0, 6), "baseline": turn(0, system), "nginx": turn(0, 7)}]
            self.assertIn(word, cost(rounds).ratio_rows[0].note)

    def test_without_go_nothing_is_judged_nor_missed(self) -> None:
        rows = cost([{"floor": turn(0, 6), "baseline": turn(0, 7), "nginx": turn(0, 7)}]).ratio_rows
        go = next(r for r in rows if "Go" in r.what)
        self.assertIsNone(go.met)
        self.assertTrue(math.isnan(go.median))
        self.assertIn("setup contenders", go.note)

    def test_a_slow_one_has_fewer_rounds_and_it_is_said(self) -> None:
        whole = {"floor": turn(0, 6), "baseline": turn(0, 7), "nginx": turn(0, 7)}
        rows = cost([whole | {"fastapi": turn(300, 50)}, whole]).cost_rows
        self.assertIn("1 rounds of 2", rows[-1].note)
        self.assertNotIn("rounds of", rows[0].note)

    def test_answers_of_other_sizes_and_failed_requests_are_missed_goals(self) -> None:
        whole = {"floor": turn(0, 6), "baseline": turn(0, 7, failed=3), "nginx": turn(0, 7)}
        self.assertEqual(list(goals(cost([whole], (628, 669)).other_rows).values()), [False, False])
        self.assertEqual(list(goals(cost([whole | {"baseline": turn(0, 7)}]).other_rows).values()), [True, True])

    def test_each_is_first_in_its_turn(self) -> None:
        self.assertEqual([rotated(["a", "b", "c"], i)[0] for i in range(4)], ["a", "b", "c", "a"])

    def test_the_summary_is_json(self) -> None:
        whole = {"floor": turn(0, 6), "baseline": turn(0, 7), "nginx": turn(0, 7)}
        seen = json.loads(json.dumps(cost([whole]).summary))
        self.assertEqual(seen["rounds"][0]["servers"]["floor"]["cpu_us_per_request"], 6)


STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.12    0.200000           2     99000           sendto
 39.00    0.100000           1    148500     49500 recvfrom
  0.88    0.000100           1       990           epoll_wait
------ ----------- ----------- --------- --------- ----------------
100.00    0.300100           1    248490     49500 total
"""


class SystemCallsTest(unittest.TestCase):
    def test_calls_are_counted_by_name_whether_they_failed_or_not(self) -> None:
        self.assertEqual(parse_strace(STRACE), {"sendto": 99000, "recvfrom": 148500, "epoll_wait": 990})

    def test_nothing_counted_is_an_error(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "counted nothing"):
            parse_strace("")

    def test_the_goal_is_2_2(self) -> None:
        for calls, met in ((219, True), (221, False)):
            row = SystemCalls([Counted(100, {"sendto": calls - 100, "recvfrom": 100})]).rows[0]
            self.assertIs(row.met, met)
            self.assertIn("recvfrom 1.000", row.note)

    def test_where_it_cannot_be_traced_it_is_not_judged(self) -> None:
        row = SystemCalls([], "strace: Operation not permitted").rows[0]
        self.assertEqual((row.met, row.judged, row.note), (False, False, "strace: Operation not permitted"))


class CrowdTest(unittest.TestCase):
    def test_an_answer_is_its_status_and_silence_a_close(self) -> None:
        self.assertEqual(refusal(b"HTTP/1.1 408 Request Timeout\r\n"), "408")
        self.assertEqual(refusal(b""), "closed")

    def test_those_that_still_wait_may_be_late_too(self) -> None:
        tally = Tally(6)
        for seconds in (5, 5.5, 6.5):
            tally.ended("408", seconds)
        self.assertEqual(tally.summary([1.0, 7.0]), {"refused": 3, "outcomes": {"408": 3}, "still_there": 2, "median_s": 5.5,
                                                     "longest_s": 7.0, "late": 2})
        self.assertEqual(Tally(6).summary([])["median_s"], None)

    def pair(self, without: float, beside: float, failed: int = 0, resident_mb: float = 10,
             **became: Any) -> hostile_crowds.Pair:
        crowd = {"refused": 1000, "outcomes": {"408": 1000}, "longest_s": 5.2, "late": 0} | became
        return hostile_crowds.Pair(hostile_crowds.Loaded(without, 0, QUIET), hostile_crowds.Loaded(beside, failed, QUIET),
                                   round(resident_mb * 1e6), crowd)

    def missed(self, kind: str, *pairs: hostile_crowds.Pair) -> list[str]:
        rows = hostile_crowds.judge(hostile_crowds.KINDS[kind], list(pairs))
        return [what.partition(": ")[2] for what, met in goals(rows).items() if not met]

    def test_slow_ones_are_refused_in_time(self) -> None:
        self.assertEqual(self.missed("slow-heads", self.pair(100, 129)), [])
        self.assertEqual(self.missed("slow-heads", self.pair(100, 100), self.pair(100, 100, longest_s=6.1, late=1)),
                         ["s until refused, the slowest", "refused too late or not at all"])
        self.assertEqual(self.missed("slow-bodies", self.pair(100, 100, refused=999)), ["missing refusals"])

    def test_others_do_not_pay_for_it(self) -> None:
        self.assertEqual(self.missed("slow-readers", self.pair(100, 131)), ["p99 of others, beside / without"])
        self.assertEqual(self.missed("slow-readers", self.pair(100, 100, failed=1)), ["requests of others without a good answer"])
        self.assertEqual(self.missed("slow-readers", self.pair(100, 100, resident_mb=109)), ["resident MB"])

    def test_idle_ones_may_stay(self) -> None:
        stayed = {"refused": 0, "outcomes": {}, "longest_s": 20.0}
        self.assertEqual(self.missed("idle", self.pair(100, 100, **stayed)), [])
        self.assertEqual(self.missed("idle", self.pair(100, 100, **(stayed | {"refused": 1}))), ["turned away"])

    def crowd(self, kind: str, port: int, count: int) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-B", str(PERF / "crowd.py"), kind, "--port", str(port), "--count",
                                    str(count), "--limit", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_crowd_connects_sends_slowly_and_tells_what_became_of_it(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
            listener.settimeout(20)
            crowd = self.crowd("slow-bodies", listener.getsockname()[1], 4)
            accepted = [listener.accept()[0] for _ in range(4)]
            assert crowd.stdout is not None and crowd.stdin is not None
            self.assertEqual(crowd.stdout.readline(), "ready\n")
            for each in accepted:
                each.settimeout(20)
                seen = b""
                while b"\r\n\r\n" not in seen:
                    seen += each.recv(4096)
                self.assertTrue(seen.startswith(b"POST /api/devices HTTP/1.1\r\n"))
            accepted[0].sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
            accepted[1].close()
            accepted += [listener.accept()[0] for _ in range(2)]  # those that were refused come back
            told = crowd.communicate()[0]
            for each in accepted:
                each.close()
        seen_by_it = json.loads(told)
        self.assertEqual(seen_by_it["outcomes"].get("408"), 1)
        self.assertEqual((seen_by_it["refused"], seen_by_it["late"]), (2, 0))

    def test_a_reader_that_is_cut_off_does_not_come_back(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
            listener.settimeout(20)
            crowd = self.crowd("slow-readers", listener.getsockname()[1], 2)
            accepted = [listener.accept()[0] for _ in range(2)]
            assert crowd.stdout is not None
            self.assertEqual(crowd.stdout.readline(), "ready\n")
            accepted[0].close()  # its requests are unread: a reset
            seen = json.loads(crowd.communicate()[0])
            listener.setblocking(False)
            with self.assertRaises(BlockingIOError):
                listener.accept()
            accepted[1].close()
        self.assertEqual((seen["outcomes"], seen["still_there"]), ({"reset": 1}, 1))


class OverloadTest(unittest.TestCase):
    def round(self, good: float = 900, p99_ms: float = 50, **other: int) -> hostile_overload.OverloadRound:
        return hostile_overload.OverloadRound(1000, good, 3000, p99_ms * 1000, 2000, other, QUIET)

    def missed(self, *rounds: hostile_overload.OverloadRound) -> int:
        return list(goals(hostile_overload.judge(50, list(rounds))).values()).count(False)

    def test_goodput_latency_and_kind_of_refusal_are_judged(self) -> None:
        self.assertEqual(self.missed(self.round()), 0)
        self.assertEqual(self.missed(self.round(good=849)), 1)
        self.assertEqual(self.missed(self.round(p99_ms=101)), 1)
        self.assertEqual(self.missed(self.round(), self.round(reset=1)), 1)

    def test_only_200_503_and_what_was_not_sent_are_as_they_should_be(self) -> None:
        outcomes = {"ok": 5, "http_5xx": 4, "reset": 0, "skipped": 1, "unfinished": 9}
        self.assertEqual(hostile_overload.other_outcomes({"outcomes": outcomes, "statuses": {"200": 5, "503": 4}}), {})
        outcomes["reset"] = 2
        self.assertEqual(hostile_overload.other_outcomes({"outcomes": outcomes, "statuses": {"503": 3, "500": 1}}),
                         {"reset": 2, "5xx other than 503": 1})

    def test_at_least_is_of_the_median(self) -> None:
        self.assertIs(at_least("x", [0, 1, 1], 1).met, True)
        self.assertIs(at_least("x", [0, 0.9, 1], 1).met, False)


class OthersTest(unittest.TestCase):
    def test_a_pause_of_the_machine_in_one_second_is_not_their_p99(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            timeline = Path(folder) / "timeline.ndjson"
            seconds = [{"completed": n, "response": {"p99_us": p99}} for n, p99 in ((5, 90), (5, 20000), (5, 110), (0, None))]
            timeline.write_text("".join(json.dumps(line) + "\n" for line in ({"schema": "loadgen.timeline/1"}, *seconds)))
            self.assertEqual(hostile_crowds.p99_of_median_second(timeline), 110)


class DrainTest(unittest.TestCase):
    def test_an_answer_is_whole_when_its_body_is(self) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        self.assertIsNone(whole_answer(answer[:-1]))
        self.assertIsNone(whole_answer(answer[:20]))
        self.assertEqual(whole_answer(answer), (200, True, len(answer)))
        self.assertEqual(whole_answer(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\nHTTP"), (503, False, 38))

    def test_each_failed_request_is_a_missed_goal(self) -> None:
        good = hostile_drain.Stopped(100, 0, 0, 0.5, {"told_to_close": 64})
        self.assertNotIn(False, goals(hostile_drain.judge("x", [good] * 10)).values())
        for bad in (hostile_drain.Stopped(100, 1, 0, 0.5, {}), hostile_drain.Stopped(100, 0, 1, 0.5, {})):
            self.assertEqual(list(goals(hostile_drain.judge("x", [good] * 9 + [bad])).values()).count(False), 1)

    def counted(self, answers: list[bytes], closes: bool = True) -> dict[str, int]:
        """What the client counts on one connection that answers each request with the next of `answers`, then closes."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(20)
            client = subprocess.Popen([sys.executable, "-B", str(PERF / "drain_client.py"), "--port",
                                       str(listener.getsockname()[1]), "--connections", "1", "--rate", "100" if closes else "0.01",
                                       "--limit", "20" if closes else "1.5"],
                                      stdout=subprocess.PIPE, text=True)
            self.addCleanup(client.communicate)
            self.addCleanup(client.kill)
            connection, _ = listener.accept()
            connection.settimeout(20)
            with connection:
                for answer in answers:
                    connection.recv(4096)
                    connection.sendall(answer)
                if not answers:
                    connection.recv(4096)
                told = "" if closes else client.communicate(timeout=30)[0]
            told = told or client.communicate(timeout=30)[0]
        counted: dict[str, int] = json.loads(told.splitlines()[-1])
        return counted

    def test_a_connection_told_to_close_sends_no_more(self) -> None:
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        seen = self.counted([ok, ok, ok.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")])
        self.assertEqual((seen["sent"], seen["answered"], seen["lost"], seen["told_to_close"]), (3, 3, 0, 1))

    def test_a_request_that_is_never_answered_is_lost(self) -> None:
        seen = self.counted([])
        self.assertEqual((seen["sent"], seen["answered"], seen["lost"]), (1, 0, 1))


    def test_a_connection_that_is_never_closed_is_a_failure(self) -> None:
        seen = self.counted([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"], closes=False)
        self.assertEqual((seen["answered"], seen["lost"], seen["never_closed"]), (1, 0, 1))
        self.assertEqual(DrainCounted(**seen).failed, 1)
        self.assertEqual(DrainCounted(lost=1, refused=2, told_to_close=9, closed_idle=9).failed, 3)


class StarvedTest(unittest.TestCase):
    def test_each_promise_is_judged(self) -> None:
        good = hostile_starved.Starved(240, 0.01, 0.3, 0, 0, True)
        self.assertNotIn(False, goals(hostile_starved.judge("x", [good])).values())
        for change in ({"cpu_cores": 0.21}, {"taken_up_s": 1.1}, {"not_taken_up": 1}, {"cut": 1}, {"alive": False}):
            bad = hostile_starved.Starved(**(good.__dict__ | change))
            self.assertEqual(list(goals(hostile_starved.judge("x", [good, bad])).values()).count(False), 1, change)


class ContestantsTest(unittest.TestCase):
    def test_contenders_are_those_that_are_set_up_once_each(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "apps/contenders").mkdir(parents=True)
            (root / "apps/contenders/targets.toml").write_text(
                '[ours]\nget = ["build/release/bin/x"]\nport = 1\n[other]\nlike = "go"\nget = ["sh"]\n'
                '[go]\nget = ["./there", "--fast"]\nport = 2\n[same]\nget = ["./there"]\nport = 5\n'
                '[late]\nget = ["./not_there"]\nport = 3\n[poster]\npost = ["./there"]\nport = 4\n')
            (root / "there").touch()
            there, missing = contenders(root)
            self.assertEqual(([each.name for each in there], missing), (["go", "same"], ["late"]))
            self.assertEqual(there[0].command(5, 6), [str(root / "there"), "--fast", *services.service_flags(5, 6)])

    def test_fastapi_takes_part_in_few_rounds(self) -> None:
        fast, slow = (Contestant(name, name, lambda port, admin: []) for name in ("go", "fastapi"))
        self.assertEqual([sum(each.takes_part(i) for i in range(7)) for each in (fast, slow)], [7, 3])


class ProgramsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Path(folder.name) / "log"

    def test_the_floors_answer_has_as_many_bytes_as_the_baselines(self) -> None:
        baseline = PROGRAMS.parent / "bin/baseline"
        with services.running("floor", lambda port, _: [str(PROGRAMS / "floor_server"), "--port", str(port)], CORE,
                              self.log) as floor:
            size, body = services.answer_bytes(floor.port)
            self.assertGreater(floor.resident_bytes(), 100_000)
        with services.running("baseline", lambda port, admin: [str(baseline), *services.service_flags(port, admin)], CORE,
                              self.log, "/readyz") as service:
            self.assertEqual(services.answer_bytes(service.port), (size, body))

    def test_the_busy_service_takes_cpu_time_for_each_request(self) -> None:
        def busy(port: int, admin: int) -> list[str]:
            return [str(PROGRAMS / "busy_service"), *services.service_flags(port, admin), "--work", "50ms"]

        with services.running("busy_service", busy, CORE, self.log, "/readyz") as service:
            before = service.cpu()
            for _ in range(4):
                services.answer_bytes(service.port)
            self.assertGreater((service.cpu() - before).total_s, 0.15)
            service.process.terminate()
            self.assertEqual(service.ended(20), 0)

    def test_a_program_that_does_not_start_says_why(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "floor did not become ready; its log ends: .*not understood: --nonsense"):
            with services.running("floor", lambda port, _: [str(PROGRAMS / "floor_server"), "--nonsense", "1"], CORE, self.log):
                pass

    def test_a_limit_of_descriptors_is_that_of_the_service(self) -> None:
        with services.running("floor", lambda port, _: [str(PROGRAMS / "floor_server"), "--port", str(port)], CORE, self.log,
                              descriptors=77) as floor:
            limits = Path(f"/proc/{floor.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files\s+77\s+77 ")

    def test_the_body_of_nginx_is_quoted(self) -> None:
        self.assertIn("return 200 '[{\"a\":1}]';", nginx_config(Path("/tmp/x"), 80, '[{"a":1}]'))
        for bad in ("a'b", "a$b", "a\\b"):
            with self.assertRaises(CouldNotRun):
                nginx_config(Path("/tmp/x"), 80, bad)

    @unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
    def test_nginx_answers_with_the_same_body(self) -> None:
        body = b'[{"id":1,"mac":"EF-2B-C4-F5-D6-34"}]'
        served = nginx(self.log.parent, body)
        with services.running("nginx", served.command, CORE, self.log) as service:
            self.assertEqual(services.answer_bytes(service.port)[1], body)
            self.assertGreater(len(tree(read_stats(), service.pid)), 1)

    def test_a_measurement_without_end_is_stopped(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "longer than 1 s"):
            with time_limit(1):
                threading.Event().wait()

    def test_a_time_limit_waits_for_the_end_of_what_was_started(self) -> None:
        stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; sleep 2"], stdout=subprocess.PIPE, start_new_session=True)
        assert stubborn.stdout is not None
        self.addCleanup(stubborn.stdout.close)
        stubborn.stdout.readline()
        with self.assertRaisesRegex(CouldNotRun, "longer than 1 s"):
            with time_limit(1):
                end(stubborn, signal.SIGTERM)
        self.assertEqual(stubborn.returncode, 0)

    def test_a_crowd_that_does_not_end_could_not_be_measured(self) -> None:
        process = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(hostile_setup.ended_at_once, process)
        with mock.patch.object(hostile_setup, "LEAVE_S", 0.1), self.assertRaisesRegex(CouldNotRun, "did not end within 0.1 s"):
            hostile_setup.Crowd(process).leave()


class ResultsTest(unittest.TestCase):
    def test_files_and_exit_code_tell_what_was_missed(self) -> None:
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            sections = {"A": [at_most("x", [2], 1), not_judged("y", "<= 1", "why")], "B": [at_most("z", [1], 1)]}
            code = perf_main.write_results(Path(folder), "n", "t", "s", sections, {"more": 1})
            seen = json.loads((Path(folder) / "n.json").read_text())
            text = (Path(folder) / "n.md").read_text()
            good = perf_main.write_results(Path(folder), "n", "t", "s", {"B": sections["B"]}, {})
        self.assertEqual((code, good), (3, 0))
        self.assertEqual(seen["missed"], ["x", "y (not judged)"])
        self.assertEqual((seen["schema"], seen["more"], seen["rows"][1]["median"]), ("beastmark.n/1", 1, None))
        self.assertIn("## B", text)
        self.assertIn("**goals missed: x; y (not judged)**", text)


if __name__ == "__main__":
    unittest.main()
