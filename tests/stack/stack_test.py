#!/usr/bin/env python3
"""./bench stack without starting anything: who is alive, what is stopped, what each program is told."""
from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/bench/perf"), str(ROOT / "tools/stack"), str(ROOT / "tests/dashboards"), str(ROOT / "tests/bench")]

import leftovers  # noqa: E402
import strict_yaml  # noqa: E402
import stack  # noqa: E402
from backends import Backends, as_postgres  # noqa: E402
from members import PORTS, Layout, members, process_exporter_configuration, prometheus_configuration  # noqa: E402
from placement import Placement  # noqa: E402
from state import Head, Identity, State, Unreadable, boot_id, parse_stat  # noqa: E402

LOCAL = ROOT / "deploy/monitoring/prometheus/local.yml"
PLACEMENT = Placement([0], [1], [2])
STAT = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 1 0 0 0 2 3 0 0 20 0 1 0 {start} 1 1\n"
RECORD = STAT + "{boot}\n"


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def layout(self, offset: int = 0) -> Layout:
        ports = [PORTS["postgres"] + offset, PORTS["memcached"] + offset]
        database = Backends(Path("/usr/lib/postgresql/15/bin"), self.folder / "scratch", "secret", PLACEMENT, *ports, Path("bin/ingest"))
        return Layout(self.folder / "state", Path("bin"), self.folder / "tools", offset, PLACEMENT, database)


class WhoIsAlive(Folder):
    """By a /proc of our own making."""

    def setUp(self) -> None:
        super().setUp()
        self.proc = self.folder / "proc"
        (self.proc / "sys/kernel/random").mkdir(parents=True)
        (self.proc / "sys/kernel/random/boot_id").write_text("this boot\n")
        self.put(STAT.format(start=1000))
        self.state = State(self.folder / "state", self.proc)
        self.state.begin(Head(0, str(self.folder / "scratch"), PLACEMENT, 2, ["one"]))
        (self.state.folder / "pids/one").write_text(RECORD.format(start=1000, boot="this boot"))

    def put(self, stat: str) -> None:
        (self.proc / "4711").mkdir(exist_ok=True)
        (self.proc / "4711/stat").write_text(stat)

    def test_a_process_is_known_by_its_number_and_its_start(self) -> None:
        self.assertEqual(parse_stat(STAT.format(start=1000)), (Identity(4711, 1000), "S"))
        self.assertEqual(self.state.running(), {"one": 4711})

    def test_another_process_with_its_number_is_not_it(self) -> None:
        self.put(STAT.format(start=1001))
        self.assertEqual(self.state.running(), {})

    def test_after_a_reboot_nothing_of_it_runs(self) -> None:
        (self.proc / "sys/kernel/random/boot_id").write_text("another boot\n")
        self.assertEqual(self.state.running(), {})

    def test_what_waits_to_be_reaped_does_not_run(self) -> None:
        self.put(STAT.format(start=1000).replace(") S", ") Z"))
        self.assertEqual(self.state.running(), {})

    def test_a_record_that_was_cut_off_names_nobody(self) -> None:
        for record in ("", "47", "4711 (a", STAT.format(start=1000)):
            (self.state.folder / "pids/one").write_text(record)
            self.assertEqual(self.state.running(), {})
            with self.assertRaises(Unreadable):
                self.state.recorded()

    def test_the_head_is_read_as_it_was_written(self) -> None:
        self.assertEqual(self.state.head(), Head(0, str(self.folder / "scratch"), PLACEMENT, 2, ["one"]))


class WhatIsStopped(Folder):
    def start(self, name: str, script: str) -> tuple[State, "subprocess.Popen[bytes]"]:
        state = State(self.folder / "state")
        state.begin(Head(0, str(self.folder / "scratch"), PLACEMENT, 2, [name]))
        process = state.start(name, ["/bin/sh", "-c", script], {}, self.folder)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while state.log(name).read_text() != "ready\n":
            self.assertIsNone(process.poll())
        return state, process

    def test_it_is_asked_to_end(self) -> None:
        state, process = self.start("kind", 'trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done')
        self.assertEqual(state.pid("kind"), process.pid)
        state.stop("kind")
        self.assertEqual(process.wait(), 7)

    def test_what_does_not_end_is_killed(self) -> None:
        state, process = self.start("deaf", 'trap "" TERM; echo ready; while :; do sleep 0.01; done')
        state.stop("deaf", patience_s=0.1)
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def test_down_after_a_reboot_leaves_whoever_has_the_number_alone(self) -> None:
        state, process = self.start("stale", "echo ready; exec sleep 60")
        (self.folder / "scratch").mkdir()
        record = state.folder / "pids/stale"
        record.write_text(record.read_text().replace(boot_id(), "another boot"))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["down", "--state", str(state.folder)]), 0)
        self.assertIn("nothing ran", said.getvalue())
        self.assertIsNone(process.poll())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), [])

    def test_what_an_unreadable_head_named_is_ended_all_the_same(self) -> None:
        for text in ("", '{"port_offset": 0', "[]", '{"port_offset": 0}'):
            state, process = self.start("kind", "echo ready; exec sleep 60")
            state.head_file.write_text(text)
            with contextlib.redirect_stderr(io.StringIO()) as said:
                for verb in ("status", "up"):
                    self.assertEqual(stack.main([verb, "--state", str(state.folder)]), 1)
                    self.assertIsNone(process.poll())
                self.assertEqual(stack.main(["down", "--state", str(state.folder)]), 0)
            self.assertEqual(process.wait(), -signal.SIGTERM)
            self.assertIn("./bench stack down ends what it started", said.getvalue())
            self.assertIn("/beastmark-stack.*", said.getvalue())
            self.assertIn("stopped 1 programs", said.getvalue())
            self.assertFalse(state.folder.exists())

    def test_down_removes_nothing_where_it_cannot_know_what_runs(self) -> None:
        state, process = self.start("kind", "echo ready; exec sleep 60")
        state.head_file.write_text("")
        (state.folder / "pids/kind").write_text("")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["down", "--state", str(state.folder)]), 1)
        self.assertIn(f"pids/kind is not readable: look for what still runs (ps), end it, and remove {state.folder}", said.getvalue())
        self.assertIsNone(process.poll())
        self.assertTrue(state.head_file.exists())

    def test_loadgen_runs_where_the_stack_left_it_room(self) -> None:
        state, _ = self.start("kind", "echo ready; exec sleep 60")
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(stack.main(["loadgen-cores", "--state", str(state.folder)]), 0)
        self.assertEqual(said.getvalue(), "2\n")

    def test_what_a_killed_test_started_ends_and_its_folder_goes(self) -> None:
        script = ("import pathlib, subprocess, sys, tempfile, time; import leftovers; folder = pathlib.Path(tempfile.mkdtemp()); "
                  "leftovers.guard(folder); subprocess.Popen(['sleep', '60'], env=leftovers.marked(folder), start_new_session=True, "
                  "stdout=subprocess.DEVNULL); print(folder, flush=True); time.sleep(60)")
        test = subprocess.Popen([sys.executable, "-B", "-c", script], stdout=subprocess.PIPE, text=True, env={
            **os.environ, "PYTHONPATH": str(ROOT / "tests/bench")})
        assert test.stdout
        folder = Path(test.stdout.readline().strip())
        self.assertEqual(len(leftovers.left(folder)), 1)
        test.kill()
        test.communicate()
        deadline = time.monotonic() + 20
        while leftovers.left(folder) or folder.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_a_process_of_another_user_ends_in_one_line(self) -> None:
        state, process = self.start("foreign", "echo ready; exec sleep 60")
        with mock.patch("os.kill", side_effect=PermissionError(1, "Operation not permitted")), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["down", "--state", str(state.folder)]), 1)
        self.assertRegex(said.getvalue(), r"\Abench: .*another user's.*\n\Z")
        self.assertIsNotNone(state.head())

    def test_another_number_of_cores_is_refused_while_it_is_up(self) -> None:
        state, _ = self.start("kind", "echo ready; exec sleep 60")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["up", "--state", str(state.folder), "--service-cpus", "3"]), 1)
        self.assertIn("is up with --service-cpus 2", said.getvalue())

    def test_a_disk_without_room_ends_in_one_line(self) -> None:
        with mock.patch.object(State, "begin", side_effect=OSError(28, "No space left on device")), \
                mock.patch("stack.check_ports"), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["up", "--state", str(self.folder / "state")]), 1)
        self.assertEqual(said.getvalue(), "bench: [Errno 28] No space left on device\n")

    def test_whatever_ends_up_its_folders_are_known_to_down(self) -> None:
        """PostgreSQL's is made after the head, which names it."""
        with mock.patch("stack.check_ports"), mock.patch("backends.make_cluster", side_effect=KeyboardInterrupt), \
                mock.patch("stack.stop_all"), mock.patch.dict(os.environ, {"TMPDIR": str(self.folder)}), \
                contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(stack.main(["up", "--state", str(self.folder / "state")]), 130)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        made = list(self.folder.glob("beastmark-stack.*"))
        self.assertEqual([(path.stat().st_mode & 0o777, str(path)) for path in made],
                         [(0o700, head.scratch) for head in [State(self.folder / "state").head()] if head])
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(stack.main(["down", "--state", str(self.folder / "state")]), 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_one_at_a_time(self) -> None:
        state = State(self.folder / "state")
        with stack.alone(state), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(stack.main(["down", "--state", str(state.folder)]), 1)
        self.assertIn("another ./bench stack is at work", said.getvalue())


class WhatEachIsTold(Folder):
    def jobs(self, text: str) -> dict[str, int]:
        scrapes = strict_yaml.load(text)["scrape_configs"]
        return {each["job_name"]: int(each["static_configs"][0]["targets"][0].rpartition(":")[2]) for each in scrapes}

    def test_each_job_is_scraped_where_its_program_listens(self) -> None:
        jobs = self.jobs(LOCAL.read_text())
        ours = {"postgres": "postgres-exporter", "memcached": "memcached-exporter", "node": "node-exporter",
                "process": "process-exporter", "prometheus": "prometheus", "loadgen": "loadgen"}
        for job, name in ours.items():
            self.assertEqual(jobs.pop(job), PORTS[name])
        self.assertEqual((jobs.pop("baseline"), jobs.pop("ingest")), (PORTS["baseline"] + 1, PORTS["ingest"] + 1))
        known = tomllib.loads((ROOT / "apps/contenders/targets.toml").read_text())
        for name, port in jobs.items():
            if name in known:
                self.assertEqual(port, known[name].get("port", known[name].get("post_port")) + 1)
        self.assertLessEqual({"go", "fastapi"}, set(jobs))

    def test_an_offset_moves_every_port_and_nothing_else(self) -> None:
        before, after = LOCAL.read_text(), prometheus_configuration(LOCAL.read_text(), 500)
        self.assertEqual(self.jobs(after), {job: port + 500 for job, port in self.jobs(before).items()})
        rules = strict_yaml.load(after)["rule_files"]
        self.assertEqual([Path(path).name for path in rules], ["common.yml", "local.yml"])
        for path in rules:
            self.assertTrue(Path(path).is_file(), path)
        for member in members(self.layout(500)):
            for port in member.ports:
                self.assertTrue(any(port in (known + 500, known + 501) for known in PORTS.values()), member.name)

    def test_everything_listens_on_the_loopback_device_only(self) -> None:
        for member in members(self.layout(500)):
            words = [word for word in member.command if re.search(r"\d\.\d+\.\d+\.\d|0\.0\.0\.0", word)]
            words += [value for option, value in zip(member.command, member.command[1:]) if option == "--admin-address"]
            self.assertTrue(all("127.0.0.1" in word for word in words), member.command)
            self.assertTrue(member.name not in ("baseline", "ingest") or "--admin-address" in member.command, member.command)
            self.assertTrue(member.name == "postgres" or words, member.command)  # its address is in its configuration

    def test_process_exporter_takes_ours_only(self) -> None:
        of = self.layout(500)
        groups = {each["name"]: re.compile(each["cmdline"][0]) for each in
                  strict_yaml.load(process_exporter_configuration(of))["process_names"]}
        commands = {member.name: " ".join(member.command) for member in members(of)}
        for name in ("postgres", "memcached"):
            self.assertRegex(commands[name], groups[name])
            self.assertNotRegex(" ".join(next(each for each in members(self.layout(0)) if each.name == name).command).replace(
                "/scratch/", "/other/"), groups[name])

    def test_a_password_is_in_no_command_line(self) -> None:
        for member in members(self.layout()):
            self.assertNotIn("secret", " ".join(member.command))

    def test_what_outlives_us_is_not_tied_to_our_end(self) -> None:
        self.assertNotIn("--pdeathsig", as_postgres(["postgres"], None))
        if os.geteuid() == 0:
            self.assertIn("--pdeathsig", as_postgres(["postgres"]))

    def test_bad_use(self) -> None:
        for words in (["sideways"], ["up", "--port-offset", "60000"], ["up", "--port-offset", "-1"]):
            with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()):
                stack.main(words)
            self.assertEqual(ended.exception.code, 2)

    def test_status_of_nothing(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(stack.main(["status", "--state", str(self.folder / "state")]), 1)
        self.assertEqual(said.getvalue(), "the stack is down\n")


if __name__ == "__main__":
    unittest.main()
