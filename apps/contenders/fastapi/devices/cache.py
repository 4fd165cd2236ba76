"""The cache entry, through aiomcache: kept by aio-libs, as fast as emcache here (about 40,000 sets/s), connections handed
out in turn, at once there again with the server. emcache wakes the waiter that came last (with 64 sets on 8
connections some ran into a timeout of 500 ms), waits out its timeout for each set while the server is away, and
comes back with a backoff of up to a minute."""
from __future__ import annotations

import asyncio
import logging
from time import perf_counter

import aiomcache
from aiomcache.pool import Connection

from devices.metrics import OperationMetrics

logger = logging.getLogger("devices")

EXPIRY_SECONDS = 20


class Client(aiomcache.Client):
    """aiomcache 0.8.2 spins for ever where the server closes the connection before its reply
    (github.com/aio-libs/aiomcache/issues/502), and gives a connection whose reply was not waited for back to the pool."""

    async def _execute_simple_command(self, conn: Connection, raw_command: bytes) -> bytes:
        try:
            conn.writer.write(raw_command)
            await conn.writer.drain()
            line = await conn.reader.readline()
        except asyncio.CancelledError:
            conn.reader.set_exception(ConnectionAbortedError("its reply was not waited for"))
            raise
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("memcached closed the connection")
        return line[:-2]


class Cache:
    def __init__(self, host: str, port: int, connections: int, timeout: float, metrics: OperationMetrics) -> None:
        self._connections = connections
        self._timeout = timeout
        self._metrics = metrics
        self._client = Client(host, port, pool_size=connections)
        self._running = 0
        self._failing = False

    async def set(self, key: bytes, value: bytes) -> bool:
        """Whether it is stored. Never raises: the row is the truth, and it is committed."""
        began = perf_counter()
        self._running += 1
        try:
            async with asyncio.timeout(self._timeout):
                stored = await self._client.set(key, value, exptime=EXPIRY_SECONDS)
            failure = "" if stored else "refused"
        except TimeoutError:
            failure = "timed_out"
        except ConnectionRefusedError:
            failure = "unavailable"
        except OSError:
            failure = "lost"
        except aiomcache.ClientException:
            failure = "refused"
        finally:
            self._running -= 1
        self._metrics.duration[failure].observe(perf_counter() - began)
        if self._failing != bool(failure):
            self._tell(failure)
        return not failure

    def _tell(self, failure: str) -> None:
        self._failing = bool(failure)
        if failure:
            logger.warning("memcached: a set failed: %s", failure)
        else:
            logger.info("memcached: sets succeed again")
            self._metrics.reconnects.inc()

    async def stop(self) -> None:
        await self._client.close()

    def tick(self) -> None:
        """aiomcache does not tell what is open; it opens all at the first set, and again when they were lost."""
        used = min(self._running, self._connections)
        self._metrics.state["used"].set(used)
        self._metrics.state["idle"].set(0 if self._failing else self._connections - used)
        self._metrics.pending.set(self._running - used)
