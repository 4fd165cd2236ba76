#!/usr/bin/env python3
"""Clients that do harm, many at a time. Started by the hostile measurements, on the load generator's core but
behind it (SCHED_IDLE), so that it is the service that suffers.

  crowd.py idle|slow-heads|slow-bodies|slow-readers --port N --count N --limit SECONDS

"ready" on stdout once all are connected and have begun. Until stdin ends, slow senders that are refused come back; readers
do not: the answers made for them in vain would be a load of their own. Then one line of JSON: what became of them.
--limit: by when each has to be refused.
"""
from __future__ import annotations

import argparse
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

PER_TURN = 20          # connects between two looks at the others
PER_SECOND = 500       # but for idle ones: refused together, they would come back together, ever again
SETTLE_S = 0.5         # readers have begun when none could send for this long
CONNECTING_MOST = 1000  # at a time: below any listen queue
PERIOD_S = 1.0         # between two bytes of a slow sender
SPARE_DESCRIPTORS = 50
SLOW_HEAD = b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000
BODY_HEADS = (b"POST /api/devices HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
              b"POST /api/devices HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n")
READER_REQUESTS = b"GET /api/devices HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
# A path like that of a network: loopback's segments of 64 KB would let megabytes of answers wait in socket buffers.
READER_SEGMENT, READER_RECEIVE_BYTES = 1460, 4096


@dataclass
class Tally:
    """What became of those that were refused, and how long each took."""

    limit_s: float
    outcomes: dict[str, int] = field(default_factory=dict)
    times_s: list[float] = field(default_factory=list)
    late: int = 0

    def ended(self, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.times_s.append(seconds)
        self.late += seconds > self.limit_s

    def summary(self, waiting_s: list[float]) -> dict[str, Any]:
        """`waiting_s`: how long those have waited that are still there."""
        times = sorted(self.times_s)
        return {"refused": len(times), "outcomes": self.outcomes, "still_there": len(waiting_s),
                "median_s": times[len(times) // 2] if times else None,
                "longest_s": max(times + waiting_s, default=0.0),
                "late": self.late + sum(t > self.limit_s for t in waiting_s)}


@dataclass
class Member:
    socket: socket.socket
    head: bytes           # sent at once
    slow: bytes           # sent a byte a period
    connected: bool = False
    since: float = 0.0    # its deadline counts from here
    sent: int = 0


def refusal(data: bytes) -> str:
    """What an answer is called in the outcomes: its status, or "closed"."""
    return data[9:12].decode(errors="replace") if data.startswith(b"HTTP/1.") else "closed"


class Crowd:
    def __init__(self, kind: str, port: int, count: int, limit_s: float) -> None:
        self.kind, self.port, self.count = kind, port, count
        self.tally = Tally(limit_s)
        self.members: dict[int, Member] = {}
        self.due: deque[tuple[float, Member]] = deque()  # ascending: all wait the same period
        self.connecting, self.opened = 0, 0
        self.start = self.progress = time.monotonic()
        self.epoll = select.epoll()

    @property
    def complete(self) -> bool:
        settled = self.kind != "slow-readers" or time.monotonic() > self.progress + SETTLE_S
        return self.opened >= self.count and self.connecting == 0 and settled

    def may_open(self) -> bool:
        wanted = self.opened < self.count if self.kind == "slow-readers" else len(self.members) < self.count
        paced = self.kind == "idle" or self.opened < PER_SECOND * (time.monotonic() - self.start)
        return wanted and paced and self.connecting < CONNECTING_MOST

    def open(self) -> None:
        client = socket.socket()
        client.setblocking(False)
        # Gone without TIME_WAIT: thousands of them would use up the ports.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.kind == "slow-readers":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READER_RECEIVE_BYTES)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, READER_SEGMENT)
        head, slow = {"idle": (b"", b""), "slow-heads": (b"", SLOW_HEAD), "slow-readers": (READER_REQUESTS, b""),
                      "slow-bodies": (BODY_HEADS[self.opened % 2], b"a" * 999)}[self.kind]
        self.opened += 1
        member = Member(client, head, slow)
        self.members[client.fileno()] = member
        self.connecting += 1
        client.connect_ex(("127.0.0.1", self.port))
        self.epoll.register(client, select.EPOLLOUT)

    def end(self, member: Member, outcome: str) -> None:
        if member.connected:
            self.tally.ended(outcome, time.monotonic() - member.since)
        else:
            self.connecting -= 1
            self.tally.ended("not connected", 0)
        del self.members[member.socket.fileno()]
        member.socket.close()  # leaves epoll too; what is due of it is skipped

    def send(self, member: Member, data: bytes) -> int:
        try:
            return member.socket.send(data)
        except BlockingIOError:
            return 0

    def writable(self, member: Member) -> None:
        now = time.monotonic()
        if not member.connected:
            if member.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise ConnectionError
            member.connected, member.since = True, now
            self.connecting -= 1
        if member.sent < len(member.head):
            sent = self.send(member, member.head[member.sent:])
            member.sent += sent
            if sent:
                member.since = self.progress = now
        if self.kind == "slow-readers":
            # Not EPOLLIN: its answers are never read. The end shows as an error or as the other side's FIN.
            more = select.EPOLLOUT if member.sent < len(member.head) else 0
            self.epoll.modify(member.socket, more | select.EPOLLRDHUP)
            return
        self.epoll.modify(member.socket, select.EPOLLIN)
        if member.slow:
            self.send(member, member.slow[:1])
            member.sent = 1
            self.due.append((now + PERIOD_S, member))

    def readable(self, member: Member, events: int) -> None:
        if self.kind == "slow-readers":
            self.end(member, "reset" if events & select.EPOLLERR else "closed")
            return
        self.end(member, refusal(member.socket.recv(4096)))

    def send_due(self) -> float:
        """Seconds until the next one is due, at most 0.1."""
        while self.due:
            at, member = self.due[0]
            left = at - time.monotonic()
            if left > 0 and self.members.get(member.socket.fileno()) is member:
                return min(left, 0.1)
            self.due.popleft()
            if self.members.get(member.socket.fileno()) is not member:
                continue
            try:
                self.send(member, member.slow[member.sent:member.sent + 1])
                member.sent += 1
                self.due.append((at + PERIOD_S, member))
            except OSError:
                self.end(member, "reset")
        return 0.1

    def turn(self) -> None:
        for _ in range(PER_TURN):
            if not self.may_open():
                break
            self.open()
        wait = self.send_due()
        missing = self.opened < self.count or (self.kind != "slow-readers" and len(self.members) < self.count)
        for fd, events in self.epoll.poll(0.001 if missing else wait, 1000):
            member = self.members.get(fd)
            if member is None:
                continue
            try:
                if events & (select.EPOLLERR | select.EPOLLHUP | select.EPOLLRDHUP | select.EPOLLIN) and member.connected:
                    self.readable(member, events)
                else:
                    self.writable(member)
            except OSError:
                self.end(member, "reset")

    def summary(self) -> dict[str, Any]:
        now = time.monotonic()
        return self.tally.summary([now - m.since for m in self.members.values() if m.connected])


def raise_descriptors(count: int) -> str:
    """"" or what is in the way."""
    wanted = count + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return f"descriptor limit {hard} is below the {wanted} that {count} connections need: raise it with ulimit -Hn {wanted}, as root"
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["idle", "slow-heads", "slow-bodies", "slow-readers"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--limit", type=float, required=True)
    asked = parser.parse_args()
    if trouble := raise_descriptors(asked.count):
        print(trouble, flush=True)
        return 1
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    crowd, told = Crowd(asked.kind, asked.port, asked.count, asked.limit), False
    stop = select.poll()
    stop.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while not stop.poll(0):
        crowd.turn()
        if crowd.complete and not told:
            print("ready", flush=True)
            told = True
    for _ in range(2):  # what happened before stdin ended counts
        crowd.turn()
    print(json.dumps(crowd.summary()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
