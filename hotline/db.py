"""PostgreSQL through SQLAlchemy 2 async: one declarative base, one place that makes engines and sessions.

PostgreSQL is the only dialect (architecture decision), so tables may use JSONB, partial indexes and row locks freely.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar
from weakref import WeakSet

from sqlalchemy import DateTime, MetaData, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from hotline.errors import Unavailable

# Stable constraint names, so that migrations can name what they change.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SERVER_SETTINGS = {
    "application_name": "hotline",
    "jit": "off",
    "timezone": "UTC",
    # A list joins half a dozen tables: planning it takes ten times as long as running it, and PostgreSQL would plan it
    # anew at every call. Statements are written so that their plan does not depend on the bound values (ranges instead
    # of LIKE, phases of partial indexes as literals); tests look at the generic plans.
    "plan_cache_mode": "force_generic_plan",
    # Starting helpers takes several milliseconds, in which what they would help with is done.
    "max_parallel_workers_per_gather": "0",
}
"""What every connection of the product asks of PostgreSQL."""
_AWAY = (InterfaceError, OperationalError, ConnectionError, TimeoutError, FileNotFoundError, NoFreeConnection)
"""How it shows that PostgreSQL does not answer, or so slowly that no connection of the pool becomes free."""
_AWAY_STATES = ("08", "57P", "53", "58")
"""Beginnings of SQLSTATE that say the same: connection exceptions, a server that starts or stops, one that has no room
on its disk, no memory or no free client left, or whose disk fails (PostgreSQL, appendix A). What was to be written is
as good as before, and will be taken once the server has what it needs."""
PREPARED = 400
"""Statements of which a connection keeps the plans. The product has some hundreds; planning one takes milliseconds."""
REMEMBERED = "remembered"
"""In ``session.info``: what parts of the product remember of this database, by their own names."""


class Base(DeclarativeBase):
    """Declarative base of every table in the product."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Database:
    """Sessions for the services. ``begin()`` is one transaction: commits at the end, rolls back on any error."""

    def __init__(self, bind: AsyncEngine | AsyncConnection) -> None:
        self._bind = bind
        self._reader = bind.execution_options(isolation_level="AUTOCOMMIT") if isinstance(bind, AsyncEngine) else bind
        self._info: dict[Any, Any] = {REMEMBERED: {}}
        self.gone = False
        """Nobody shall wait for PostgreSQL any more (:meth:`cut`)."""
        self._open: WeakSet[Any] = WeakSet()
        """Connections, as the driver knows them."""
        if isinstance(bind, AsyncEngine):
            event.listen(bind.sync_engine, "connect", self._opened)
            event.listen(bind.sync_engine, "do_connect", self._may_open)

    def _opened(self, connection: Any, _record: object) -> None:
        self._open.add(connection.driver_connection)

    def _may_open(self, *_: object) -> None:
        if self.gone:
            raise ConnectionError("no connections any more")

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 20) -> Database:
        """Make a database over a connection pool. ``url`` is ``postgresql+asyncpg://…``; connects on first use."""
        # No overflow: those connections are thrown away when they come back, so that whoever is busy pays a new
        # connection, with what asyncpg asks first, for every other transaction.
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # in errors, and so in logs: they are people's data
            pool_use_lifo=True,  # the connection used last has the plans of what is asked most
            connect_args={
                "timeout": 5,
                "command_timeout": 30,
                "server_settings": SERVER_SETTINGS,
                "prepared_statement_cache_size": PREPARED,
            },
        )
        event.listen(engine.sync_engine, "checkout", _require_open)
        return cls(engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction.

        :raises Unavailable: PostgreSQL cannot be reached.
        """
        async with _available(self._session(self._bind)) as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that only reads: each statement is one round trip, with no transaction round it.

        Every statement sees what is committed when it runs, as in :meth:`begin`. What is added is not kept.

        :raises Unavailable: PostgreSQL cannot be reached.
        """
        async with _available(self._session(self._reader)) as session:
            yield session

    def _session(self, bind: AsyncEngine | AsyncConnection) -> AsyncSession:
        # Over a connection (tests) a session's commit releases a savepoint; over an engine it really commits.
        return AsyncSession(bind, expire_on_commit=False, join_transaction_mode="create_savepoint", info=self._info)

    async def ping(self) -> None:
        """Run ``SELECT 1``.

        :raises Unavailable: PostgreSQL cannot be reached.
        """
        async with self.begin() as session:
            await session.execute(text("SELECT 1"))

    async def answers(self, within_s: float) -> bool:
        """Tell whether PostgreSQL answers so soon; one that hangs need not be waited for."""
        asked = asyncio.create_task(self.ping())
        done, _ = await asyncio.wait([asked], timeout=within_s)
        if not done:
            # Not cancelled: that would wait for the server, too. It ends with the connections.
            asked.add_done_callback(lambda task: task.cancelled() or task.exception())
        return bool(done) and asked.exception() is None

    def cut(self) -> None:
        """Break every connection and make no new one: whoever waits for PostgreSQL gets ``Unavailable`` at once."""
        self.gone = True
        for connection in list(self._open):
            connection.terminate()

    async def close(self) -> None:
        """Close the pool."""
        if isinstance(self._bind, AsyncEngine):
            await self._bind.dispose()


@asynccontextmanager
async def _available(session: AsyncSession) -> AsyncIterator[AsyncSession]:
    try:
        async with session:
            yield session
    except _AWAY as error:
        if getattr(error, "filename", None) is not None:
            raise  # a file of ours; the socket of a server that is away is missing without a name
        raise Unavailable("the database does not answer", error_id="database-unavailable") from error
    except DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", "")).startswith(_AWAY_STATES):
            raise
        raise Unavailable("the database does not answer", error_id="database-unavailable") from error


def _require_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """Refuse a connection that PostgreSQL has closed; the pool then makes a new one.

    A closed socket is known without asking. The pool's own ping takes three round trips before every transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
