"""Programs under test: each on its cores, with its log, alone in a session; all ended when left, however that is."""
from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement import listed
from programs import CouldNotRun

PATIENCE_S = 15
SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass
class Process:
    """One that was started here."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.popen.poll()

    def await_ready(self, within_s: float, ready: Callable[[], bool]) -> None:
        """Raises CouldNotRun with the end of its log."""
        deadline = time.monotonic() + within_s
        while self.code is None:
            if ready():
                return
            if time.monotonic() > deadline:
                raise CouldNotRun(f"{self.name} did not become ready within {within_s:g} s{self.tail()}")
            time.sleep(0.05)
        raise CouldNotRun(f"{self.name} ended with exit code {self.code} before it was ready{self.tail()}")

    def tail(self) -> str:
        return tail(self.log)


def tail(log: Path, lines: int = 20) -> str:
    """The end of a log, to be put behind what went wrong."""
    text = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"; {log} ends with:\n" + "\n".join(f"    {line}" for line in text[-lines:]) if text else f"; {log} is empty"


def confined(cores: Sequence[int], command: Sequence[str], death: str = "INT") -> list[str]:
    """On those cores; the signal comes when we are gone, even if we are killed."""
    return ["setpriv", "--pdeathsig", death, "taskset", "-c", listed(cores), *command]


@contextmanager
def running(name: str, command: Sequence[str], cores: Sequence[int], log: Path, env: Mapping[str, str] | None = None,
            cwd: Path | None = None, ending: signal.Signals = signal.SIGTERM) -> Iterator[Process]:
    """Runs it while the block does. Ctrl-C reaches it through us alone: it has a session of its own."""
    # A signal between the start and the "try" would leave it behind.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS | {signal.SIGALRM})
    try:
        with open(log, "ab") as output:
            popen = subprocess.Popen(confined(cores, command), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True,
                                     preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before))
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield Process(name, log, popen)
    finally:
        end(popen, ending)


def end(popen: subprocess.Popen[Any], ending: signal.Signals) -> None:
    """The signal, patience, then SIGKILL to all of its session's process group. Ctrl-C and a time limit wait meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS | {signal.SIGALRM})
    try:
        popen.send_signal(ending)
        popen.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        try:
            os.killpg(popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # gone already, as it should be
        popen.wait()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def port_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def check_ports(wanted: Mapping[int, str]) -> None:
    """By port, what wants it. Raises CouldNotRun naming each that is taken."""
    taken = [f"{port} ({what})" for port, what in wanted.items() if port_open(port)]
    if taken:
        raise CouldNotRun(f"ports taken: {', '.join(taken)}. Stop what listens there, or shift all ports with "
                          "--port-offset N")


def serves_readyz(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
