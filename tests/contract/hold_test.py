#!/usr/bin/env python3
"""What hold.py makes of deviations and results, with suites that only pretend."""
from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import hold  # noqa: E402
from programs import CouldNotRun  # noqa: E402

RESULTS = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="2" name="AllTests">
  <testsuite name="answers"><testcase name="good" status="run" result="completed" classname="answers" /></testsuite>
  <testsuite name="heads/framing">
    <testcase name="refused/no_host" status="run" result="completed" classname="heads/framing">
      <failure message="x">got \xff\xef\xbf\xbf and \x01</failure></testcase>
    <testcase name="refused/two_hosts" status="run" result="completed" classname="heads/framing">
      <failure message="x">one</failure><failure message="x">two</failure></testcase>
    <testcase name="refused/obs_fold" status="run" result="completed" classname="heads/framing" />
  </testsuite>
  <testsuite name="stored"><testcase name="row" status="run" result="skipped" classname="stored">
    <skipped message="no POST">x</skipped></testcase></testsuite>
</testsuites>
"""


def deviations(*lines: str) -> list[hold.Deviation]:
    return hold.parse_deviations("\n".join(lines), "file")


class DeviationsTest(unittest.TestCase):
    def test_a_line_is_a_pattern_and_a_reason(self) -> None:
        found = deviations("# a comment", "", "framing.refused/no_host  # the library answers", "get: a.b*  # c # d")
        self.assertEqual([(d.line, d.kinds, d.pattern, d.reason) for d in found],
                         [(3, ("get", "post"), "framing.refused/no_host", "the library answers"),
                          (4, ("get",), "a.b*", "c # d")])

    def test_a_line_without_a_reason_or_of_an_unknown_kind_is_refused_and_named(self) -> None:
        for line in ("framing.refused", "framing.refused  #", "put: a.b  # c", "two words  # c"):
            with self.assertRaisesRegex(CouldNotRun, "^file:2: .*" + line):
                deviations("", line)

    def test_patterns_are_those_of_gtest_and_may_leave_out_the_instantiation(self) -> None:
        test = "heads/framing.refused/no_host"
        for pattern, covers in (("framing.refused/no_host", True), (test, True), ("framing.*", True),
                                ("heads/framing.refused/no_hos?", True), ("framing.refused", False),
                                ("heads/*", True), ("tails/framing.refused/no_host", False), (".*", False),
                                ("refused/no_host", False), ("framing?refused/no_host", True)):
            self.assertEqual(hold.Deviation(1, hold.KINDS, pattern, "").covers(test), covers, pattern)


class ComplaintsTest(unittest.TestCase):
    def said(self, *lines: str, kind: str = "get") -> list[str]:
        return list(hold.complaints(hold.parse_results(RESULTS), deviations(*lines), kind))

    def test_results_are_read(self) -> None:
        results = hold.parse_results(RESULTS)
        self.assertEqual(results.passed, {"answers.good", "heads/framing.refused/obs_fold"})
        self.assertEqual(results.failed, {"heads/framing.refused/no_host", "heads/framing.refused/two_hosts"})
        self.assertEqual(results.skipped, {"stored.row"})

    def test_exactly_what_fails_is_listed(self) -> None:
        self.assertEqual(self.said("framing.refused/no_host  # x", "framing.refused/two_hosts  # x"), [])
        self.assertEqual(self.said("framing.refused/*_host*  # x"), [])

    def test_a_failure_that_is_not_listed(self) -> None:
        self.assertEqual(self.said("framing.refused/no_host  # x"),
                         ["fails, and is not listed: heads/framing.refused/two_hosts"])
        self.assertEqual(len(self.said("post: framing.refused/*_host*  # x")), 2)

    def test_a_test_that_passes_and_is_listed(self) -> None:
        self.assertEqual(self.said("framing.*  # x"),
                         ["passes, but line 1 lists it: heads/framing.refused/obs_fold"])

    def test_a_line_of_no_test(self) -> None:
        self.assertEqual(self.said("framing.*host*  # x", "gone.test  # x"), ["line 2 is of no test: gone.test"])

    def test_a_skipped_test_may_be_listed(self) -> None:
        self.assertEqual(self.said("framing.*host*  # x", "stored.row  # x"), [])


PASSING = RESULTS[:RESULTS.index(b"  <testsuite name=\"heads")] + b"</testsuites>"
OUTSIDE = RESULTS[:RESULTS.index(b"  <testsuite")] + (
    b'<testsuite name="NonTestSuiteFailure"><testcase name="" classname="" status="run" result="completed">'
    b'<failure message="x">target.cpp:3\nFailed\nit does not come up</failure></testcase></testsuite></testsuites>')


class HoldTest(unittest.TestCase):
    """A tree with an entry, and suites that write what they are told to."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "apps/contenders").mkdir(parents=True)
        (self.root / "build/release/tests").mkdir(parents=True)
        self.entry('[mine]\nget = ["./program", "--fast"]\nport = 9000\ndeviations = "listed"\n')
        (self.root / "program").touch()
        (self.root / "listed").write_text("framing.*host*  # the library\n")
        self.suite("contract_test", RESULTS, 1)
        self.suite("service_test", PASSING, 0)

    def entry(self, text: str) -> None:
        (self.root / "apps/contenders/targets.toml").write_text(text)

    def suite(self, name: str, report: bytes | None, code: int, more: str = "") -> None:
        program = self.root / "build/release/tests" / name
        (program.with_suffix(".in")).write_bytes(report or b"")
        program.write_text("#!/bin/sh\necho said of $BEASTMARK_CONTRACT_KIND, \"$BEASTMARK_CONTRACT_COMMAND\"\n"
                           "test -z \"$BEASTMARK_CONTRACT_PROGRAM$BEASTMARK_OTHER$GTEST_FILTER\" || exit 99\n"
                           + (f"cp {program}.in ${{1#--gtest_output=xml:}}\n" if report is not None else "")
                           + f"touch {program}.ran\n{more}\nexit {code}\n")
        program.chmod(0o755)

    def ran(self, suite: str) -> bool:
        return (self.root / "build/release/tests" / f"{suite}.ran").exists()

    def call(self, *arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = hold.main([*arguments, "--root", str(self.root)])
        return code, said.getvalue()

    def test_both_suites_are_given_the_command(self) -> None:
        for name in ("BEASTMARK_CONTRACT_PROGRAM", "BEASTMARK_OTHER", "GTEST_FILTER"):
            os.environ[name] = "ingest"
            self.addCleanup(os.environ.pop, name)
        code, said = self.call("mine")
        self.assertEqual((code, said), (0, "mine get: 2 tests passed, 2 failed, as listed lists\n"))
        for suite in hold.SUITES:
            log = (self.root / f"build/release/contract/mine-get-{suite}.log").read_text()
            self.assertEqual(log, 'said of get, ["./program", "--fast"]\n')

    def test_what_does_not_fit_is_named(self) -> None:
        (self.root / "listed").write_text("framing.*host  # x\nanswers.good  # x\n")
        code, said = self.call("mine", "get")
        self.assertEqual(code, 1)
        self.assertEqual(said.splitlines()[1:], ["  fails, and is not listed: heads/framing.refused/two_hosts",
                                                 "  passes, but line 2 lists it: answers.good"])

    def test_the_second_suite_counts_as_the_first(self) -> None:
        self.suite("contract_test", PASSING, 0)
        self.suite("service_test", RESULTS, 1)
        self.assertEqual(self.call("mine")[0], 0)
        (self.root / "listed").write_text("")
        self.assertEqual(self.call("mine")[0], 1)

    def test_a_suite_of_which_no_test_passed_has_failed(self) -> None:
        nothing = PASSING.replace(b"completed", b"skipped")
        self.suite("service_test", nothing, 0)
        code, said = self.call("mine")
        self.assertEqual((code, said.splitlines()[1:]), (1, ["  outside of any test: no test of service_test passed"]))
        self.suite("contract_test", b"<testsuites></testsuites>", 0)
        self.entry('[mine]\nget = ["./program"]\nport = 9000\n')
        code, said = self.call("mine")
        self.assertEqual((code, said.splitlines()[1:]), (1, ["  outside of any test: no test of contract_test passed"]))

    def test_a_build_that_is_not_there_is_named(self) -> None:
        code, said = self.call("mine", "--build", "build/none")
        self.assertEqual(code, 1)
        self.assertIn("build/none/tests/contract_test: No such file or directory: ./bench build", said)

    def test_a_suite_that_crashes_has_failed(self) -> None:
        self.suite("contract_test", None, 0, more="kill -SEGV $$")
        code, said = self.call("mine")
        self.assertEqual(code, 1)
        self.assertRegex(said, "^hold: contract_test ended with signal 11 and without results, see .*/mine-get-contract_test.log$")
        self.suite("contract_test", RESULTS[:300], 1)
        self.assertIn("without results", self.call("mine")[1])

    def test_an_older_report_does_not_stand_for_this_run(self) -> None:
        self.assertEqual(self.call("mine")[0], 0)
        self.suite("service_test", None, 0)
        self.assertEqual(self.call("mine")[0], 1)

    def test_an_exit_code_that_does_not_fit_is_no_success(self) -> None:
        for report, code in ((PASSING, 1), (PASSING, 3), (RESULTS, 0), (RESULTS, 99)):
            self.suite("contract_test", report, code)
            self.assertEqual(self.call("mine")[0], 1)

    def test_a_target_that_does_not_start_is_said_once(self) -> None:
        self.suite("contract_test", OUTSIDE, 1)
        self.entry('[mine]\nget = ["./program"]\nport = 9000\n')
        code, said = self.call("mine")
        self.assertEqual(code, 1)
        self.assertEqual(said.splitlines()[1:],
                         ["  outside of any test: target.cpp:3 | Failed | it does not come up"])
        self.assertFalse(self.ran("service_test"))

    def test_what_is_missing_is_named(self) -> None:
        (self.root / "listed").unlink()
        self.assertIn("listed is not there", self.call("mine")[1])
        (self.root / "program").unlink()
        code, said = self.call("mine")
        self.assertEqual(code, 1)
        self.assertIn("program is not there: apps/contenders/targets.toml names no setup", said)
        self.entry('[mine]\nget = ["build/release/bin/program"]\nport = 9000\n')
        self.assertIn("program is not there: ./bench build", self.call("mine")[1])
        self.entry('[mine]\nget = ["./program"]\nport = 9000\nsetup = "make/mine"\n')
        self.assertIn("program is not there: ./bench setup contenders", self.call("mine")[1])
        (self.root / "program").touch()
        (self.root / "listed").touch()
        (self.root / "build/release/tests/contract_test").unlink()
        self.assertIn("contract_test: No such file or directory: ./bench build", self.call("mine")[1])
        self.assertIn('no target "other" in apps/contenders/targets.toml; known are mine', self.call("other")[1])
        self.assertIn("mine does not serve post", self.call("mine", "post")[1])

    def test_a_program_of_the_path_is_there(self) -> None:
        self.entry('[mine]\nget = ["sh", "service.sh"]\nport = 9000\ndeviations = "listed"\n')
        self.assertEqual(self.call("mine")[0], 0)
        self.entry('[mine]\nget = ["no-such-interpreter"]\nport = 9000\n')
        self.assertIn("no-such-interpreter is not there: install no-such-interpreter", self.call("mine")[1])

    def test_the_list_has_all_but_variants_and_what_this_build_makes(self) -> None:
        self.entry('[ours]\nget = ["build/release/bin/x"]\nport = 1\n[mine]\nget = ["x"]\npost = ["x"]\nport = 9000\n'
                   'setup = "make/mine"\n[mine-slow]\nlike = "mine"\nadd = ["--slow"]\n[script]\nget = ["sh", "x"]\nport = 3\n'
                   '[other]\npost = ["x"]\nport = 5\nsetup = "make/mine"\n')
        self.assertEqual(self.call("--list"),
                         (0, "mine\tmake/mine\tget\tpost\nscript\t-\tget\nother\tmake/mine\tpost\n"))


if __name__ == "__main__":
    unittest.main()
