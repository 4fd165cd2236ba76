"""Services as black boxes: each started on a core of its own, with all its processes counted."""
from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import end
from procfs import Cpu, process_memory, read_stats, tree, tree_cpu
from programs import CouldNotRun, Server, on_cores

START_S = 30


@dataclass
class Service(Server):
    process: subprocess.Popen[bytes]
    port: int
    admin_port: int

    def cpu(self) -> Cpu:
        return tree_cpu([self.pid])

    def resident_bytes(self) -> int:
        """Of all its processes, added up: pages they share count for each."""
        return sum(process_memory(pid, "VmRSS") or 0
                   for pid in tree(read_stats(), self.pid))

    def ended(self, limit_s: float) -> int:
        """Waits for its end: the exit code. Raises CouldNotRun past the limit."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise CouldNotRun(f"the service did not end within {limit_s:g} s") from None


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answer_bytes(port: int) -> tuple[int, bytes]:
    """Size of the whole answer to GET /api/devices, and its body."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while True:
            head, separator, body = seen.partition(b"\r\n\r\n")
            lengths = [int(line.partition(b":")[2]) for line in head.split(b"\r\n")
                       if line.lower().startswith(b"content-length:")]
            if separator and not lengths:
                raise CouldNotRun(f"an answer without Content-Length on port {port}")
            if separator and len(body) >= lengths[0]:
                return len(seen), body
            more = client.recv(65536)
            if not more:
                raise CouldNotRun(f"no whole answer on port {port}")
            seen += more


def service_flags(port: int, admin_port: int) -> list[str]:
    """What every target takes."""
    return ["--address", "127.0.0.1", "--port", str(port), "--admin-address", "127.0.0.1", "--admin-port",
            str(admin_port)]


@contextmanager
def running(name: str, command: Callable[[int, int], list[str]], core: int, log: Path, ready_path: str = "",
            descriptors: int = 0) -> Iterator[Service]:
    """`command(port, admin_port)` while the block runs. Ready: `ready_path` of the admin port is 200, or without it
    GET /api/devices of the app. `descriptors`: its limit, hard too. It never outlives us."""
    port, admin_port = free_ports(2)
    words = ["setpriv", "--pdeathsig", "KILL", *command(port, admin_port)]
    if descriptors:
        words[:0] = ["prlimit", f"--nofile={descriptors}:{descriptors}"]
    with on_cores(core), log.open("ab") as output:
        before = output.tell()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
    try:
        deadline = time.monotonic() + START_S
        while not (answers(admin_port, ready_path) if ready_path else answers(port, "/api/devices")):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_bytes()[before:].decode(errors="replace").splitlines()[-3:]
                raise CouldNotRun(f"{name} did not become ready; its log ends: {' / '.join(said)}")
            time.sleep(0.02)
        yield Service(process.pid, f"http://127.0.0.1:{port}/api/devices", None, process, port, admin_port)
    finally:
        end(process, signal.SIGTERM)
