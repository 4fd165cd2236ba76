"""The row: one INSERT through asyncpg's pool, and what its failure means to the client."""
from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import Histogram

from devices.errors import ContractError
from devices.metrics import POOL_WAIT, HttpMetrics, OperationMetrics

logger = logging.getLogger("devices")

INSERT = ("INSERT INTO device (uuid, mac, firmware, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) "
          "RETURNING id")
PROBE_SECONDS = 0.5


async def keep_as_it_is(connection: asyncpg.Connection) -> None:
    """Instead of asyncpg's reset, a round trip for each time a connection is given back: one INSERT leaves nothing in
    the session that could be reset."""


class Store:
    """A worker's share of the connections. They are opened when they are first needed, and again after a loss."""

    def __init__(self, arguments: dict[str, Any], connections: int, timeout: float, reset: bool,
                 metrics: OperationMetrics, http: HttpMetrics) -> None:
        # The server gives a statement up after the client was told 504, so that a locked table does not collect one
        # process for each connection that was given up.
        settings = {"statement_timeout": str(round(timeout * 1500)), **arguments.get("server_settings", {})}
        self._arguments = {**arguments, "server_settings": settings, "timeout": timeout}
        self._connections = connections
        self._timeout = timeout
        self._reset = None if reset else keep_as_it_is
        self._metrics = metrics
        self._wait: Histogram = POOL_WAIT.labels("postgresql")
        self._rejected = http.rejected
        self._pool: asyncpg.Pool | None = None
        self._watching: asyncio.Task[None] | None = None
        self._doubt = asyncio.Event()
        self._connecting = 0
        self._silent = False  # the last attempt to connect was not answered in time
        self._lost = 0
        self._pending = 0
        self._stopping = False
        self.up = False

    async def start(self) -> None:
        self._pool = await asyncpg.create_pool(
            min_size=0, max_size=self._connections, max_inactive_connection_lifetime=0, connect=self._connect,
            init=self._watch, reset=self._reset, **self._arguments)
        self._watching = asyncio.create_task(self._keep_watching())

    async def stop(self) -> None:
        self._stopping = True
        if self._watching is not None:
            self._watching.cancel()
        if self._pool is not None:
            self._pool.terminate()

    async def insert(self, uuid: UUID, mac: str, firmware: str, at: datetime) -> int:
        """The row's id, once it is committed: asyncpg waits for the server's ReadyForQuery. ContractError 503 where
        the statement was not sent, 500 where the database refused it, 504 where nobody knows."""
        began = perf_counter()
        connection = await self._acquire(began)
        try:
            left = max(0.001, self._timeout - (perf_counter() - began))
            id = await connection.fetchval(INSERT, uuid, mac, firmware, at, timeout=left)
        except TimeoutError:
            connection.terminate()  # asyncpg would wait for the statement to be cancelled before it lets go
            raise self._failed("timed_out", began, ContractError(
                504, "outcome_unknown", "the database did not answer in time; the row may be stored")) from None
        except asyncpg.PostgresError as wrong:
            state = getattr(wrong, "sqlstate", None) or ""
            if ends_session(state):
                raise self._unknown(began) from None
            logger.error("postgresql: SQLSTATE %s: %s", state, wrong)
            raise self._failed("refused", began, ContractError(
                500, "database_error", "the database refused the row; it is not stored")) from None
        except (OSError, asyncpg.InterfaceError):
            raise self._unknown(began) from None
        finally:
            await self._pool.release(connection)
        self._metrics.duration[""].observe(perf_counter() - began)
        return id

    async def _acquire(self, began: float) -> Any:
        self._pending += 1
        try:
            connection = await self._pool.acquire(timeout=self._timeout)
        except TimeoutError:
            if not self.up:
                raise self._unavailable(began) from None
            self._rejected["overload"].inc()
            raise self._failed("overloaded", began, ContractError(
                503, "overloaded", "too many requests wait for the database; the row is not stored",
                {"Retry-After": "1"})) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            raise self._unavailable(began) from None
        finally:
            self._pending -= 1
        self._wait.observe(perf_counter() - began)
        return connection

    def _failed(self, failure: str, began: float, error: ContractError) -> ContractError:
        self._metrics.duration[failure].observe(perf_counter() - began)
        return error

    def _unknown(self, began: float) -> ContractError:
        return self._failed("outcome_unknown", began, ContractError(
            504, "outcome_unknown",
            "the link to the database was lost after the statement was sent; the row may be stored"))

    def _unavailable(self, began: float) -> ContractError:
        self._rejected["unavailable"].inc()
        return self._failed("unavailable", began, ContractError(
            503, "database_unavailable", "no connection to the database; the row is not stored", {"Retry-After": "1"}))

    async def _connect(self, *arguments: Any, **keywords: Any) -> asyncpg.Connection:
        self._connecting += 1
        try:
            connection = await asyncpg.connect(*arguments, **keywords)
        except BaseException as wrong:
            self._silent = isinstance(wrong, (TimeoutError, asyncio.CancelledError))
            self._doubt.set()
            raise
        finally:
            self._connecting -= 1
        self._silent = False
        if self._lost:
            self._lost -= 1
            self._metrics.reconnects.inc()
        return connection

    async def _watch(self, connection: asyncpg.Connection) -> None:
        connection.add_termination_listener(self._on_lost)

    def _on_lost(self, _: object) -> None:
        if not self._stopping:
            self._lost += 1
            self._doubt.set()

    async def _keep_watching(self) -> None:
        """Asks the database at the start, when a connection was lost or refused, and until it answers again."""
        while True:
            self._doubt.clear()
            try:
                async with self._pool.acquire(timeout=self._timeout) as connection:
                    await connection.fetchval("SELECT 1", timeout=self._timeout)
            except TimeoutError:
                self._set_up(self.up and not self._silent)  # all in use, a locked table: not away
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as wrong:
                self._set_up(False, wrong)
            else:
                self._set_up(True)
            if self.up:
                await self._doubt.wait()
            else:
                await asyncio.sleep(PROBE_SECONDS)

    def _set_up(self, up: bool, wrong: Exception | None = None) -> None:
        if up != self.up:
            if up:
                logger.info("postgresql: connected to the database")
            else:
                logger.warning("postgresql: the database is away: %s", wrong or "no answer")
        self.up = up

    def tick(self) -> None:
        size, idle = self._pool.get_size(), self._pool.get_idle_size()
        self._metrics.state["idle"].set(idle)
        self._metrics.state["used"].set(size - idle)
        self._metrics.state["connecting"].set(self._connecting)
        self._metrics.pending.set(self._pending)


def ends_session(sqlstate: str) -> bool:
    """The server ended the session, or the link broke: what became of the statement is not told."""
    return sqlstate.startswith(("08", "57P")) or sqlstate == ""
