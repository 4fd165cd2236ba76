"""uvicorn's HTTP protocol, with what the contract asks of a connection and uvicorn has no setting for: errors of the
parser answered as JSON and in their turn, limits for a head that does not end, time limits, and a drain that
answers what has begun. A request that is right takes uvicorn's own way."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import asyncio
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from devices.contract import HEAD_BYTES
from devices.errors import error_json
from devices.metrics import HttpMetrics

LINGER_SECONDS = 2.0
# In a drain, before listening ends and again before an idle connection is closed: what was sent before it is let in and
# read by then. Twice, because after a late timer the loop looks at sockets only before the next one.
LAST_CHANCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class TimeLimits:
    header: float
    idle: float
    write: float


class Reading(Enum):
    NOTHING = 0
    HEAD = 1
    BODY = 2


class Protocol(HttpToolsProtocol):
    limits: ClassVar[TimeLimits]
    metrics: ClassVar[HttpMetrics]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._reading = Reading.NOTHING
        self._since = self.loop.time()      # of the connection, then of the head being read
        self._head_bytes = 0                # of a head that is not complete
        self._trailer_bytes = 0
        self._unanswered = 0                # requests whose head was read
        self._spoke = False
        self._last = False                  # draining: the next answer is the last
        self._refusal: bytes | None = None  # waits for the answers before it
        self._lingering = False
        self._deaf_since: float | None = None

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        super().data_received(data)
        if self._reading is Reading.HEAD and not self._lingering:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, "head_too_large", f"a request's head has at most {HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        self._reading = Reading.HEAD
        self._since = self.loop.time()
        self._spoke = True
        self._head_bytes = self._trailer_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading is not Reading.BODY:
            super().on_header(name, value)
            return
        self._trailer_bytes += len(name) + len(value)  # trailers are dropped; uvicorn would add them to the head
        if self._trailer_bytes > HEAD_BYTES:
            raise ValueError("trailers too large")

    def on_headers_complete(self) -> None:
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self._reading = Reading.BODY
        self._unanswered += 1
        if self._last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._reading = Reading.NOTHING
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        if self._refusal is not None and self._unanswered == 0 and not self.transport.is_closing():
            self._write_refusal()

    def send_400_response(self, msg: str) -> None:
        if self._reading is Reading.BODY:
            self._abandon_request()
        self._refuse(400, "malformed_request", "the request is not HTTP/1.1 as this server reads it")

    def _abandon_request(self) -> None:
        """The newest request turned out to be malformed in its body."""
        broken = self.cycle
        if broken.response_complete:  # answered already: a second answer would be the next request's
            self._refusal = b""
            return
        self._unanswered -= 1
        if self.pipeline and self.pipeline[0][0] is broken:
            self.pipeline.popleft()
        else:
            broken.disconnected = True
            broken.message_event.set()

    def _refuse(self, status: int, error: str, detail: str) -> None:
        self.metrics.observe("", "", status, 0.0)
        if self._refusal is None:
            body = error_json(error, detail)
            lines = [STATUS_LINE[status]]
            lines += [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
            lines += [b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body), body]
            self._refusal = b"".join(lines)
        self._lingering = True
        if self._unanswered == 0:
            self._write_refusal()

    def _write_refusal(self) -> None:
        """And reads on for a while: closing on a client that still sends would reset what it has to read
        (RFC 9112 section 9.6)."""
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if self._refusal:
            self.transport.write(self._refusal)
        self._refusal = None
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def eof_received(self) -> bool:
        """A client that has finished sending still gets its answers; half a request will never be whole."""
        if self._lingering or self._unanswered == 0 or self._reading is not Reading.NOTHING:
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        self._deaf_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._deaf_since = None
        super().resume_writing()

    def tick(self, now: float) -> None:
        """Called about once a second: no timer is set for each request."""
        if self._deaf_since is not None and now - self._deaf_since > self.limits.write:
            self.transport.abort()
        elif self._lingering:
            return
        elif self._reading is Reading.HEAD and now - self._since > self.limits.header:
            self._refuse(408, "request_timeout", f"the head did not arrive in {self.limits.header:g} s")
        elif not self._spoke and now - self._since > self.limits.idle:
            self.transport.close()

    def shutdown(self) -> None:
        self._last = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        elif self._reading is Reading.NOTHING:
            self.loop.call_later(LAST_CHANCE_SECONDS, self.loop.call_later, LAST_CHANCE_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._reading is Reading.NOTHING and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()


def tick_all(connections: set[asyncio.Protocol], now: float) -> None:
    for connection in list(connections):
        if isinstance(connection, Protocol):
            connection.tick(now)
