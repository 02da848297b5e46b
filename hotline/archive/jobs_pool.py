"""A job queue's connections, and how its worker stops although the database is away.

procrastinate says good-bye in the database, however long it takes to get a connection: psycopg's pool waits 30 s for
one, then procrastinate takes the error for a lost connection and forgets that it was cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import procrastinate
import psycopg
import psycopg_pool

log = logging.getLogger(__name__)

CONNECT_S = 5
FINISH_S, STOP_S, CUT_S = 1.0, 2.0, 0.3
"""Seconds that a job may go on when the service stops; in which all must have ended by itself; without a database."""


class JobsPool:
    """Makes the connector of one queue, and breaks its connections when nobody shall wait for them any more."""

    def __init__(self, conninfo: str, *, max_size: int, schema: str, name: str) -> None:
        self.closing = False
        """The worker is being stopped: an error is no reason to begin anew."""
        self._pool: psycopg_pool.AsyncConnectionPool | None = None
        self._connections: WeakSet[psycopg.AsyncConnection[Any]] = WeakSet()
        self.connector = procrastinate.PsycopgConnector(
            conninfo=conninfo,
            min_size=1,
            max_size=max_size,
            kwargs={
                "options": f"-c search_path={schema}",
                "application_name": name,
                "connect_timeout": CONNECT_S,
            },
            configure=self._opened,
            pool_factory=self._make,
        )

    async def stop(self, tasks: Collection[asyncio.Task[None]], *, alone: bool = False) -> None:
        """Stop what works with these connections, within some seconds.

        :param alone: the database is known to be away.
        """
        self.closing = True
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=0 if alone else STOP_S)
        if pending:
            log.warning("%s stops without the database", next(iter(pending)).get_name())
            await self._cut()
            await asyncio.wait(pending, timeout=CUT_S)

    async def pause(self, seconds: float) -> None:
        """Wait before the worker begins anew; not at all when it is being stopped."""
        if not self.closing:
            await asyncio.sleep(seconds)

    def _make(self, **settings: Any) -> psycopg_pool.AsyncConnectionPool:
        self._pool = psycopg_pool.AsyncConnectionPool(**settings)
        return self._pool

    async def _opened(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connections.add(connection)

    async def _cut(self) -> None:
        for connection in list(self._connections):
            # One that is closed already has no wire.
            with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)
        if self._pool is not None:
            await self._pool.close(timeout=CUT_S)
