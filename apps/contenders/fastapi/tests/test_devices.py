"""Unit tests: python -m unittest discover -s apps/contenders/fastapi/tests, with the environment that setup made."""
from __future__ import annotations

import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

FILES = tempfile.TemporaryDirectory()
os.environ["PROMETHEUS_MULTIPROC_DIR"] = FILES.name  # before prometheus_client is imported
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from devices import cgroup, metrics  # noqa: E402
from devices.conninfo import connect_arguments  # noqa: E402
from devices.contract import ClientGone, examine, read_body  # noqa: E402
from devices.device import read_device, timestamp  # noqa: E402
from devices.errors import ContractError  # noqa: E402
from devices.options import parse, share  # noqa: E402
from devices.store import ends_session  # noqa: E402


def scope(headers: list[tuple[bytes, bytes]], method: str = "POST", path: str = "/api/devices",
          version: str = "1.1", host: bool = True) -> dict[str, Any]:
    return {"method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "http_version": version,
            "headers": [(b"host", b"test")] * host + headers}


class DeviceTest(unittest.TestCase):
    def refused(self, body: bytes) -> str:
        with self.assertRaises(ContractError) as raised:
            read_device(body)
        self.assertEqual(raised.exception.status_code, 400)
        return raised.exception.error

    def test_the_last_of_a_key_given_twice_counts(self) -> None:
        self.assertEqual(read_device(b'{"mac":1,"mac":"EF-2B-C4-F5-D6-34","firmware":"1","firmware":"2"}'),
                         ("EF-2B-C4-F5-D6-34", "2"))

    def test_firmware_is_counted_in_characters(self) -> None:
        for length, good in ((0, False), (1, True), (64, True), (65, False)):
            body = '{"mac":"EF-2B-C4-F5-D6-34","firmware":"%s"}' % ("\U0001f600" * length)
            if good:
                self.assertEqual(len(read_device(body.encode())[1]), length)
            else:
                self.assertEqual(self.refused(body.encode()), "bad_firmware")

    def test_what_postgresql_cannot_store_is_refused(self) -> None:
        for firmware, error in ((rb'"\u0000"', "bad_firmware"), (rb'"\ud83d"', "malformed_json"),
                                (b'"\xff"', "malformed_json")):
            self.assertEqual(self.refused(b'{"mac":"EF-2B-C4-F5-D6-34","firmware":%s}' % firmware), error)

    def test_a_mac_is_six_groups_and_nothing_else(self) -> None:
        for mac in ("EF-2B-C4-F5-D6", "EF-2B-C4-F5-D6-34-00", "EF-2B-C4-F5-D6-34\\n", "EF:2B:C4:F5:D6:34",
                    "EF-2B-C4-F5-D6-3\uff14"):
            self.assertEqual(self.refused(f'{{"mac":"{mac}","firmware":"1"}}'.encode()), "bad_mac")
        self.assertEqual(self.refused(b"[]"), "not_an_object")

    def test_a_timestamp_keeps_its_decimals(self) -> None:
        self.assertEqual(timestamp(datetime(2024, 5, 28, 15, 21, 51, 0, UTC)), "2024-05-28T15:21:51.000000Z")


class ContractTest(unittest.IsolatedAsyncioTestCase):
    def status(self, *arguments: Any, **keywords: Any) -> int:
        try:
            examine(scope(*arguments, **keywords), posts=True)
        except ContractError as error:
            return error.status_code
        return 0

    def test_heads(self) -> None:
        json = (b"content-type", b"application/json; charset=utf-8")
        for expected, headers, keywords in (
                (0, [json, (b"content-length", b"16384")], {}),
                (413, [json, (b"content-length", b"16385")], {}),
                (415, [(b"content-type", b"text/json")], {}),
                (0, [(b"content-type", b"text/json")], {"path": "/nowhere"}),
                (501, [(b"transfer-encoding", b"gzip, chunked")], {}),
                (501, [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], {}),
                (0, [(b"transfer-encoding", b"Chunked")], {}),
                (400, [(b"transfer-encoding", b"chunked")], {"version": "1.0"}),
                (417, [(b"expect", b"200-maybe")], {}),
                (0, [(b"expect", b"100-Continue")], {}),
                (400, [], {"host": False}),
                (0, [], {"host": False, "version": "1.0"}),
                (400, [(b"host", b"test")], {}),
                (505, [], {"version": "2.0"}),
                (431, [(b"x", b"y" * 8192)], {}),
                (0, [(b"x", b"y" * 8000)], {})):
            with self.subTest(expected=expected, headers=headers, **keywords):
                self.assertEqual(self.status(headers, **keywords), expected)

    async def test_a_body_is_read_to_its_end_and_limit(self) -> None:
        def receiving(*messages: dict[str, Any]) -> Any:
            left = list(messages)

            async def receive() -> dict[str, Any]:
                return left.pop(0)

            return receive

        def part(body: bytes, more: bool) -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": more}

        self.assertEqual(await read_body(receiving(part(b"a", True), part(b"b", False)), 1), b"ab")
        self.assertEqual(len(await read_body(receiving(part(b"a" * 16384, False)), 1)), 16384)
        with self.assertRaises(ContractError) as raised:
            await read_body(receiving(part(b"a" * 16384, True), part(b"b", True)), 1)
        self.assertEqual(raised.exception.status_code, 413)
        with self.assertRaises(ClientGone):
            await read_body(receiving(part(b"a", True), {"type": "http.disconnect"}), 1)


class MetricsTest(unittest.TestCase):
    def test_bounds_are_20_to_a_decade(self) -> None:
        bounds = metrics.bounds(-4)
        self.assertEqual((len(bounds), bounds[0], bounds[20], bounds[-1]), (101, 1e-4, 1e-3, 10.0))
        self.assertEqual(bounds, sorted(set(bounds)))

    def test_no_label_comes_from_input(self) -> None:
        http = metrics.HttpMetrics(True, 0)
        known = set(http._durations)
        http.observe("XSENTINEL", "/sentinel", 404, 0.001)
        http.observe("POST", "/api/devices", 201, 0.001)
        self.assertEqual(set(http._durations), known)


class OptionsTest(unittest.TestCase):
    def refused(self, *arguments: str) -> str:
        said = StringIO()
        with redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            parse(list(arguments))
        self.assertEqual(ended.exception.code, 2)
        self.assertEqual(said.getvalue().count("\n"), 1, said.getvalue())
        return said.getvalue()

    def test_mistakes_are_one_line_that_names_the_flag(self) -> None:
        for flag, value in (("--port", "80x"), ("--port", "65536"), ("--idle-timeout", "5"), ("--workers", "0"),
                            ("--address", "here"), ("--memcached", "11211"), ("--routes", "fast")):
            self.assertIn(flag, self.refused(flag, value))
        self.assertIn("--workers", self.refused("--postgres", "host=x", "--pool", "2", "--workers", "3"))

    def test_a_total_is_shared_out_to_its_last_one(self) -> None:
        for total, workers in ((8, 3), (2, 2), (500, 4)):
            shares = [share(total, workers, index) for index in range(workers)]
            self.assertEqual(sum(shares), total)
            self.assertLessEqual(max(shares) - min(shares), 1)

    def test_connection_strings(self) -> None:
        self.assertEqual(connect_arguments("postgresql://me:p%40ss@db:5433/bm?connect_timeout=3&application_name=x"),
                         {"host": "db", "port": 5433, "user": "me", "password": "p@ss", "database": "bm",
                          "server_settings": {"application_name": "x"}})
        self.assertEqual(connect_arguments("host=127.0.0.1 port=5433 dbname='b m' sslmode=disable"),
                         {"host": "127.0.0.1", "port": 5433, "database": "b m", "ssl": "disable"})
        for wrong in ("nonsense", "postgresql://h:port/x", "hots=x", "port=x"):
            with self.assertRaisesRegex(ValueError, "--postgres"):
                connect_arguments(wrong)


class StoreTest(unittest.TestCase):
    def test_a_session_that_ended_leaves_the_outcome_unknown(self) -> None:
        for state in ("57P01", "08006", ""):
            self.assertTrue(ends_session(state))
        for state in ("23505", "57014", "42P01", "53100"):
            self.assertFalse(ends_session(state))


class CgroupTest(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name) / "cgroup"
        self.root.mkdir()
        self.proc = Path(self._folder.name) / "self"

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_version_2_takes_the_tightest_limit_above(self) -> None:
        self.proc.write_text("0::/a/b\n")
        self.write("cgroup.controllers", "cpu memory\n")
        self.write("a/cpu.max", "150000 100000\n")
        self.write("a/b/cpu.max", "max 100000\n")
        self.write("a/b/cpu.stat", "usage_usec 9\nnr_periods 7\nnr_throttled 2\nthrottled_usec 1500000\n")
        self.write("a/b/memory.current", "4096\n")
        self.assertEqual(cgroup.usage(self.root, self.proc), cgroup.Usage(1.5, 7, 2, 1.5, 4096))

    def test_version_1(self) -> None:
        self.proc.write_text("4:cpu,cpuacct:/x\n3:memory:/x\n")
        self.write("cpu,cpuacct/x/cpu.cfs_quota_us", "200000\n")
        self.write("cpu,cpuacct/x/cpu.cfs_period_us", "100000\n")
        self.write("cpu,cpuacct/x/cpu.stat", "nr_periods 3\nnr_throttled 1\nthrottled_time 500000000\n")
        self.write("memory/x/memory.usage_in_bytes", "8192\n")
        self.assertEqual(cgroup.usage(self.root, self.proc), cgroup.Usage(2.0, 3, 1, 0.5, 8192))

    def test_without_files_all_is_zero(self) -> None:
        self.assertEqual(cgroup.usage(self.root, self.proc), cgroup.Usage())


if __name__ == "__main__":
    unittest.main()
