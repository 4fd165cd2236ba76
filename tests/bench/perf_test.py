#!/usr/bin/env python3
"""What ./bench perf client reads, computes and starts. Usage: perf_test.py FOLDER, where the programs are."""
from __future__ import annotations

import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from array import array
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "perf"))

import arrivals  # noqa: E402
import on_time  # noqa: E402
import procfs  # noqa: E402
from memory import Memory  # noqa: E402
from programs import CouldNotRun, Ended, Load, parse_wrk, run_client  # noqa: E402
from protocols import parse_h2load  # noqa: E402
from rounds import (Patience, Row, at_most, cells, each_at_most, markdown_table, not_judged,  # noqa: E402
                    plain_table, steadiness)

PROGRAMS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path("build/release/tests")
SECOND = arrivals.SECOND


class ProcfsTest(unittest.TestCase):
    def test_cores_are_listed_singly(self) -> None:
        self.assertEqual(procfs.parse_cores("0-2,8\n"), [0, 1, 2, 8])
        self.assertEqual(procfs.parse_cores("5"), [5])

    def test_cpu_time_is_found_behind_any_command_name(self) -> None:
        stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 31 6 7 20 0 1 0 99\n"
        cpu = procfs.parse_process_cpu(stat)
        self.assertEqual((cpu.user_s, cpu.system_s), (250 / procfs.TICKS_PER_S, 31 / procfs.TICKS_PER_S))

    def test_only_the_cores_asked_for_count(self) -> None:
        stat = ("cpu  9 9 9 9 9 9 9 9 9 9\n"
                "cpu1 100 20 30 1000 500 4 6 8 7 0\n"
                "cpu11 1 1 1 1 1 1 1 1 1 1\n"
                "intr 1 2 3\n")
        seen = procfs.parse_machine(stat, {1})
        self.assertAlmostEqual(seen.busy_s, 160 / procfs.TICKS_PER_S)  # neither idle nor waiting for a disk, nor stolen
        self.assertAlmostEqual(seen.stolen_s, 8 / procfs.TICKS_PER_S)

    def test_memory_is_in_bytes_and_none_of_the_dead(self) -> None:
        self.assertEqual(procfs.parse_memory("Name:\tx\nVmHWM:\t  12 kB\nVmRSS:\t  10 kB\n", "VmRSS"), 10240)
        self.assertIsNone(procfs.parse_memory("Name:\tx\nState:\tZ (zombie)\n", "VmRSS"))
        self.assertIsNone(procfs.process_memory(2**22 + 1, "VmRSS"))

    def test_either_share_above_its_bound_is_severe(self) -> None:
        self.assertLess(procfs.Disturbance(0.059, 0.079).severity, 1)
        self.assertGreater(procfs.Disturbance(0.061, 0).severity, 1)
        self.assertGreater(procfs.Disturbance(0, 0.081).severity, 1)


WRK = """Running 2s test @ http://127.0.0.1:1/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.30ms    2.02ms  30.91ms   95.07%
    Req/Sec    71.28k    12.01k   90.02k    65.00%
  Latency Distribution
     50%  756.00us
     75%    1.15ms
     90%    2.45ms
     99%   10.21ms
  142123 requests in 2.01s, 89.31MB read
"""


class WrkTest(unittest.TestCase):
    def test_output_is_read(self) -> None:
        self.assertEqual(parse_wrk(WRK + "Requests/sec:  70708.22\nTransfer/sec:     44.43MB\n"),
                         (142123, 70708.22, 10210.0, 0))

    def test_failures_of_every_kind_are_added_up(self) -> None:
        text = WRK + ("  Socket errors: connect 1, read 20, write 300, timeout 4000\n"
                      "  Non-2xx or 3xx responses: 50000\nRequests/sec:  7.5\n")
        self.assertEqual(parse_wrk(text)[3], 54321)

    def test_no_request_is_an_error(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "no request"):
            parse_wrk(WRK.replace("142123", "0") + "Requests/sec: 0.00\n")


H2LOAD = """finished in 2.00s, 184441.50 req/s, 28.1MB/s
requests: 368883 total, 369043 started, 368883 done, 368880 succeeded, 3 failed, 0 errored, 0 timeout
status codes: 368880 2xx, 0 3xx, 0 4xx, 3 5xx
"""


class H2loadTest(unittest.TestCase):
    def test_output_is_read(self) -> None:
        self.assertEqual(parse_h2load(H2LOAD), (368883, 184441.5, 3))

    def test_no_request_is_an_error(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "no request"):
            parse_h2load(H2LOAD.replace("368883 done", "0 done"))


class ArrivalsTest(unittest.TestCase):
    def test_the_start_is_not_moved_by_what_comes_late(self) -> None:
        late = {0: 700_000, 5: 900_000}
        times = [123 + i * SECOND // 1000 + late.get(i, 20) for i in range(1000)]
        self.assertEqual(arrivals.start_of(times, 1000), 143)

    def test_seconds_are_counted_from_the_start(self) -> None:
        times = [90, 100, 100 + SECOND - 1, 100 + SECOND, 100 + 2 * SECOND]
        self.assertEqual(arrivals.per_second(times, 100, 2), [3, 1])

    def test_seconds_beside_a_disturbance_are_not_judged(self) -> None:
        self.assertEqual(arrivals.undisturbed(["valid", "valid", "disturbed", "valid", "valid"]), [0, 4])
        self.assertEqual(arrivals.undisturbed(["valid"]), [0])
        self.assertEqual(arrivals.undisturbed(["server-saturated"]), [])

    def test_a_second_may_be_off_by_a_thousandth_and_one_and_a_half(self) -> None:
        judged = arrivals.judge_seconds([1002, 997, 5000], [0, 1], 1000, [1, 2, 3000])
        self.assertEqual([s.met for s in judged], [True, False])
        self.assertEqual([s.stall_us for s in judged], [2, 3000])

    def test_variation_of_even_intervals_is_0(self) -> None:
        seen = arrivals.spacing([i * 1_000_000 for i in range(1001)], 0, [0])
        assert seen is not None
        self.assertEqual((seen.count, seen.mean_ns, seen.variation), (999, 1e6, 0))

    def test_intervals_across_seconds_left_out_do_not_count(self) -> None:
        times = [i * 1_000_000 for i in range(1000)] + [2 * SECOND + i * 1_000_000 for i in range(1000)]
        seen = arrivals.spacing(times, 0, [0, 2])
        assert seen is not None
        self.assertEqual((seen.count, seen.variation), (1998, 0))
        self.assertIsNone(arrivals.spacing(times, 0, [1]))

    def test_the_standard_error_is_that_of_exponential_intervals(self) -> None:
        source = random.Random(1)
        n, seen = 1000, []
        for _ in range(1000):
            intervals = [source.expovariate(1) for _ in range(n)]
            mean = sum(intervals) / n
            seen.append(math.sqrt(sum((x - mean)**2 for x in intervals) / n) / mean)
        mean = sum(seen) / len(seen)
        error = math.sqrt(sum((x - mean)**2 for x in seen) / len(seen))
        self.assertAlmostEqual(error, arrivals.Spacing(n, 1, 1).poisson_error, delta=0.1 / math.sqrt(n))

    def test_pooling_is_the_same_as_measuring_at_once(self) -> None:
        source = random.Random(2)
        times, t = [], 0
        while t < 4 * SECOND:
            times.append(t)
            t += round(source.expovariate(1e-6 if t < 2 * SECOND else 2e-6))
        parts = [s for s in (arrivals.spacing(times, 0, [k]) for k in range(4)) if s]
        once = arrivals.spacing(times, 0, range(4))
        assert once is not None
        self.assertEqual(arrivals.pooled(parts).count, once.count)
        self.assertAlmostEqual(arrivals.pooled(parts).variation, once.variation)

    def test_poisson_is_given_3_9_standard_errors(self) -> None:  # 10^-4, two-sided, in any table of the normal law
        low, high = on_time.poisson_band(arrivals.Spacing(10_000, 1, 1))
        self.assertAlmostEqual(low, 1 - 0.038906 - on_time.LAG_ALLOWANCE, places=6)
        self.assertAlmostEqual(high, 1 + 0.038906 + on_time.LAG_ALLOWANCE, places=6)


@dataclass
class FakeRound:
    severity: float
    repeated: bool = False


class RoundsTest(unittest.TestCase):
    def measured(self, patience: Patience, *severities: float) -> tuple[FakeRound, int]:
        left = [FakeRound(s) for s in severities]
        kept = patience.cleaner_of_two(lambda: left.pop(0))
        return kept, len(severities) - len(left)

    def test_a_disturbed_round_is_repeated_once_and_the_cleaner_kept(self) -> None:
        self.assertEqual(self.measured(Patience(9), 0.5, 0.1), (FakeRound(0.5), 1))
        self.assertEqual(self.measured(Patience(9), 3, 0.1, 0), (FakeRound(0.1, True), 2))
        self.assertEqual(self.measured(Patience(9), 3, 5, 0), (FakeRound(3, True), 2))

    def test_without_patience_nothing_is_repeated(self) -> None:
        self.assertEqual(self.measured(Patience(0), 3, 0.1), (FakeRound(3), 1))

    def test_what_was_repeated_is_said(self) -> None:
        self.assertEqual(steadiness([FakeRound(0.5)]), "")
        self.assertIn("3 rounds, 2 repeated, 1 disturbed",
                      steadiness([FakeRound(0.5, True), FakeRound(2, True), FakeRound(0.1)]))

    def test_goals_are_of_the_median_or_of_each(self) -> None:
        self.assertIs(at_most("x", [1, 1, 9], 1).met, True)
        self.assertIs(at_most("x", [1, 2, 2], 1).met, False)
        self.assertIs(each_at_most("x", [1, 1, 9], 1).met, False)
        self.assertIs(not_judged("x", "<= 1", "why").met, False)

    def test_tables_say_what_was_missed(self) -> None:
        rows = [Row("a|b", 0.5, 0.25, 1234, "<= 1", True, "n"), at_most("c", [2], 1), not_judged("d", "<= 1", "why")]
        self.assertEqual(cells(rows[0]), ["a|b", "0.5", "0.25 .. 1,234", "<= 1", "yes", "n"])
        self.assertEqual([cells(r)[4] for r in rows], ["yes", "NO", "not judged"])
        self.assertIn("| a\\|b | 0.5 |", markdown_table(rows))
        self.assertEqual(len({line.index("<= 1") for line in plain_table(rows).splitlines()[1:]}), 1)


class MemoryTest(unittest.TestCase):
    def grown(self, *megabytes: float, requests: int = 100) -> Memory:
        load = Load(Ended(0, procfs.Cpu(1, 1), 9_000_000, ""), requests, 1, 1, 0, {})
        return Memory(100, 5, 2, [(t, round(m * 1e6)) for t, m in enumerate(megabytes)], load)

    def test_growth_counts_from_warm_to_the_highest(self) -> None:
        self.assertEqual(self.grown(1, 5, 7, 9, 8).growth_mb, 2)
        self.assertEqual([r.met for r in self.grown(1, 5, 7, 9, 8).rows], [True])
        self.assertEqual([r.met for r in self.grown(1, 5, 7, 12.5, 8).rows], [False])

    def test_too_few_requests_or_seconds_are_not_judged(self) -> None:
        for memory in (self.grown(1, 5, 7, 9, requests=99), self.grown(1, 5, 7)):
            self.assertEqual([(r.met, r.judged) for r in memory.rows], [(False, False)])


class ProgramsTest(unittest.TestCase):
    def floor_server(self, *arguments: str) -> tuple[subprocess.Popen[str], socket.socket]:
        server = subprocess.Popen([PROGRAMS / "floor_server", *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        assert server.stdout is not None
        client = socket.create_connection(("127.0.0.1", int(server.stdout.readline())), timeout=10)
        self.addCleanup(client.close)
        return server, client

    def read_answers(self, client: socket.socket, count: int) -> list[dict[str, str]]:
        seen = b""
        answers: list[dict[str, str]] = []
        while len(answers) < count:
            head, separator, rest = seen.partition(b"\r\n\r\n")
            length = int(head.rpartition(b"Content-Length: ")[2] or 0) if separator else 0
            if not separator or len(rest) < length:
                more = client.recv(65536)
                self.assertTrue(more, "closed")
                seen += more
                continue
            answers += json.loads(rest[:length])[:1]
            seen = rest[length:]
        self.assertEqual(seen, b"")
        return answers

    def test_each_request_is_answered_and_recorded_however_it_is_cut(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder) / "arrivals"
            server, client = self.floor_server("--record", str(record), "--capacity", "10")
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            client.sendall(request + request + request[:-3])
            self.assertEqual([a["firmware"] for a in self.read_answers(client, 2)], ["2.1.5"] * 2)
            client.sendall(request[-3:-1])
            client.sendall(request[-1:] + request)
            self.read_answers(client, 2)
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(10), 0)
            times = array("q", record.read_bytes())
        self.assertEqual(len(times), 4)
        self.assertEqual(list(times), sorted(times))
        self.assertEqual(times[0], times[1])  # one read
        self.assertLess(times[1], times[2])

    def test_more_arrivals_than_there_is_room_for_are_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder) / "arrivals"
            server, client = self.floor_server("--record", str(record), "--capacity", "1")
            client.sendall(b"\r\n\r\n" * 3)
            self.read_answers(client, 3)
            server.send_signal(signal.SIGINT)
            self.assertIn("2 arrivals were more than --capacity 1", server.communicate()[1])
            self.assertEqual(server.returncode, 1)
            self.assertEqual(record.stat().st_size, 8)

    def test_the_bare_loop_counts_each_arrival(self) -> None:
        for more in ([], ["--spin"]):
            seen = json.loads(subprocess.run([PROGRAMS / "bare_pacer", "--rate", "1000", "--duration", "0.2", *more],
                                             capture_output=True, check=True).stdout)
            lag = seen["lag_us"]
            self.assertEqual((seen["arrivals"], seen["spin"]), (200, bool(more)))
            self.assertTrue(0 <= lag["p50"] <= lag["p99"] <= lag["p999"] <= lag["max"])

    def test_bad_use_is_one_clear_line(self) -> None:
        for program, *arguments in (["floor_server", "--port", "65536"], ["floor_server", "--record"],
                                    ["floor_server", "--nonsense", "1"], ["bare_pacer"],
                                    ["bare_pacer", "--rate", "1k", "--duration", "1"],
                                    ["bare_pacer", "--rate", "1000", "--duration", "-1"]):
            ended = subprocess.run([PROGRAMS / program, *arguments], capture_output=True, text=True, timeout=10)
            self.assertEqual((ended.returncode, ended.stderr.count("\n")), (1, 1), (program, arguments))

    def test_a_client_is_measured(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            seen = Path(folder) / "seen"
            busy = ("import os, time\n"
                    f"while time.process_time() < 0.3 or not os.path.exists({str(seen)!r}): pass\n"
                    "print(os.sched_getaffinity(0))")
            core = max(os.sched_getaffinity(0))
            before = os.sched_getaffinity(0)
            ended = run_client(core, [sys.executable, "-c", busy], 60, lambda pid, t: seen.touch())
        self.assertEqual((ended.code, ended.output), (0, f"{{{core}}}\n"))
        self.assertGreater(ended.cpu.total_s, 0.29)
        self.assertGreater(ended.peak_bytes, 1_000_000)
        self.assertEqual(os.sched_getaffinity(0), before)

    def test_a_client_without_end_is_stopped(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "no end after 0 s: sleep 60"):
            run_client(min(os.sched_getaffinity(0)), ["sleep", "60"], 0.3)


if __name__ == "__main__":
    unittest.main()
