#!/usr/bin/env python3
"""What ./bench compare computes: rates, rounds, names, placement, command lines, what it reads of a result."""
from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent / "perf"))

import compare  # noqa: E402
import procfs  # noqa: E402
from backends import MEMCACHED_CONFIGURATION, Backends, memcached_options, newest_postgres, scratch_root  # noqa: E402
from contest import QUICK_STAIRCASES, STAIRCASES, Budget, Staircase, ladder, named, order  # noqa: E402
from placement import Placement, listed, place  # noqa: E402
from processes import Process, tail  # noqa: E402
from procfs import Disturbance  # noqa: E402
from programs import CouldNotRun, NotTheTarget  # noqa: E402
from race import Race, results_of, summary  # noqa: E402
from ramp import (Ramp, Setup, disturbed_share, expect_running, highest_held, loadgen_command, make_ramp,  # noqa: E402
                  service_command)
from targets import parse_targets  # noqa: E402

TWO_CORES = Placement([0], [0], [1])


class LadderTest(unittest.TestCase):
    def test_no_step_is_more_than_a_fifth(self) -> None:
        for staircase in STAIRCASES.values():
            for low, high in zip(staircase.rates, staircase.rates[1:]):
                self.assertTrue(low < high <= 1.2 * low, (low, high))

    def test_both_ends_are_part_of_it(self) -> None:
        self.assertEqual(ladder(870, 1400), (870, 1000, 1200, 1400))
        self.assertEqual(ladder(870, 1700), (870, 1000, 1200, 1400, 1600))
        self.assertEqual(ladder(1000, 20_000, every=7), (1000, 3000, 10_000))

    def test_it_begins_where_an_interpreter_keeps_up_and_ends_beyond_what_ours_does(self) -> None:
        self.assertEqual((STAIRCASES["get"].rates[0], STAIRCASES["post"].rates[0]), (1000, 220))
        self.assertGreater(STAIRCASES["get"].rates[-1], 250_000)
        self.assertGreater(STAIRCASES["post"].rates[-1], 40_000)

    def test_three_rounds_of_three_fit_into_the_minutes(self) -> None:
        """By arithmetic: what cpp, go and fastapi hold on two cores, two more steps until it ends, 6 or 10 s around it."""
        for kind, around_s, capacities in (("get", 6, (130_000, 36_000, 2600)), ("post", 10, (16_000, 8700, 1000))):
            s = STAIRCASES[kind]
            round_s = sum(around_s + s.warmup_s + s.step_s * (2 + sum(r <= held for r in s.rates)) for held in capacities)
            self.assertLess(3 * round_s, compare.DEFAULT_MINUTES * 60, (kind, round_s))
            quick = QUICK_STAIRCASES[kind]
            quick_s = sum(around_s + quick.warmup_s + quick.step_s * (2 + sum(r <= held for r in quick.rates))
                          for held in capacities)
            self.assertLess(quick_s, 120, kind)

    def test_the_longest_is_that_of_who_keeps_up_to_the_end(self) -> None:
        self.assertEqual(Staircase((1, 2, 3), 4, 5, "x").longest_s, 17)


class NamesTest(unittest.TestCase):
    def test_one_that_is_there_again_is_counted(self) -> None:
        self.assertEqual(named(["cpp", "go", "cpp", "cpp"]), {"cpp": "cpp", "go": "go", "cpp-2": "cpp", "cpp-3": "cpp"})

    def test_a_target_that_has_such_a_name_keeps_it(self) -> None:
        self.assertEqual(named(["cpp", "cpp", "cpp-2"]), {"cpp": "cpp", "cpp-3": "cpp", "cpp-2": "cpp-2"})


class OrderTest(unittest.TestCase):
    def test_every_other_round_goes_backwards_and_each_pair_begins_with_another(self) -> None:
        self.assertEqual(["".join(order("abc", turn)) for turn in range(7)],
                         ["abc", "cba", "bca", "acb", "cab", "bac", "abc"])
        self.assertEqual(["".join(order("ab", turn)) for turn in range(4)], ["ab", "ba", "ba", "ab"])
        self.assertEqual(order(["a"], 3), ["a"])


class PlacementTest(unittest.TestCase):
    """The same lines as bench_test.sh has for ./bench run."""

    def placed(self, service: int, cores: str) -> str:
        p = place(service, procfs.parse_cores(cores))
        return "|".join(map(listed, (p.service, p.backends, p.loadgen)))

    def test_as_in_bench_run(self) -> None:
        for service, cores, expected in ((2, "3", "3|3|3"), (2, "0-1", "0|0|1"), (2, "4,9", "4|4|9"), (2, "0-2", "0|1|2"),
                                         (2, "0-3", "0,1|2|3"), (2, "0-7", "0,1|2,3,4,5|6,7"), (4, "0-7", "0,1,2,3|4,5|6,7"),
                                         (64, "0-3", "0,1|2|3"), (1, "0-1,8-9", "0|1,8|9")):
            self.assertEqual(self.placed(service, cores), expected)

    def test_all_cores_are_watched(self) -> None:
        self.assertEqual(place(2, [0, 1, 2, 3]).cores, {0, 1, 2, 3})


class BudgetTest(unittest.TestCase):
    def test_whole_rounds_are_made_as_long_as_they_fit(self) -> None:
        budget = Budget(100, None, took_s={"a": 20, "b": 10})
        self.assertTrue(budget.another_round(2, 70, ["a", "b"]))
        self.assertFalse(budget.another_round(2, 71, ["a", "b"]))
        self.assertTrue(budget.another_round(2, 71, ["a"]))  # b has failed
        self.assertFalse(budget.another_round(2, 0, []))
        self.assertTrue(Budget(1, None).another_round(0, 5, ["a"]))  # the first one always

    def test_as_many_as_were_asked_for(self) -> None:
        budget = Budget(None, 5, took_s={"a": 1e6})
        self.assertTrue(budget.another_round(4, 1e9, ["a"]))
        self.assertFalse(budget.another_round(5, 0, ["a"]))
        self.assertFalse(Budget(100, 5, took_s={"a": 60}).another_round(1, 60, ["a"]))

    def test_something_is_done_again_when_three_rounds_fit_all_the_same(self) -> None:
        budget = Budget(100, None, took_s={"a": 10, "b": 5})  # again 10, b 5, two more rounds 30
        self.assertTrue(budget.another_try(0, 55, "a", ["b"], ["a", "b"]))
        self.assertFalse(budget.another_try(0, 56, "a", ["b"], ["a", "b"]))
        self.assertTrue(budget.another_try(4, 85, "a", ["b"], ["a", "b"]))  # the three are made
        self.assertFalse(budget.another_try(4, 86, "a", ["b"], ["a", "b"]))
        self.assertTrue(Budget(None, 3).another_try(0, 1e9, "a", [], ["a"]))
        for limit_s in (None, 1e9):
            self.assertFalse(Budget(limit_s, 1, repeats=False).another_try(0, 0, "a", [], ["a"]))

    def test_what_is_not_known_takes_as_long_as_the_longest(self) -> None:
        self.assertEqual(Budget(100, None, took_s={"a": 10, "b": 30}).one_round_s(["a", "b", "c"]), 70)

    def test_time_left(self) -> None:
        self.assertEqual(Budget(100, None).left_s(0, 30, ["b"], ["a", "b"]), 70)
        self.assertEqual(Budget(None, 2, took_s={"a": 10, "b": 5}).left_s(0, 30, ["b"], ["a", "b"]), 20)
        self.assertEqual(Budget(40, 2, took_s={"a": 10, "b": 5}).left_s(0, 30, ["b"], ["a", "b"]), 10)
        self.assertEqual(Budget(20, None).left_s(0, 30, [], ["a"]), 0)


CLEAN = Disturbance(0, 0)


@dataclass
class Script:
    """A race with a clock that says so. `made`: what each call of make_ramp gives, in order: severity, or an error."""

    made: list[float | str]
    folder: Path
    seconds: float = 10
    now: float = 0

    def __post_init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def make_ramp(self, name: str, turn: int) -> Ramp:
        self.calls.append((name, turn))
        self.now += self.seconds
        what = self.made.pop(0) if self.made else 0.0
        if what == "interrupt":
            raise KeyboardInterrupt
        if isinstance(what, str) and what.startswith("around"):
            raise NotTheTarget(what)
        if isinstance(what, str) and what != "dies":
            raise CouldNotRun(what)
        folder = self.folder / f"{turn + 1}-{name}"
        folder.mkdir()
        (folder / "calls").write_text(str(len(self.calls)))
        failure = f"{name} died" if what == "dies" else ""
        return Ramp(name, turn, folder, 1000, 1 if failure else float(what) * 0.1, CLEAN, failure)

    def run(self, names: str, budget: Budget) -> Race:
        self.race = Race(list(names), budget, lambda: self.now)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                self.race.run(self.make_ramp)
            finally:
                self.said = said.getvalue()
        return self.race


class RaceTest(unittest.TestCase):
    def script(self, *made: float | str) -> Script:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Script(list(made), Path(folder.name))

    def kept(self, race: Race, folder: Path) -> list[str]:
        return [f"{Path(result).parent.relative_to(folder)}={(Path(result).parent / 'calls').read_text()}"
                for result in results_of(race.ramps)]

    def test_results_are_ordered_by_target_then_round(self) -> None:
        s = self.script()
        race = s.run("ab", Budget(65, None))
        self.assertEqual(s.calls, [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("b", 2), ("a", 2)])
        self.assertEqual(self.kept(race, s.folder), ["1-a=1", "2-a=4", "3-a=6", "1-b=2", "2-b=3", "3-b=5"])
        self.assertEqual((race.rounds, summary(race, 3)), (3, []))
        self.assertIn("round 3  a: held 1,000 requests/s, took 10 s; time left 0:05\n", s.said)

    def test_too_few_rounds_are_said(self) -> None:
        race = self.script().run("ab", Budget(59, None))
        self.assertEqual(race.rounds, 2)
        self.assertEqual(summary(race, 3), ["only 2 whole rounds, a median and a range want 3; --minutes gives more time"])
        self.assertEqual(summary(race, 2), [])
        race = self.script("x").run("a", Budget(59, None))
        self.assertEqual(summary(race, 3), ["only 1 whole round, a median and a range want 3", "FAILED  x"])

    def test_of_a_disturbed_ramp_and_its_repetition_the_cleaner_one_counts(self) -> None:
        s = self.script(3, 2, 0, 2, 3)
        race = s.run("ab", Budget(None, 2))
        self.assertEqual(s.calls, [("a", 0), ("a", 0), ("b", 0), ("b", 1), ("b", 1), ("a", 1)])
        self.assertEqual(self.kept(race, s.folder), ["1-a=2", "2-a=6", "1-b=3", "2-b=4"])
        self.assertEqual(sorted(f.name for f in s.folder.iterdir()), ["1-a", "1-a-first", "1-b", "2-a", "2-b", "2-b-second"])
        self.assertEqual(summary(race, 2), ["4 ramps, 2 repeated, 2 disturbed all the same"])

    def test_nothing_is_repeated_at_the_price_of_the_third_round(self) -> None:
        s = self.script(3)
        self.assertEqual(s.run("a", Budget(35, None)).rounds, 3)
        self.assertEqual(len(s.calls), 3)
        self.assertIn("no time to do it again", s.said)
        s = self.script(3)
        s.run("a", Budget(None, 1, repeats=False))
        self.assertIn("nothing is done again with --quick", s.said)

    def test_who_does_not_start_is_left_out_and_the_others_go_on(self) -> None:
        s = self.script(0, "b does not start\n    its log")
        race = s.run("ab", Budget(None, 3))
        self.assertEqual(s.calls, [("a", 0), ("b", 0), ("a", 1), ("a", 2)])
        self.assertEqual(race.failures, {"b": "b does not start\n    its log"})
        self.assertIn("its log", s.said)
        self.assertEqual(summary(race, 3), ["FAILED  b does not start"])

    def test_who_dies_under_load_has_what_was_measured_and_is_not_repeated(self) -> None:
        s = self.script("dies")
        race = s.run("ab", Budget(None, 2))
        self.assertEqual(self.kept(race, s.folder), ["1-a=1", "1-b=2", "2-b=3"])
        self.assertEqual(race.failures, {"a": "a died"})

    def test_a_first_try_counts_when_the_second_has_no_result(self) -> None:
        for second in ("does not start", "interrupt"):
            s = self.script(3, second)
            with contextlib.suppress(KeyboardInterrupt):
                s.run("a", Budget(None, 1))
            self.assertEqual(self.kept(s.race, s.folder), ["1-a-first=1"])

    def test_what_is_not_the_targets_doing_is_tried_once_more(self) -> None:
        s = self.script(0, "around: no disk")
        race = s.run("ab", Budget(None, 2))
        self.assertEqual(s.calls, [("a", 0), ("b", 0), ("b", 0), ("b", 1), ("a", 1)])
        self.assertEqual((race.failures, race.stopped, summary(race, 2)), ({}, "", []))
        self.assertIn("FAILED  around: no disk\nthat is not the doing of b: once more\n", s.said)
        self.assertIn("b: held 1,000 requests/s, took 10 s", s.said)

    def test_when_it_fails_again_all_ends_and_what_was_completed_counts(self) -> None:
        s = self.script(0, 0, "around: no disk", "around: no disk\n    its log")
        race = s.run("ab", Budget(None, 5))
        self.assertEqual((len(s.calls), race.rounds, race.failures), (4, 1, {}))
        self.assertEqual(self.kept(race, s.folder), ["1-a=1", "1-b=2"])
        self.assertEqual(summary(race, 3), ["only 1 whole round, a median and a range want 3", "FAILED  around: no disk"])
        s = self.script(3, "around: x", "around: y")  # a disturbed one, whose repetition fails
        self.assertEqual(s.run("a", Budget(None, 5)).stopped, "around: y")
        self.assertEqual(self.kept(s.race, s.folder), ["1-a-first=1"])

    def test_all_failed_is_the_end(self) -> None:
        s = self.script("x", "y")
        self.assertEqual(s.run("ab", Budget(None, 9)).failures, {"a": "x", "b": "y"})


TARGETS = """
[cpp]
about = "ours"
get = ["build/release/bin/baseline"]
post = ["build/release/bin/ingest"]
get_port = 8080
post_port = 8180
[go]
get = ["build/contenders/go/go", "serve"]
post = ["build/contenders/go/go", "serve"]
port = 8280
pool = 20
setup = "apps/contenders/go/setup"
[gopher]
like = "go"
add = ["--fast"]
[getter]
get = ["build/contenders/getter"]
port = 8480
setup = "x"
[script]
post = ["no-such-interpreter", "x"]
port = 8580
"""


class TargetsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.known = parse_targets(TARGETS)

    def make(self, *programs: str) -> None:
        for program in programs:
            path = self.root / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def chosen(self, *argv: str) -> tuple[list[str], str]:
        asked = compare.arguments([*argv, "--root", str(self.root)])
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return list(compare.choose(asked, self.known)), said.getvalue()

    def test_all_that_are_there_but_for_variants_are_the_default(self) -> None:
        self.make("build/release/bin/baseline", "build/contenders/go/go", "build/release/bin/ingest")
        names, said = self.chosen()
        self.assertEqual(names, ["cpp", "go"])
        self.assertRegex(said, r"^left out: getter, .*/build/contenders/getter is missing: \./bench setup contenders\n$")
        self.assertEqual(self.chosen("post"),
                         (["cpp", "go"], "left out: script, no-such-interpreter is missing: install no-such-interpreter\n"))

    def test_one_alone_is_no_comparison_unless_asked_for(self) -> None:
        self.make("build/release/bin/baseline")
        with self.assertRaisesRegex(CouldNotRun, "only cpp; (?s:.*)left out: go, .*setup contenders"):
            self.chosen()
        self.assertEqual(self.chosen("--targets", "cpp")[0], ["cpp"])
        self.assertEqual(self.chosen("--targets", "cpp,cpp")[0], ["cpp", "cpp-2"])

    def test_who_is_named_has_to_be_there(self) -> None:
        self.make("build/release/bin/baseline")
        with self.assertRaisesRegex(CouldNotRun, r"^gopher: .*/go/go is missing: \./bench setup contenders$"):
            self.chosen("--targets", "cpp,gopher")
        with self.assertRaisesRegex(compare.BadUse, 'no target "rust"; there are cpp, go, gopher, getter, script'):
            self.chosen("--targets", "rust")
        with self.assertRaisesRegex(compare.BadUse, "getter does not serve post"):
            self.chosen("post", "--targets", "getter")

    def test_before_the_build_our_own_programs_count_as_there(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, "cpp: .* is missing: ./bench build"):
            self.chosen("--targets", "cpp")
        self.assertEqual(self.chosen("--targets", "cpp", "--check")[0], ["cpp"])
        with self.assertRaises(CouldNotRun):
            self.chosen("--targets", "go", "--check")
        with self.assertRaisesRegex(CouldNotRun, "no-such-interpreter is missing: install no-such-interpreter"):
            self.chosen("post", "--targets", "script", "--check")

    def test_names_that_mean_something_else_are_refused(self) -> None:
        for name in ("go-2", "go-0", "x-y-10", "loadgen", "postgres", "memcached", '"a b"', '"a,b"', '"ä"', '""', '"x\\n"'):
            with self.assertRaisesRegex(CouldNotRun, r"^apps/contenders/targets.toml: \[", msg=name):
                parse_targets(f'[{name}]\nget = ["x"]\nport = 1\n')
        for name in ("go2", "go-1x", "C_pp-old", "2"):
            self.assertEqual(list(parse_targets(f'[{name}]\nget = ["x"]\nport = 1\n')), [name])

    def test_a_variant_is_like_an_entry_that_is_none(self) -> None:
        with self.assertRaisesRegex(CouldNotRun, r'\[faster\]: is like "gopher", which is a variant itself: name "go"'):
            parse_targets(TARGETS + '[faster]\nlike = "gopher"\n')

    def test_a_pool_that_is_not_given_is_of_8(self) -> None:
        self.assertEqual((self.known["cpp"].pool, self.known["gopher"].pool), (8, 20))

    def test_what_the_build_makes_is_ours(self) -> None:
        self.assertEqual([name for name, target in self.known.items() if target.is_ours], ["cpp"])

    def test_ports_are_those_of_all_with_the_offset(self) -> None:
        asked = argparse.Namespace(kind="post", port_offset=5)
        self.assertEqual(compare.ports(asked, {"cpp": self.known["cpp"], "cpp-2": self.known["cpp"]}),
                         {8185: "cpp-2", 8186: "cpp-2's admin port", 15437: "PostgreSQL", 21216: "Memcached"})

    def test_no_port_is_beyond_the_last_one(self) -> None:
        asked = argparse.Namespace(kind="post", port_offset=65535 - 21211)
        self.assertIn(65535, compare.ports(asked, {"cpp": self.known["cpp"]}))
        asked.port_offset += 1
        with self.assertRaisesRegex(compare.BadUse, "--port-offset 44325 makes port 65536 of Memcached"):
            compare.ports(asked, {"cpp": self.known["cpp"]})

    def test_bad_use_ends_with_2(self) -> None:
        for argv in (["put"], ["--rounds", "0"], ["--rounds", "x"], ["--nonsense"]):
            with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()):
                compare.arguments(argv)
            self.assertEqual(ended.exception.code, 2, argv)


class CommandsTest(unittest.TestCase):
    setup = Setup("get", Staircase((100, 200), 3, 2, "availability<90% for 3s"), TWO_CORES, Path("bin/loadgen"), Path("/p"),
                  Path("/out"), port_offset=1000)
    backends = Backends(Path("/pg"), Path("/scratch"), "secret", TWO_CORES, 16432, 22211, Path("bin/ingest"))
    go = parse_targets(TARGETS)["gopher"]

    def posting(self, pool: int | None) -> Setup:
        return replace(self.setup, kind="post", backends=self.backends, pool=pool, labels={"postgresql": "15.8"})

    def test_a_service_is_given_the_flags_of_all(self) -> None:
        flags = ["--address", "127.0.0.1", "--port", "9280", "--admin-address", "127.0.0.1", "--admin-port", "9281"]
        program = ["build/contenders/go/go", "serve", "--fast"]
        self.assertEqual(service_command(self.setup, self.go), program + flags)
        storage = ["--postgres", "postgresql://beastmark@127.0.0.1:16432/postgres", "--memcached", "127.0.0.1:22211", "--pool"]
        self.assertEqual(service_command(self.posting(None), self.go), program + flags + storage + ["20"])
        self.assertEqual(service_command(self.posting(7), self.go)[-1], "7")
        three = replace(self.posting(1), placement=Placement([0, 1, 2], [3], [4]))
        self.assertEqual(service_command(three, self.go)[-1], "3")
        self.assertIn("pool=3", loadgen_command(three, "go", self.go, 0, {}))
        self.assertNotIn("secret", " ".join(service_command(self.posting(None), self.go)))

    def test_loadgen_climbs_watches_and_scrapes(self) -> None:
        self.assertEqual(
            loadgen_command(self.setup, "go-2", self.go, 2, {"go-2": 77}),
            ["bin/loadgen", "run", "--plain", "--output", "/out/3-go-2", "--warmup", "2s", "--stage", "3s:100", "--stage",
             "3s:200", "--stop-when", "availability<90% for 3s", "--watch", "go-2=77", "--scrape",
             "go-2=http://127.0.0.1:9281/metrics", "--label", "round=3", "go-2=http://127.0.0.1:9280/api/devices"])

    def test_a_post_asks_for_201_and_watches_the_backends(self) -> None:
        text = " ".join(loadgen_command(self.posting(None), "go", self.go, 0, {"go": 1, "postgres": 2, "memcached": 3}))
        for part in ("-m POST", "--expect 201", '{"mac":"{{mac}}"', "--watch postgres=2", "--watch memcached=3",
                     "--label round=1 --label postgresql=15.8 --label pool=20"):
            self.assertIn(part, text)


class FailureTest(unittest.TestCase):
    """What is around a target fails: no figure of the target, and not its doing."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)
        self.setup = replace(CommandsTest.setup, out=self.out, loadgen=Path("/none"))
        self.go = parse_targets(TARGETS)["go"]

    def test_backends_that_do_not_start_are_put_aside_each_time(self) -> None:
        class Broken:
            environment: dict[str, str] = {}

            def started(self, folder: Path) -> None:
                (folder / "postgres.log").touch()
                raise CouldNotRun("PostgreSQL has no luck")

        setup: Any = replace(self.setup, kind="post", backends=Broken())
        for _ in range(2):
            with self.assertRaisesRegex(NotTheTarget, "^PostgreSQL has no luck$"):
                make_ramp(setup, "go", self.go, 0)
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["1-go-failed", "1-go-failed-2"])

    def test_a_disk_that_fails_is_one_line(self) -> None:
        with self.assertRaisesRegex(NotTheTarget, "^go could not be measured: .*No such file or directory: '/none/1-go'$"):
            make_ramp(replace(self.setup, out=Path("/none")), "go", self.go, 0)

    def test_a_backend_that_has_ended_is_named(self) -> None:
        popen = subprocess.Popen(["false"])
        popen.wait()
        with self.assertRaisesRegex(NotTheTarget, "^PostgreSQL ended with exit code 1; .*log is empty$"):
            expect_running({"postgres": Process("PostgreSQL", self.out / "log", popen)})
        expect_running({})

    def test_a_target_that_does_not_start_is_the_targets_doing(self) -> None:
        target = parse_targets('[broken]\nget = ["/bin/false"]\nport = 8280\n')["broken"]
        here = sorted(os.sched_getaffinity(0))[:1]
        setup = replace(self.setup, placement=Placement(here, here, here), root=self.out)
        with self.assertRaisesRegex(CouldNotRun, "^broken ended with exit code 1 before it was ready") as caught:
            make_ramp(setup, "broken", target, 0)
        self.assertNotIsInstance(caught.exception, NotTheTarget)
        self.assertTrue((self.out / "1-broken/service.log").exists())


def stage(rate: int, availability: float | None = 1.0, p99_us: float | None = 900.0, **more: object) -> dict[str, object]:
    return {"warmup": False, "complete": True, "validity": {"believable": True}, "to_rps": rate,
            "totals": {"availability": availability}, "latency": {"response": {"p99_us": p99_us}}, **more}


class ResultTest(unittest.TestCase):
    def test_the_highest_rate_is_the_last_before_one_that_was_not_held(self) -> None:
        def held(*stages: dict[str, object]) -> float | None:
            return highest_held({"stages": [stage(100, warmup=True), *stages]})

        self.assertIsNone(held())
        self.assertEqual(held(stage(100), stage(200)), 200)
        self.assertEqual(held(stage(100), stage(200, availability=0.9989), stage(300)), 100)
        self.assertEqual(held(stage(100), stage(200, p99_us=50_000), stage(300)), 100)
        self.assertEqual(held(stage(100), stage(200, p99_us=None)), 100)
        self.assertEqual(held(stage(100), stage(200, complete=False)), 100)
        self.assertIsNone(held(stage(100, availability=0)))

    def test_what_is_not_to_be_believed_says_neither(self) -> None:
        doubted: dict[str, Any] = {"validity": {"believable": False}}
        self.assertEqual(highest_held({"stages": [stage(100), stage(200, 0.5, **doubted), stage(300), stage(400, **doubted)]}),
                         300)

    def test_disturbed_seconds_count_from_the_warm_up_on(self) -> None:
        verdicts = ["disturbed", "disturbed", "disturbed", "valid", "generator-limited", "server-saturated"]
        timeline = [{"t_s": i + 1.0, "verdict": verdict} for i, verdict in enumerate(verdicts)]
        self.assertEqual(disturbed_share({"timeline": timeline}, 2.0), 0.25)
        self.assertEqual(disturbed_share({"timeline": []}, 2.0), 0)

    def test_either_makes_it_severe(self) -> None:
        def severity(disturbed: float, beside: Disturbance) -> float:
            return Ramp("a", 0, Path(), None, disturbed, beside).severity

        self.assertLess(severity(0.1, CLEAN), 1.001)
        self.assertGreater(severity(0.11, CLEAN), 1)
        self.assertGreater(severity(0, Disturbance(0, 0.09)), 1)


class SystemTest(unittest.TestCase):
    def test_cpu_time_of_descendants_and_of_those_that_have_ended_counts(self) -> None:
        def stat(parent: int, *ticks: int) -> str:
            return f"1 (a) b) S {parent} 7 7 0 -1 4194560 1 2 3 4 {' '.join(map(str, ticks))} 20 0 1 0 99\n"

        seen = procfs.parse_tree_cpu({5: stat(1, 1, 2, 10, 20), 9: stat(7, 100, 200, 0, 0), 7: stat(5, 1000, 2000, 0, 0),
                                      8: stat(1, 5, 5, 5, 5)}, 5)
        self.assertAlmostEqual(seen.user_s, 1111 / procfs.TICKS_PER_S)
        self.assertAlmostEqual(seen.system_s, 2222 / procfs.TICKS_PER_S)
        self.assertEqual(procfs.parse_tree_cpu({}, 5), procfs.Cpu(0, 0))
        self.assertGreater(procfs.tree_cpu([os.getpid()]).total_s, 0)

    def test_memcached_has_the_options_of_its_file(self) -> None:
        self.assertEqual(memcached_options("# x\n\n-m 512\n# y\n-c 4096\n"), ["-m", "512", "-c", "4096"])
        self.assertIn("-c", memcached_options(MEMCACHED_CONFIGURATION.read_text()))

    def test_the_newest_postgres_is_taken(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(CouldNotRun, "no PostgreSQL"):
                newest_postgres(Path(folder))
            for version in ("9.6", "15", "9"):
                (Path(folder) / version / "bin").mkdir(parents=True)
                (Path(folder) / version / "bin/postgres").touch()
            self.assertEqual(newest_postgres(Path(folder)), Path(folder) / "15/bin")

    def test_an_empty_tmpdir_is_none(self) -> None:
        for value, expected in (("", "/var/tmp"), ("/x", "/x")):
            with mock.patch.dict(os.environ, {"TMPDIR": value}):
                self.assertEqual(scratch_root(), expected)

    def test_the_end_of_a_log_is_shown(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            self.assertTrue(tail(log).endswith(" is empty"))
            log.write_text("".join(f"line {i}\n" for i in range(30)))
            self.assertEqual(tail(log, 2), f"; {log} ends with:\n    line 28\n    line 29")


if __name__ == "__main__":
    unittest.main()
