#!/usr/bin/env python3
"""The roles of config/postgresql/roles.sql, in a PostgreSQL of their own: the service may do what it has to, and no more.
Usage: roles_test.py FOLDER, where the programs are."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench/perf"))

from services import free_ports  # noqa: E402

PROGRAMS = Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release/bin")
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
PASSWORDS = {"owner_password": "ownersword", "service_password": "servicesword", "monitor_password": "monitorsword"}


class RolesTest(unittest.TestCase):
    folder: Path
    port: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        if os.geteuid() == 0:
            shutil.chown(cls.folder, "postgres")
        shutil.copy(ROOT / "deploy/config/postgresql/roles.sql", cls.folder)
        (cls.folder / "roles.sql").chmod(0o644)
        [cls.port] = map(str, free_ports(1))
        cls.as_server([SERVERS[-1] / "initdb", "-D", cls.folder / "data", "-U", "postgres", "--auth-local=trust",
                       "--auth-host=scram-sha-256", "--no-sync"])
        server = subprocess.Popen(cls.words([SERVERS[-1] / "postgres", "-D", cls.folder / "data", "-p", cls.port, "-k", cls.folder, "-F", "-c",
                                             "listen_addresses=127.0.0.1"]), cwd=cls.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.send_signal, signal.SIGINT)
        subprocess.run(["bash", "-c", 'for try in {1..600}; do pg_isready -q -h "$0" -p "$1" && exit; sleep 0.1; done; exit 1',
                        cls.folder, cls.port], check=True)
        cls.as_server(["createdb", "-h", cls.folder, "-p", cls.port, "-U", "postgres", "devices"])

    @classmethod
    def words(cls, command: list[object]) -> list[str]:
        """PostgreSQL refuses to run as root."""
        other = ["setpriv", "--pdeathsig", "INT", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] if os.geteuid() == 0 else [
            "setpriv", "--pdeathsig", "INT"]
        return [*other, *map(str, command)]

    @classmethod
    def as_server(cls, command: list[object], environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(cls.words(command), cwd=cls.folder, capture_output=True, text=True, check=environment is None,
                              env={**os.environ, **(environment or {})})

    def make_roles(self, passwords: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return self.as_server(["psql", "-X", "-q", "-h", self.folder, "-p", self.port, "-U", "postgres", "-f", self.folder / "roles.sql", "devices"],
                              {**passwords, "LC_ALL": "C"})

    def ask(self, role: str, password: str, query: str) -> str:
        """The answer, or what the server said against it."""
        said = subprocess.run(["psql", "-X", "-Atq", "-h", "127.0.0.1", "-p", self.port, "-U", role, "-c", query, "devices"], text=True, check=False,
                              capture_output=True, env={**os.environ, "PGPASSWORD": password, "LC_ALL": "C"})
        return said.stdout + said.stderr

    def test_each_role_may_do_what_it_has_to_and_no_more(self) -> None:
        nothing = self.make_roles({})
        self.assertNotEqual(nothing.returncode, 0, "passwords that are not set are refused")
        for _ in range(2):  # the second time it finds them
            made = self.make_roles(PASSWORDS)
            self.assertEqual(made.returncode, 0, made.stderr)
        subprocess.run([PROGRAMS / "ingest", "--init-schema", "--postgres", f"host=127.0.0.1 port={self.port} dbname=devices user=beastmark_owner"],
                       check=True, capture_output=True, env={**os.environ, "PGPASSWORD": PASSWORDS["owner_password"]})

        insert = ("INSERT INTO device (uuid, mac, firmware, created_at, updated_at) VALUES "
                  "('9add349c-c35c-4d32-ab0f-53da1ba40a2a', 'EF-2B-C4-F5-D6-34', '2.1.5', now(), now()) RETURNING id")
        service = ("beastmark", PASSWORDS["service_password"])
        self.assertEqual(self.ask(*service, insert), "1\n")
        for refused in ("DELETE FROM device", "UPDATE device SET mac = ''", "TRUNCATE device", "DROP TABLE device", "CREATE TABLE other ()",
                        "CREATE ROLE other", "SELECT pg_read_file('/etc/passwd')", "SET ROLE beastmark_owner"):
            with self.subTest(refused):
                self.assertRegex(self.ask(*service, refused), "permission denied|must be owner")
        self.assertIn("password authentication failed", self.ask("beastmark", "guessed", "SELECT 1"))

        monitor = ("beastmark_monitor", PASSWORDS["monitor_password"])
        self.assertEqual(self.ask(*monitor, "SELECT count(*) > 0 FROM pg_ls_waldir()"), "t\n")
        self.assertIn("permission denied", self.ask(*monitor, "SELECT * FROM device"))


if __name__ == "__main__":
    unittest.main()
