#!/usr/bin/env python3
"""./bench compare on real programs, by a staircase of one step: what is there afterwards, and what is not. Usage:
compare_live_test.py FOLDER, where the programs are."""
from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "perf"
sys.path.insert(0, str(HERE))

from free_offset import free_offset  # noqa: E402
from leftovers import kill_left, left, marked  # noqa: E402
from processes import port_open  # noqa: E402

BUILD = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release").resolve()
ONE_STEP = f"""
import runpy, sys
sys.path.insert(0, {str(HERE)!r})
import contest
for kind in ("get", "post"):
    contest.QUICK_STAIRCASES[kind] = contest.Staircase((200,), 1, 1, "availability<90% for 3s")
runpy.run_path({str(HERE / "compare.py")!r}, run_name="__main__")
"""
# Ready, and gone with the tenth request.
DYING = """
import os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0
    def do_GET(self):
        if self.path == "/api/devices":
            Handler.count += 1
            if Handler.count == 10:
                print("out of luck", flush=True)
                os._exit(9)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
ports = [int(sys.argv[sys.argv.index(flag) + 1]) for flag in ("--port", "--admin-port")]
servers = [ThreadingHTTPServer(("127.0.0.1", port), Handler) for port in ports]
threading.Thread(target=servers[1].serve_forever, daemon=True).start()
servers[0].serve_forever()
"""
# Ends at once with another code than 0, and leaves its child behind.
CARELESS = 'trap "exit 7" TERM; "$0" "$@" & while :; do wait; done'


def quoted(words: list[str]) -> str:
    return json.dumps(words)  # a list of strings is the same in TOML


class LiveTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o755)  # PostgreSQL's user has to come in
        (self.folder / "apps/contenders").mkdir(parents=True)
        (self.folder / "dying.py").write_text(DYING)
        baseline, ingest = str(BUILD / "bin/baseline"), str(BUILD / "bin/ingest")
        (self.folder / "apps/contenders/targets.toml").write_text(f"""
[cpp]
get = {quoted([baseline])}
post = {quoted([ingest])}
get_port = 8080
post_port = 8180
[broken]
get = {quoted(["/bin/sh", "-c", "echo no luck; exit 3"])}
port = 8280
[dying]
get = {quoted([sys.executable, "dying.py"])}
port = 8380
[careless]
get = {quoted(["/bin/sh", "-c", CARELESS, baseline])}
port = 8480
""")
        self.out = self.folder / "out"
        self.ports = [8080, 8081, 8180, 8181, 8280, 8281, 8380, 8381, 8480, 8481, 15432, 21211]
        self.offset = free_offset(self.ports)

    def start(self, *argv: str, build: Path = BUILD) -> subprocess.Popen[str]:
        command = [sys.executable, "-B", "-c", ONE_STEP, *argv, "--quick", "--port-offset", str(self.offset), "--root",
                   str(self.folder), "--build", str(build), "--out", str(self.out)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=marked(self.folder))
        self.addCleanup(process.communicate)
        self.addCleanup(kill_left, self.folder)
        return process

    def left(self) -> dict[int, str]:
        return left(self.folder)

    def expect_nothing_left(self) -> None:
        self.assertEqual(self.left(), {})
        self.assertEqual([port for port in self.ports if port_open(port + self.offset)], [])
        self.assertEqual(list(self.folder.glob("beastmark.*")), [])

    def result(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / name / "result.json").read_text())
        return found

    def await_line(self, process: subprocess.Popen[str], begin: str) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(begin):
                return
        self.fail(f'it ended without "{begin}"')

    def test_get_with_targets_that_fail(self) -> None:
        process = self.start("get", "--targets", "cpp,broken,dying,careless,cpp", "--rounds", "2")
        stdout, stderr = process.communicate()
        self.assertEqual(process.returncode, 1, stderr)
        self.expect_nothing_left()
        folders = ["1-careless", "1-cpp", "1-cpp-2", "1-dying", "2-careless", "2-cpp", "2-cpp-2"]
        self.assertEqual(sorted(path.parent.name for path in self.out.glob("*/result.json")), folders)
        by_time = sorted(folders, key=lambda name: self.result(name)["run"]["started_at"])
        self.assertEqual(by_time, ["1-cpp", "1-dying", "1-careless", "1-cpp-2", "2-cpp-2", "2-careless", "2-cpp"])
        seen = self.result("2-cpp-2")
        self.assertEqual(list(seen["targets"]), ["cpp-2"])
        self.assertEqual(seen["manifest"]["labels"]["round"], "2")
        self.assertGreater(seen["targets"]["cpp-2"]["totals"]["outcomes"]["ok"], 0)
        self.assertEqual(sorted(seen["watched"]), ["cpp-2", "loadgen"])
        self.assertEqual(list(seen["scraped"]), ["cpp-2"])
        self.assertRegex(stderr, "(?s)broken ended with exit code 3 before it was ready; [^\n]*1-broken/service.log ends with:\n"
                                 "    no luck\nbroken is not measured any more")
        self.assertRegex(stderr, "(?s)dying ended under load with exit code 9; [^\n]*\n    out of luck\n")
        self.assertEqual(stderr.count("careless ended with exit code 7 after SIGTERM"), 2)
        self.assertTrue((self.out / "report.html").exists())
        self.assertIn("cpp-2", (self.out / "comparison.md").read_text())
        self.assertIn(f"report: {self.out}/report.html", stdout)

    def test_post_has_a_fresh_database_and_cache_for_each(self) -> None:
        process = self.start("post", "--targets", "cpp,cpp", "--pool", "3")
        _, stderr = process.communicate()
        self.assertEqual(process.returncode, 0, stderr)
        self.expect_nothing_left()
        made = set()  # when initdb ended: of a database that was used, it would be when that ended
        for name in ("cpp", "cpp-2"):
            seen = self.result(f"1-{name}")
            self.assertGreater(seen["targets"][name]["totals"]["statuses"]["201"], 0)
            self.assertEqual(sorted(seen["watched"]), sorted([name, "loadgen", "memcached", "postgres"]))
            self.assertEqual(seen["manifest"]["labels"]["pool"], "3")
            self.assertRegex(seen["manifest"]["labels"]["postgresql"], r"^\d+\.\d+$")
            log = (self.out / f"1-{name}" / "postgres.log").read_text()
            self.assertEqual((log.count("ready to accept connections"), log.count("database system is shut down")), (1, 1))
            self.assertNotIn("ERROR", log)
            made.update(re.findall("was shut down at (.*)", log))
        self.assertEqual(len(made), 1)

    def test_a_loadgen_that_fails_is_not_the_targets_doing_and_the_end(self) -> None:
        (self.folder / "fake/bin").mkdir(parents=True)
        (self.folder / "fake/bin/loadgen").write_text("#!/bin/sh\necho no luck; exit 1\n")
        (self.folder / "fake/bin/loadgen").chmod(0o755)
        process = self.start("get", "--targets", "cpp,cpp", build=self.folder / "fake")
        stdout, stderr = process.communicate()
        self.assertEqual(process.returncode, 1, stderr)
        self.expect_nothing_left()
        self.assertEqual(sorted(path.name for path in self.out.iterdir()), ["1-cpp-failed", "1-cpp-failed-2"])
        self.assertRegex(stderr, "FAILED  loadgen ended with exit code 1; .*\n    no luck\nthat is not the doing of cpp: once more\n")
        self.assertIn("no ramp was completed: no report", stderr)
        self.assertIn("FAILED  loadgen ended with exit code 1", stdout)
        self.assertNotIn("Traceback", stderr)

    def test_an_interruption_stops_all_and_reports_what_was_completed(self) -> None:
        process = self.start("--targets", "cpp,cpp", "--rounds", "50")
        self.await_line(process, "round 1  cpp:")
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 130)
        self.expect_nothing_left()
        self.assertTrue((self.out / "report.html").exists())
        self.assertLess(len(list(self.out.glob("*/result.json"))), 10)

    def test_what_is_killed_leaves_no_process(self) -> None:
        process = self.start("post", "--targets", "cpp,cpp", "--rounds", "50")
        self.await_line(process, "round 1  cpp:")
        while not any("bin/loadgen run" in command for command in self.left().values()):  # all the others run then
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 30
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(left, {})


if __name__ == "__main__":
    unittest.main()
