#!/usr/bin/env python3
"""A test from three machines, so far as one can be three: each shard, and the service, in a network namespace of its own, joined by a
bridge. What shard 0 makes of it is held against the shards' own histograms, added up by HdrHistogram for Python.

Usage: shards_in_namespaces.py BUILD       needs root, iproute2, and the packages of tests/interop/requirements.txt
Exit code 0: passed."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

BUILD = Path(sys.argv.pop(1)).resolve()
LONGEST_NS = 120_000_000_000
DIGITS = 3
SHARDS = 3
RATE, SECONDS = 3_000, 4
PORT, ADMIN, METRICS = 8080, 8081, 8085


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Network:
    """Namespaces with 10.77.0.1, 10.77.0.2 and so on, which nothing outside of them sees."""

    def __init__(self, count: int) -> None:
        self.hub = f"beastmark-{os.getpid()}-hub"
        self.names = [f"beastmark-{os.getpid()}-{i}" for i in range(count)]

    def __enter__(self) -> "Network":
        try:
            ip("netns", "add", self.hub)
            ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
            ip("-n", self.hub, "link", "set", "bridge", "up")
            for i, name in enumerate(self.names):
                ip("netns", "add", name)
                ip("-n", self.hub, "link", "add", f"port{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
                ip("-n", self.hub, "link", "set", f"port{i}", "master", "bridge", "up")
                ip("-n", name, "address", "add", f"{self.address(i)}/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    ip("-n", name, "link", "set", device, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in [*self.names, self.hub]:
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)

    @staticmethod
    def address(i: int) -> str:
        return f"10.77.0.{i + 1}"

    def start(self, i: int, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(["ip", "netns", "exec", self.names[i], *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def get(self, i: int, url: str) -> str:
        """As a process there sees it."""
        code = f"import urllib.request as r; print(r.urlopen({url!r}, timeout=5).read().decode(), end='')"
        return subprocess.run(["ip", "netns", "exec", self.names[i], sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def histogram_of(result: Path) -> HdrHistogram:
    kept = json.loads(result.read_text())["targets"]["target"]["latency"]["response"]
    return HdrHistogram.decode(kept["hdr"])


def requests_served(page: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith("http_server_request_duration_seconds_count"))


class ShardsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.network = self.enterContext(Network(SHARDS + 1))
        self.out = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        self.service = SHARDS  # the last one's
        service = self.network.start(self.service, str(BUILD / "bin/baseline"), f"--port={PORT}", f"--admin-port={ADMIN}")
        self.addCleanup(service.communicate)
        self.addCleanup(service.terminate)
        for _ in range(100):
            try:
                self.network.get(self.service, f"http://127.0.0.1:{ADMIN}/readyz")
                return
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        self.fail("the service did not start")

    def shard(self, i: int, timeout: str = "60s") -> subprocess.Popen[str]:
        started = self.network.start(
            i, str(BUILD / "bin/loadgen"), "run", f"--shard={i}/{SHARDS}", f"--barrier={self.network.address(0)}:{METRICS}", f"--barrier-timeout={timeout}",
            f"--metrics=:{METRICS}", f"--rate={RATE}", f"--duration={SECONDS}s", "--connections=8", "--plain", f"--output={self.out / str(i)}",
            f"http://{self.network.address(self.service)}:{PORT}/api/devices")
        self.addCleanup(started.communicate)
        self.addCleanup(started.kill)
        return started

    def merged(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.out / "0/merged/result.json").read_text())
        return result

    def test_what_three_sent_together_is_one_result(self) -> None:
        shards = [self.shard(i) for i in range(SHARDS)]
        for i, shard in enumerate(shards):
            said, _ = shard.communicate(timeout=120)
            self.assertIn(shard.returncode, (0, 4), f"shard {i}: {said}")  # this machine may be too busy to be believed
        result = self.merged()
        target = result["targets"]["target"]
        self.assertTrue(result["shards"]["complete"])
        self.assertEqual(target["totals"]["offered"], RATE * SECONDS)
        page = self.network.get(0, f"http://{self.network.address(self.service)}:{ADMIN}/metrics")
        self.assertEqual(target["totals"]["sent"], requests_served(page), "as many as the service counted")
        all_samples = HdrHistogram(1, LONGEST_NS, DIGITS)
        for i in range(SHARDS):
            all_samples.add(histogram_of(self.out / str(i) / "result.json"))
        response = target["latency"]["response"]
        self.assertEqual(response["count"], all_samples.get_total_count())
        for name, percentile in (("p50_us", 50), ("p75_us", 75), ("p90_us", 90), ("p95_us", 95), ("p99_us", 99), ("p999_us", 99.9), ("p9999_us", 99.99)):
            expected = all_samples.get_value_at_percentile(percentile) / 1000
            print(f"  {name}: merged {response[name]:.1f}, of all samples {expected:.1f}")
            self.assertAlmostEqual(response[name], expected, delta=expected * 10**-DIGITS, msg=name)
        for part in result["shards"]["parts"]:
            self.assertLessEqual(abs(part["clock_skew_s"]), part["clock_skew_error_s"], "it is one clock")

    def test_the_third_of_one_that_is_killed_is_missed(self) -> None:
        first, killed, last = (self.shard(i, "5s") for i in range(SHARDS))
        figures = self.out / "1/shard.ndjson"
        for _ in range(400):
            if figures.exists() and len(figures.read_text().splitlines()) >= 3:
                break
            time.sleep(0.1)
        killed.kill()
        said, _ = first.communicate(timeout=120)
        last.communicate(timeout=120)
        self.assertEqual(first.returncode, 5, said)
        self.assertIn(f"shard 1: missing; not offered to target: {RATE * SECONDS // SHARDS}", said)
        result = self.merged()
        self.assertEqual(result["shards"]["not_offered"]["target"], RATE * SECONDS // SHARDS)
        self.assertEqual(result["targets"]["target"]["totals"]["offered"], RATE * SECONDS * 2 // SHARDS)
        self.assertIn("missing", (self.out / "0/merged/report.html").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
