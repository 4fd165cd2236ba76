"""Pure ASGI around the application: times each request, and refuses what the contract refuses before a route is
looked for. Not Starlette's BaseHTTPMiddleware, which starts a task for each request."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.errors import ContractError, json_of
from devices.metrics import API, HttpMetrics

HEAD_BYTES = 8 * 1024
BODY_BYTES = 16 * 1024
# A larger body is not read to its end for the sake of the connection.
DISCARDED_BYTES = 8 * 1024 * 1024
CLOSE = {"Connection": "close"}


class ClientGone(Exception):
    """Nobody is there to answer."""


@dataclass(slots=True)
class Head:
    has_body: bool = False
    expects: bool = False  # Expect: 100-continue, so that no byte of the body may have been sent


def examine(scope: Scope, posts: bool) -> Head:
    """Raises ContractError. Framing itself is the parser's: what comes here is one request with a known end."""
    head = Head()
    size = len(scope["raw_path"]) + len(scope["query_string"]) + len(scope["method"]) + 12
    hosts = 0
    length = 0
    coding = expect = content_type = None
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            length = int(value)
            head.has_body = length > 0
        elif name == b"transfer-encoding":
            coding = value if coding is None else coding + b"," + value
        elif name == b"expect":
            expect = value.lower()
        elif name == b"content-type":
            content_type = value
    version = scope["http_version"]
    if version not in ("1.1", "1.0"):
        raise ContractError(505, "version_not_supported", "this is a server of HTTP/1.1", CLOSE)
    if size > HEAD_BYTES:
        raise ContractError(431, "head_too_large", f"a request's head has at most {HEAD_BYTES} bytes", CLOSE)
    if hosts != 1 and (hosts or version == "1.1"):
        raise ContractError(400, "bad_host", "a request has exactly one Host")
    if coding is not None:
        if version == "1.0":
            raise ContractError(400, "malformed_request", "HTTP/1.0 has no Transfer-Encoding", CLOSE)
        if coding.strip().lower() != b"chunked":
            raise ContractError(501, "coding_not_supported", "the only transfer coding is chunked", CLOSE)
        head.has_body = True
    if expect is not None and expect != b"100-continue":
        raise ContractError(417, "expectation_failed", "the only expectation is 100-continue",
                            CLOSE if head.has_body else None)
    head.expects = expect is not None and version == "1.1"
    if length > BODY_BYTES:
        raise too_large(close=head.expects or length > DISCARDED_BYTES)
    if content_type is not None and posts and scope["method"] == "POST" and scope["path"] == API \
            and content_type.partition(b";")[0].strip().lower() != b"application/json":
        raise ContractError(415, "unsupported_media_type", "a device is application/json",
                            CLOSE if head.expects else None)
    return head


def too_large(close: bool) -> ContractError:
    return ContractError(413, "body_too_large", f"a body has at most {BODY_BYTES} bytes", CLOSE if close else None)


async def read_body(receive: Receive, timeout: float) -> bytes:
    """All of it, before the route: a GET may bring one, too, and half a request is never acted on."""
    body = b""
    try:
        async with asyncio.timeout(timeout):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message["body"]
                if len(body) > BODY_BYTES:  # the connection stays, uvicorn drops the rest
                    raise too_large(close=False)
                if not message["more_body"]:
                    return body
    except TimeoutError:
        raise ContractError(408, "request_timeout", f"the body did not arrive in {timeout:g} s", CLOSE) from None


def replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def refuse(error: ContractError, send: Send) -> None:
    body = json_of(error)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in (error.headers or {}).items()]
    await send({"type": "http.response.start", "status": error.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Contract:
    def __init__(self, app: ASGIApp, metrics: HttpMetrics, posts: bool, body_timeout: float) -> None:
        self._app = app
        self._metrics = metrics
        self._posts = posts
        self._body_timeout = body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        self._metrics.active.inc()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            try:
                if examine(scope, self._posts).has_body:
                    receive = replay(await read_body(receive, self._body_timeout))
            except ContractError as error:
                await refuse(error, watched)
                return
            except ClientGone:
                return
            await self._app(scope, receive, watched)
        finally:
            self._metrics.active.dec()
            if status:
                self._metrics.observe(scope["method"], scope["path"], status, perf_counter() - began)
