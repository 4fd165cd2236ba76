#!/usr/bin/env python3
"""The parts of perf/honesty.py that need no live run."""
import argparse
import contextlib
import io
import os
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "perf"))

from honesty import main, numbers  # noqa: E402
from sandbox import GROUP_PREFIX, cpu_group, find_group_parent, sandbox, unavailable, with_more_steal  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402
from verdicts import compare, count, judgement, split_seconds, started_at, words  # noqa: E402

STEAL = judgement("disturbed", "steal")
FAILURES = judgement("server-saturated", "failures")
RUN_QUEUE = judgement("disturbed", "run-queue")
VALID = judgement("valid", "none")


def result(seconds: list[judgement], of_run: judgement, text: str) -> dict:
    return {"run": {"started_at": "2026-01-31T10:00:00.250Z", "duration_s": len(seconds)},
            "targets": {"service": {"validity": {"verdict": of_run.verdict, "cause": of_run.cause, "text": text},
                                    "timeline": [{"t_s": i + 1.0, "verdict": j.verdict, "cause": j.cause, "evidence": {}}
                                                 for i, j in enumerate(seconds)]}}}


class compared(unittest.TestCase):
    stolen = [VALID] * 3 + [STEAL] * 6
    text = "NOT TO BE BELIEVED: disturbed in 6 of 9 s: the hypervisor took"

    def wrong(self, seconds=None, of_run=STEAL, text=None, exit_code=4, expected=STEAL, onset_s=3.0) -> str:
        seconds = self.stolen if seconds is None else seconds
        seen = compare(result(seconds, of_run, text or self.text), expected, onset_s, exit_code)
        self.assertEqual(seen.right, not seen.wrong)
        return "; ".join(seen.wrong)

    def test_run_as_expected_is_right(self):
        self.assertEqual(self.wrong(), "")
        text = "VALID: 9 of 9 s to be believed"
        self.assertEqual(self.wrong([VALID] * 3 + [FAILURES] * 6, FAILURES, text, 0, FAILURES), "")
        self.assertEqual(self.wrong([VALID] * 9, VALID, text, 0, VALID, 0), "")

    def test_half_of_the_seconds_after_are_enough_and_fewer_are_not(self):
        self.assertEqual(self.wrong([VALID] * 3 + [VALID, STEAL] * 3), "")
        self.assertIn("2 of 6 seconds say disturbed/steal", self.wrong([VALID] * 7 + [STEAL] * 2))

    def test_cause_counts_not_only_the_verdict(self):
        self.assertIn("0 of 6 seconds say", self.wrong([VALID] * 3 + [RUN_QUEUE] * 6))
        self.assertIn("the run's verdict is disturbed/run-queue", self.wrong(of_run=RUN_QUEUE))

    def test_what_says_the_same_before_is_wrong(self):
        self.assertIn("2 of 3 seconds before it set in say disturbed/steal, too",
                      self.wrong([STEAL] * 2 + [VALID] + [STEAL] * 6))
        self.assertEqual(self.wrong([STEAL] + [VALID] * 2 + [STEAL] * 6), "")

    def test_headline_and_exit_code_must_fit(self):
        self.assertIn("headline", self.wrong(text="VALID: 9 of 9 s to be believed"))
        self.assertIn("headline", self.wrong(text="NOT TO BE BELIEVED: generator-limited in 6 of 9 s"))
        self.assertIn("exit code 0, expected 4", self.wrong(exit_code=0))
        self.assertIn("exit code 4, expected 0", self.wrong([VALID] * 9, VALID, "VALID: 9 of 9 s", 4, VALID, 0))

    def test_onset_after_the_run_is_wrong(self):
        self.assertIn("no second was measured after", self.wrong(onset_s=8.5))

    def test_hint_names_a_busy_machine_only_when_that_was_seen(self):
        def hint(seconds, of_run):
            return compare(result(seconds, of_run, self.text), FAILURES, 3, 4).hint
        self.assertIn("quiet machine", hint(self.stolen, STEAL))
        self.assertIn("quiet machine", hint([RUN_QUEUE] * 3 + [FAILURES] * 6, FAILURES))
        self.assertEqual(hint([VALID] * 9, VALID), "")
        self.assertEqual(compare(result(self.stolen, STEAL, self.text), STEAL, 3, 4).hint, "")


class seconds(unittest.TestCase):
    rows = [{"t_s": t} for t in (1.0, 2.0, 3.0, 4.0, 5.0, 5.6)]

    def times(self, onset_s: float) -> list[list[float]]:
        return [[row["t_s"] for row in part] for part in split_seconds(self.rows, onset_s, 5)]

    def test_second_of_the_onset_and_those_after_the_last_arrival_are_left_out(self):
        self.assertEqual(self.times(2.3), [[1, 2], [4, 5]])

    def test_onset_between_seconds(self):
        self.assertEqual(self.times(2.98), [[1, 2, 3], [4, 5]])
        self.assertEqual(self.times(3.02), [[1, 2, 3], [4, 5]])

    def test_onset_from_the_start(self):
        self.assertEqual(self.times(0), [[], [1, 2, 3, 4, 5]])

    def test_start_is_read_as_utc(self):
        self.assertAlmostEqual(started_at(result([], VALID, "")), 1769853600.25)

    def test_words_name_the_commonest_first_and_no_cause_where_there_is_none(self):
        rows = [{"verdict": "valid", "cause": "none"}] + 2 * [{"verdict": "disturbed", "cause": "steal"}]
        self.assertEqual(words(count(rows)), "disturbed/steal 2, valid 1")


class system(unittest.TestCase):
    def tree(self, own: str, **files: str) -> Path:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for name, text in {"proc/self/cgroup": own, **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    def test_group_of_version_1_goes_below_ours(self):
        root = self.tree("4:memory:/x\n3:cpu,cpuacct:/a\n0::/\n", **{"sys/fs/cgroup/cpu,cpuacct/a/cgroup.procs": ""})
        self.assertEqual(find_group_parent(root), (root / "sys/fs/cgroup/cpu,cpuacct/a", 1))

    def test_group_of_version_2_goes_below_the_nearest_that_hands_cpu_down(self):
        root = self.tree("0::/user.slice/user-0.slice/session\n", **{
            "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
            "sys/fs/cgroup/cgroup.subtree_control": "cpu memory\n",
            "sys/fs/cgroup/user.slice/cgroup.subtree_control": "cpu\n",
            "sys/fs/cgroup/user.slice/user-0.slice/cgroup.subtree_control": "memory cpuset\n"})
        self.assertEqual(find_group_parent(root), (root / "sys/fs/cgroup/user.slice", 2))

    def test_group_of_version_2_in_the_root(self):
        files = {"sys/fs/cgroup/cgroup.controllers": "cpu\n", "sys/fs/cgroup/cgroup.subtree_control": "cpu\n"}
        root = self.tree("0::/\n", **files)
        self.assertEqual(find_group_parent(root), (root / "sys/fs/cgroup", 2))
        files["sys/fs/cgroup/cgroup.subtree_control"] = "memory\n"
        with self.assertRaisesRegex(unavailable, "cpu controller"):
            find_group_parent(self.tree("0::/\n", **files))

    def test_quota_is_written_as_each_version_wants_it(self):
        group = cpu_group(self.tree("1:cpu:/\n", **{"sys/fs/cgroup/cpu/cgroup.procs": ""}))
        group.limit(0.2)
        self.assertEqual((group.folder / "cpu.cfs_quota_us").read_text(), "20000")
        self.assertEqual((group.folder / "cpu.cfs_period_us").read_text(), "100000")
        group = cpu_group(self.tree("0::/\n", **{"sys/fs/cgroup/cgroup.controllers": "cpu",
                                                 "sys/fs/cgroup/cgroup.subtree_control": "cpu"}))
        group.limit(0.2)
        self.assertEqual((group.folder / "cpu.max").read_text(), "20000 100000")

    def test_groups_of_runs_that_were_killed_are_removed(self):
        root = self.tree("1:cpu:/\n", **{"sys/fs/cgroup/cpu/cgroup.procs": ""})
        mount = root / "sys/fs/cgroup/cpu"
        for pid in (2**31 - 1, os.getppid()):
            (mount / f"{GROUP_PREFIX}{pid}").mkdir()
        group = cpu_group(root)
        self.assertEqual({g.name for g in mount.glob(GROUP_PREFIX + "*")},
                         {f"{GROUP_PREFIX}{os.getppid()}", f"{GROUP_PREFIX}{os.getpid()}"})
        group.remove()
        self.assertFalse(group.folder.exists())

    def test_steal_is_added_to_its_core_and_to_the_sum(self):
        stat = "cpu  1 2 3 4 5 6 7 80 9 10\ncpu1 1 2 3 4 5 6 7 30 9 10\ncpu10 1 2 3 4 5 6 7 50 9 10\n" \
               "intr 1 2 3 4 5 6 7 8 9\n"
        self.assertEqual(with_more_steal(stat, 1, 12),
                         stat.replace("7 80 9", "7 92 9").replace("7 30 9", "7 42 9"))

    def test_sandbox_ends_its_processes_also_when_they_are_stopped(self):
        undone = []
        with self.assertRaises(KeyboardInterrupt), sandbox() as box:
            box.on_exit(lambda: undone.append(process.returncode))
            process = box.start(["sleep", "1000"], min(os.sched_getaffinity(0)))
            process.send_signal(signal.SIGSTOP)
            raise KeyboardInterrupt
        self.assertEqual(undone, [-signal.SIGKILL])  # what was made before it is undone after it


class command_line(unittest.TestCase):
    def test_scenarios_are_chosen_by_number(self):
        self.assertEqual(numbers("4-6,2,5"), [2, 4, 5, 6])
        for bad in ("", "0", "11", "x", "1-", "-1", "3-2", "1,,2"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=bad):
                numbers(bad)

    def test_each_of_the_ten_is_there_once(self):
        self.assertEqual([s.number for s in SCENARIOS], list(range(1, 11)))
        self.assertEqual(len({s.name for s in SCENARIOS}), 10)

    def test_missing_program_is_named(self):
        with self.assertRaisesRegex(SystemExit, "no program /nowhere/loadgen"):
            main(["--loadgen", "/nowhere/loadgen"])

    def test_bad_use_exits_2(self):
        with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()):
            main(["--only", "12"])
        self.assertEqual(ended.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
