#!/usr/bin/env python3
"""Connections that stay busy until they are told to close: what a drain has to treat well.

  drain_client.py --port N --connections N --rate N --limit SECONDS

Each connection sends its share of --rate, one request at a time, on schedule, all at the same instants, so that most of
the time requests are under way; after an answer with "Connection: close", or when it sees the other side close, it sends
no more. "ready" on stdout after the first second. Ends when no connection is left, or at --limit. Then one line of JSON.
"""
from __future__ import annotations

import argparse
import heapq
import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass

REQUEST = b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Counted:
    sent: int = 0
    answered: int = 0
    refused: int = 0          # answers other than 200
    lost: int = 0             # sent, never answered
    told_to_close: int = 0    # connections that got an answer with Connection: close
    closed_idle: int = 0      # connections closed while no request was under way
    never_closed: int = 0     # connections left at the limit, with no request under way

    @property
    def failed(self) -> int:
        return self.lost + self.refused + self.never_closed


def whole_answer(seen: bytes) -> tuple[int, bool, int] | None:
    """Status, whether it says Connection: close, and its size; None while it is incomplete."""
    head, separator, _ = seen.partition(b"\r\n\r\n")
    if not separator:
        return None
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    size = len(head) + 4 + int(fields.get(b"content-length", b"0"))
    if len(seen) < size:
        return None
    return int(head[9:12]), fields.get(b"connection") == b"close", size


@dataclass
class Connection:
    socket: socket.socket
    due: float
    waiting: bool = False
    seen: bytes = b""


class Client:
    def __init__(self, port: int, connections: int, rate: float) -> None:
        self.counted = Counted()
        self.epoll = select.epoll()
        self.period_s = connections / rate
        self.connections: dict[int, Connection] = {}
        self.due: list[tuple[float, int]] = []
        start = time.monotonic()
        for _ in range(connections):
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections[client.fileno()] = Connection(client, start)
            self.epoll.register(client, select.EPOLLIN)
        self.due = [(each.due, fd) for fd, each in self.connections.items()]
        heapq.heapify(self.due)

    def close(self, fd: int) -> None:
        connection = self.connections.pop(fd)
        if connection.waiting:
            self.counted.lost += 1
        connection.socket.close()

    def send_due(self) -> None:
        while self.due and self.due[0][0] <= time.monotonic():
            _, fd = heapq.heappop(self.due)
            connection = self.connections.get(fd)
            if connection is None:
                continue
            connection.waiting = True
            self.counted.sent += 1
            try:
                connection.socket.send(REQUEST)
            except OSError:
                self.close(fd)

    def readable(self, fd: int) -> None:
        connection = self.connections[fd]
        try:
            data = connection.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.counted.closed_idle += not connection.waiting
            self.close(fd)
            return
        connection.seen += data
        answer = whole_answer(connection.seen)
        if answer is None:
            return
        status, close, size = answer
        connection.seen = connection.seen[size:]
        connection.waiting = False
        self.counted.answered += 1
        self.counted.refused += status != 200
        if close:
            self.counted.told_to_close += 1
            self.close(fd)
        else:
            connection.due = max(connection.due + self.period_s, time.monotonic())
            heapq.heappush(self.due, (connection.due, fd))

    def turn(self) -> None:
        self.send_due()
        left = max(0.0, self.due[0][0] - time.monotonic()) if self.due else 0.05
        for fd, _ in self.epoll.poll(min(left, 0.05)):
            if fd in self.connections:
                self.readable(fd)

    def finish(self) -> Counted:
        self.counted.never_closed = sum(not each.waiting for each in self.connections.values())
        for fd in list(self.connections):
            self.close(fd)
        return self.counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--limit", type=float, required=True)
    asked = parser.parse_args()
    client, start, told = Client(asked.port, asked.connections, asked.rate), time.monotonic(), False
    while client.connections and time.monotonic() < start + asked.limit:
        client.turn()
        if not told and time.monotonic() > start + 1:
            print("ready", flush=True)
            told = True
    print(json.dumps(asdict(client.finish())), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
