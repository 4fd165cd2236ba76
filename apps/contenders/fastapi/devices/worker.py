"""One worker process: uvicorn on the listening socket that the parent shares. Started as
`python -m devices.worker INDEX SOCKET READY FLAGS...`, the last being descriptors that it inherits; its standard input
is a pipe from the parent, whose end means that the parent is gone."""
from __future__ import annotations

import asyncio
import logging
import mmap
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from devices.app import build_app
from devices.backends import Backends
from devices.cache import Cache
from devices.conninfo import connect_arguments
from devices.contract import Contract
from devices.metrics import HttpMetrics, cache_metrics, database_metrics
from devices.options import Options, parse, share
from devices.protocol import LAST_CHANCE_SECONDS, Protocol, TimeLimits, tick_all
from devices.routes import original
from devices.store import Store

TICK_SECONDS = 0.1
TICKS_OF_CONNECTIONS = 5


class Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What waits in the listen queue would be reset: it is let in first."""
        await asyncio.sleep(LAST_CHANCE_SECONDS)
        await super().shutdown(sockets)


class Worker:
    def __init__(self, options: Options, index: int, ready: mmap.mmap) -> None:
        self._options = options
        self._index = index
        self._ready = ready
        self._http = HttpMetrics(options.posts, index)
        self._backends = self._connect_backends() if options.posts else None
        Protocol.limits = TimeLimits(options.header_timeout, options.idle_timeout, options.write_timeout)
        Protocol.metrics = self._http
        app = build_app(options.routes, self._backends, self._lifespan)
        self._server = Server(uvicorn.Config(
            Contract(app, self._http, options.posts, options.body_timeout), http=Protocol, loop="uvloop", ws="none",
            lifespan="on", interface="asgi3", access_log=False, log_level="error", proxy_headers=False,
            timeout_keep_alive=options.idle_timeout, timeout_graceful_shutdown=options.drain_timeout))

    def run(self, listener: socket.socket) -> None:
        self._server.run([listener])

    def _connect_backends(self) -> Backends:
        options, index = self._options, self._index
        connections = share(options.pool, options.workers, index)
        cached = share(options.cache_connections, options.workers, index)
        store = Store(connect_arguments(options.postgres), connections, options.insert_timeout,
                      options.routes == "original", database_metrics(connections), self._http)
        cache = Cache(*options.cache_host, cached, options.cache_timeout, cache_metrics(cached))
        return Backends(store, cache)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), self._on_parent_gone)
        if self._options.routes == "original":
            original.prepare()
        if self._backends is not None:
            await self._backends.start()
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()
        if self._backends is not None:
            await self._backends.stop()

    def _on_parent_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self._server.should_exit = True

    async def _tick(self) -> None:
        """Gauges are set here, not for each request; uvicorn's connections are looked at for their time limits."""
        loop = asyncio.get_running_loop()
        count = 0
        while True:
            connections = self._server.server_state.connections
            self._http.connections.set(len(connections))
            if self._backends is not None:
                self._backends.tick()
            if count % TICKS_OF_CONNECTIONS == 0:
                tick_all(connections, loop.time())
            self._ready[self._index] = self._server.started and (
                self._backends is None or self._backends.store.up)
            count += 1
            await asyncio.sleep(TICK_SECONDS)


def main() -> None:
    index, listener, ready = (int(word) for word in sys.argv[1:4])
    # uvicorn raises the signal that ended it once more for whoever had a handler before; it was no accident.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s %(levelname)s worker {index}: %(message)s")
    worker = Worker(parse(sys.argv[4:]), index, mmap.mmap(ready, 0))
    os.close(ready)
    worker.run(socket.socket(fileno=listener))


if __name__ == "__main__":
    main()
