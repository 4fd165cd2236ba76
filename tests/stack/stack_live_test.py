#!/usr/bin/env python3
"""./bench stack on real programs, on ports of its own: what is up, what Prometheus sees of it, and that nothing is left. Usage:
stack_live_test.py FOLDER, where bin/baseline and bin/ingest are."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/bench"), str(ROOT / "tests/bench/perf"), str(ROOT / "tools/stack")]

from free_offset import free_offset  # noqa: E402
from leftovers import guard, kill_left, left, marked  # noqa: E402
from members import PORTS  # noqa: E402
from processes import port_open  # noqa: E402

BUILD = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release").resolve()
# It tells what it was told, and is well.
GRAFANA = f"""#!{sys.executable}
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({{key: value for key, value in os.environ.items()}}).encode())
HTTPServer((os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"])), Handler).serve_forever()
"""


class LiveTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        guardian = guard(self.folder)  # the stack outlives who started it, a test that is killed too
        self.addCleanup(guardian.communicate)
        self.folder.chmod(0o755)  # PostgreSQL's user has to come in
        self.state = self.folder / "out/stack"
        (self.folder / "path").mkdir()
        grafana = self.folder / "path/grafana-server"
        grafana.write_text(GRAFANA)
        grafana.chmod(0o755)
        self.ports = [port for name, first in PORTS.items() for port in ((first, first + 1) if name in ("baseline", "ingest") else (first,))]
        self.offset = free_offset(self.ports)

    def start(self, verb: str, *more: str, programs: Path = BUILD / "bin") -> "subprocess.Popen[str]":
        environment = marked(self.folder)
        environment["PATH"] = f"{self.folder}/path:{environment['PATH']}"
        command = [sys.executable, "-B", str(ROOT / "tools/stack/stack.py"), verb, "--state", str(self.state), "--programs", str(programs),
                   *(("--port-offset", str(self.offset)) if verb == "up" else ()), *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(process.communicate)
        self.addCleanup(kill_left, self.folder)
        return process

    def stack(self, verb: str, *more: str, code: int = 0, programs: Path = BUILD / "bin") -> str:
        process = self.start(verb, *more, programs=programs)
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, stdout + stderr)
        return stdout + stderr

    def expect_nothing_left(self) -> None:
        self.assertEqual(left(self.folder), {})
        self.assertEqual([port for port in self.ports if port_open(port + self.offset)], [])
        self.assertEqual(list(self.folder.glob("beastmark-stack.*")), [])

    def url(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{PORTS[name] + self.offset}{path}"

    def ask(self, path: str, **parameters: str) -> Any:
        with urllib.request.urlopen(f"{self.url('prometheus', path)}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def values(self, expr: str) -> dict[str, float]:
        """By job."""
        return {each["metric"].get("job", ""): float(each["value"][1]) for each in self.ask("/api/v1/query", query=expr)["result"]}

    def await_values(self, expr: str, jobs: set[str]) -> dict[str, float]:
        deadline = time.monotonic() + 60
        while not jobs <= set(found := self.values(expr)):
            self.assertLess(time.monotonic(), deadline, f"{expr}: {found}")
            time.sleep(0.2)
        return found

    def test_up_status_down(self) -> None:
        said = self.stack("up")
        for name in ("baseline", "ingest", "prometheus", "grafana"):
            self.assertIn(self.url(name, ""), said)
        self.await_values("up == 1", {"baseline", "ingest", "postgres", "node", "process", "prometheus"})
        self.await_values('namedprocess_namegroup_num_procs{groupname="postgres"} > 4', {"process"})  # with its children
        self.await_values('namedprocess_namegroup_num_procs{groupname="memcached"} == 1', {"process"})
        self.await_values("pg_stat_wal_wal_bytes > 0", {"postgres"})
        rules = [rule for group in self.ask("/api/v1/rules")["groups"] for rule in group["rules"]]
        self.assertTrue(rules)
        self.assertEqual([rule["name"] for rule in rules if rule["health"] == "err"], [])
        body = b'{"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"}'
        request = urllib.request.Request(self.url("ingest", "/api/devices"), body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertEqual((answer.status, answer.headers["X-Cache"]), (201, "stored"))
        with urllib.request.urlopen(self.url("grafana", "/api/health"), timeout=10) as answer:
            told = json.load(answer)
        self.assertTrue((Path(told["GF_PATHS_PROVISIONING"]) / "datasources/prometheus.yaml").is_file())
        self.assertTrue(list(Path(told["DASHBOARDS_PATH"]).glob("*.json")))
        self.assertEqual(told["PROMETHEUS_URL"], self.url("prometheus", ""))
        self.assertEqual(told["GF_SECURITY_ADMIN_PASSWORD"], (self.state / "grafana-password").read_text().strip())

        self.assertIn("up already", self.stack("up"))
        self.assertIn(f"--port-offset {self.offset}", self.stack("up", "--port-offset", str(self.offset - 1), code=1))
        pids = dict(line.split() for line in self.stack("pids").splitlines())
        os.kill(int(pids["baseline"]), signal.SIGKILL)
        while port_open(PORTS["baseline"] + self.offset):
            time.sleep(0.01)
        self.assertRegex(self.stack("status", code=1), "baseline +ENDED")
        self.await_values("up == 0", {"baseline"})
        self.assertRegex(self.stack("status", code=1), "not scraped: baseline: .*connection refused")
        self.assertIn("the stack is up, but for baseline", self.stack("up", code=1))
        self.stack("down")
        self.expect_nothing_left()
        self.assertFalse(self.state.exists())
        self.assertIn("down already", self.stack("down"))

    def test_down_after_up_was_killed(self) -> None:
        process = self.start("up")
        while not (self.state / "pids/ingest").exists():
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.assertTrue(left(self.folder))
        self.stack("down")
        self.expect_nothing_left()
        self.assertFalse(self.state.exists())

    def test_a_service_that_does_not_start_is_the_end_of_all(self) -> None:
        (self.folder / "fake").mkdir()
        (self.folder / "fake/baseline").write_text("#!/bin/sh\necho no luck; exit 3\n")
        (self.folder / "fake/baseline").chmod(0o755)
        (self.folder / "fake/ingest").symlink_to(BUILD / "bin/ingest")
        said = self.stack("up", code=1, programs=self.folder / "fake")
        self.assertRegex(said, "(?s)baseline ended with exit code 3 before it was ready; [^\n]*baseline.log ends with:\n    no luck\n")
        self.expect_nothing_left()
        self.assertIn("the stack is down", self.stack("status", code=1))

    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", PORTS["node-exporter"] + self.offset)):
            said = self.stack("up", code=1)
        self.assertIn(f"ports taken: {PORTS['node-exporter'] + self.offset} (node-exporter)", said)
        self.assertNotIn("Traceback", said)
        self.expect_nothing_left()


if __name__ == "__main__":
    unittest.main()
