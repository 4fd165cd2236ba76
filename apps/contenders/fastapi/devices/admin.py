"""The admin port: /healthz, /readyz and /metrics, served by threads of the parent, which does nothing else; so a saturated
worker delays neither probe nor scrape."""
from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from devices.errors import error_json

JSON = "application/json"
HEAD_BYTES = 8 * 1024


class Handler(BaseHTTPRequestHandler):
    server: Admin
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # a line that is no request is told so, with a status
    timeout = 60
    wbufsize = -1  # an answer in one piece

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, b'{"status":"ok"}')
        elif self.path == "/readyz":
            ready = self.server.ready()
            self._answer(200 if ready else 503, b'{"status":"%s"}' % (b"ready" if ready else b"not ready"))
        elif self.path.partition("?")[0] == "/metrics":
            self._answer(200, generate_latest(self.server.registry), CONTENT_TYPE_PLAIN_0_0_4)
        else:
            self._answer(404, error_json("not_found", "here are /healthz, /readyz and /metrics"))

    do_HEAD = do_GET

    def _refuse(self) -> None:
        self.close_connection = True
        self._answer(405, error_json("method_not_allowed", "this port takes GET and HEAD"))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse

    def parse_request(self) -> bool:
        if len(self.raw_requestline) > HEAD_BYTES:
            self.send_error(431)
            return False
        return super().parse_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses itself: a head that is malformed or too large, a method it does not know."""
        self.close_connection = True
        self._answer(code, error_json("malformed_request", message or self.responses.get(code, ("refused",))[0]))

    def _answer(self, status: int, body: bytes, content_type: str = JSON) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == 405:
            self.send_header("Allow", "GET, HEAD")
        if status == 503:
            self.send_header("Retry-After", "1")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if getattr(self, "command", "") != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes and scrapes are no news."""


class Admin(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], ready: Callable[[], bool], folder: Path, tree: Collector) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)
        self.ready = ready
        self.registry = CollectorRegistry()
        MultiProcessCollector(self.registry, str(folder))
        self.registry.register(tree)

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def shutdown_request(self, request: socket.socket) -> None:
        """Lets the client read its answer before the connection goes: closing with input unread would reset it."""
        try:
            request.shutdown(socket.SHUT_WR)
            request.settimeout(1)
            for _ in range(64):
                if not request.recv(65536):
                    break
        except OSError:
            pass
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""
