"""Out of descriptors: a service that may open 256 and meets 1,000 connections waits quietly, and takes up at once
what is released."""
from __future__ import annotations

import resource
import selectors
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hostile_setup import Hostile
from programs import CouldNotRun
from rounds import Row, each_at_most, not_judged, row, say

DESCRIPTORS, CONNECTIONS, RELEASED = 256, 1000, 150
STARVED_S, SETTLE_S = 3.0, 1.0
CPU_GOAL = 0.2
RELEASE_GOAL_S = 1.0
PATIENCE_S = 5.0  # how long the released are waited for
REQUEST = b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Waiting:
    """Connections that have sent a request; those that were answered stay open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.open: list[socket.socket] = []
        self.answered: list[socket.socket] = []
        self.cut: int = 0

    def connect(self, count: int) -> None:
        for _ in range(count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.settimeout(2)
            client.connect(("127.0.0.1", self.port))  # the listen queue takes it
            client.sendall(REQUEST)
            client.setblocking(False)
            self.open.append(client)
            self.selector.register(client, selectors.EVENT_READ)

    def listen(self, seconds: float, enough: int = 1 << 30) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and len(self.answered) < enough:
            for key, _ in self.selector.select(left):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                self.selector.unregister(client)
                try:
                    good = client.recv(65536).startswith(b"HTTP/1.1 200")
                except OSError:
                    good = False
                if good:
                    self.answered.append(client)
                else:
                    self.cut += 1

    def release(self, count: int) -> int:
        """Closes that many of those that were answered."""
        leaving, self.answered = self.answered[:count], self.answered[count:]
        for client in leaving:
            client.close()
        return len(leaving)

    def close(self) -> None:
        for client in self.open:
            client.close()
        self.selector.close()


@dataclass
class Starved:
    served: int       # before anything is released
    cpu_cores: float  # used while nothing can be accepted
    taken_up_s: float
    not_taken_up: int
    cut: int
    alive: bool


def starve(hostile: Hostile, lowered: bool) -> Starved:
    with hostile.baseline_with().serving(hostile.setup, 0 if lowered else DESCRIPTORS) as service:
        if lowered:
            resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        crowd = Waiting(service.port)
        try:
            crowd.connect(CONNECTIONS)
            crowd.listen(SETTLE_S)
            served = len(crowd.answered)
            before, start = service.cpu(), time.monotonic()
            crowd.listen(STARVED_S)
            cores = (service.cpu() - before).total_s / (time.monotonic() - start)
            released, start = crowd.release(RELEASED), time.monotonic()
            wanted = len(crowd.answered) + released
            crowd.listen(PATIENCE_S, enough=wanted)
            return Starved(served, cores, time.monotonic() - start, wanted - len(crowd.answered) + RELEASED - released, crowd.cut,
                           service.process.poll() is None)
        finally:
            crowd.close()


def judge(how: str, times: Sequence[Starved]) -> list[Row]:
    title = f"{DESCRIPTORS} descriptors ({how})"
    return [
        each_at_most(f"{title}: services that ended", [not s.alive for s in times], 0),
        row(f"{title}: of {CONNECTIONS} connections served", [s.served for s in times]),
        each_at_most(f"{title}: connections cut", [s.cut for s in times], 0, "those over the limit wait in the listen queue"),
        each_at_most(f"{title}: cores used while nothing can be accepted", [s.cpu_cores for s in times], CPU_GOAL),
        each_at_most(f"{title}: s until {RELEASED} waiting ones were served in place of {RELEASED} closed",
                     [s.taken_up_s for s in times], RELEASE_GOAL_S),
        each_at_most(f"{title}: of these not served", [s.not_taken_up for s in times], 0),
    ]


def measure(hostile: Hostile) -> tuple[list[Row], dict[str, Any]]:
    """Started with the limit, so that the service knows; and with the limit lowered while it runs, so that its accept
    fails, as when files of others take what it counted on."""
    count = 1 if hostile.quick else 3
    rows: list[Row] = []
    summary: dict[str, Any] = {}
    for how, lowered in (("from its start", False), ("lowered while it runs", True)):
        say(f"{DESCRIPTORS} descriptors, {how}, and {CONNECTIONS} connections: {count} times")
        try:
            times = [starve(hostile, lowered) for _ in range(count)]
        except (CouldNotRun, OSError) as error:
            rows.append(not_judged(f"{DESCRIPTORS} descriptors ({how})", "", str(error).replace("\n", " ")))
            continue
        rows += judge(how, times)
        summary[how] = [asdict(s) for s in times]
    return rows, summary
