"""PostgreSQL and Memcached of one ramp: a fresh copy of a fresh cluster and a memcached of its own, so that all begin alike."""
from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from placement import Placement
from processes import Process, confined, port_open, running
from programs import CouldNotRun

ROOT = Path(__file__).resolve().parents[3]
POSTGRES_CONFIGURATION = ROOT / "deploy/config/postgresql/local.conf"
MEMCACHED_CONFIGURATION = ROOT / "deploy/config/memcached/local.conf"


def memcached_options(configuration: str) -> list[str]:
    """An option and its value a line."""
    return [word for line in configuration.splitlines() if line and not line.startswith("#") for word in line.split()]


def newest_postgres(root: Path = Path("/usr/lib/postgresql")) -> Path:
    """The folder of its programs."""
    found = sorted(root.glob("*/bin/postgres"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.parts[-3])])
    if not found:
        raise CouldNotRun(f"no PostgreSQL in {root}: ./bench setup run installs it")
    return found[-1].parent


@dataclass(frozen=True)
class Started:
    postgres: Process
    memcached: Process


@dataclass(frozen=True)
class Backends:
    """What each pair of them is started from."""

    programs: Path  # of PostgreSQL
    scratch: Path   # a folder that only we and PostgreSQL may enter, removed at the end
    password: str
    placement: Placement
    postgres_port: int
    memcached_port: int
    ingest: Path    # knows the table

    @property
    def flags(self) -> list[str]:
        return ["--postgres", f"postgresql://beastmark@127.0.0.1:{self.postgres_port}/postgres",
                "--memcached", f"127.0.0.1:{self.memcached_port}"]

    @property
    def environment(self) -> dict[str, str]:
        return {"PGPASSWORD": self.password}

    @property
    def labels(self) -> dict[str, str]:
        version = output_of([str(self.programs / "postgres"), "--version"])
        return {"postgresql": version.partition("(PostgreSQL) ")[2].split()[0],
                "memcached": output_of(["memcached", "--version"]).split()[-1],
                "database files on": output_of(["stat", "-f", "-c", "%T", str(self.scratch)]).strip()}

    @contextmanager
    def started(self, folder: Path) -> Iterator[Started]:
        """Both, ready, with an empty table; the logs go to the folder."""
        data, cores = Path(tempfile.mkdtemp(prefix="data.", dir=self.scratch)), self.placement.backends
        output_of(["cp", "-a", "-T", str(self.scratch / "template"), str(data)])
        output_of(["sync", "-f", str(data)])  # or the kernel would write it while something is measured
        memcached = ["memcached", "-l", "127.0.0.1", "-p", str(self.memcached_port), "-U", "0", "-t", str(len(cores)),
                     *memcached_options(MEMCACHED_CONFIGURATION.read_text())]
        postgres = [str(self.programs / "postgres"), "-D", str(data), "-p", str(self.postgres_port)]
        try:
            with (running("PostgreSQL", as_postgres(postgres), cores, folder / "postgres.log", cwd=self.scratch,
                          ending=signal.SIGINT) as database,
                  running("memcached", as_postgres(memcached), cores, folder / "memcached.log", cwd=self.scratch) as cache):
                database.await_ready(60, self.accepts_connections)
                cache.await_ready(10, lambda: port_open(self.memcached_port))
                self.create_table()
                yield Started(database, cache)
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def accepts_connections(self) -> bool:
        return subprocess.run([str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.postgres_port)],
                              check=False).returncode == 0

    def create_table(self) -> None:
        output_of([str(self.ingest), *self.flags, "--init-schema"], self.environment)


def output_of(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    ended = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise CouldNotRun(f"exit code {ended.returncode} of {' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


def as_postgres(command: list[str], death: str | None = "INT") -> list[str]:
    """Neither runs as root. Again pdeathsig: it is lost when the user changes. None: it outlives us."""
    if os.geteuid() != 0:
        return command
    with_us = ["--pdeathsig", death] if death else []
    return ["setpriv", *with_us, "--reuid", "postgres", "--regid", "postgres", "--init-groups", *command]


def scratch_root() -> str:
    """Not /tmp: in memory on Debian 13, where a commit costs nothing."""
    return os.environ.get("TMPDIR") or "/var/tmp"


def make_cluster(programs: Path, scratch: Path, name: str, cores: list[int], log: Path) -> str:
    """A cluster of our configuration in the folder `name` of scratch, which becomes PostgreSQL's: the password of its user."""
    password = secrets.token_hex(16)
    secret, data = scratch / "password", scratch / name
    secret.touch(mode=0o600)
    secret.write_text(password + "\n")
    if os.geteuid() == 0:
        for path in (scratch, secret):
            shutil.chown(path, "postgres", "postgres")
    initdb = as_postgres([str(programs / "initdb"), "-D", str(data), "-U", "beastmark", "--auth=scram-sha-256",
                          f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync"])
    with open(log, "wb") as output:
        made = subprocess.run(confined(cores, initdb), cwd=scratch, stdout=output, stderr=output, check=False)
    if made.returncode != 0:
        raise CouldNotRun(f"initdb failed, see {log}")
    with open(data / "postgresql.conf", "a") as configuration:
        configuration.write(POSTGRES_CONFIGURATION.read_text())
    return password


@contextmanager
def prepared(placement: Placement, postgres_port: int, memcached_port: int, ingest: Path, log: Path) -> Iterator[Backends]:
    """Makes the cluster that is copied for each ramp; all files are removed at the end."""
    programs = newest_postgres()
    scratch = Path(tempfile.mkdtemp(prefix="beastmark.", dir=scratch_root()))
    try:
        password = make_cluster(programs, scratch, "template", placement.backends, log)
        yield Backends(programs, scratch, password, placement, postgres_port, memcached_port, ingest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
