"""Bringing a schema up to date while the service works (docs/upgrade.md).

Each migration is a transaction of its own that waits at most ``LOCK_S`` for a lock: whoever wants a table behind it
waits no longer either. When it does not get the lock everything is as before, it says who holds it, and tries again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from hotline.migrations.scripts import config_of, steps

LOCK_S = 2.0
"""The longest that a migration waits for a lock, and so the longest that others wait behind it."""
STATEMENT_S = 20.0
"""The longest that one statement of a migration may take on a database that is in use."""
WAIT_S = 120.0
"""How long a migration is tried again before the upgrade is given up."""
_PAUSE_S = 1.0
_LOOK_S = 0.1
_TURN = 0x686F746C696E65  # "hotline": an advisory lock of our own
_NO_LOCK = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_TOO_LONG = "57014"  # query_canceled

HOLDERS = """
    SELECT l.relation::regclass::text AS what, a.pid, a.usename, coalesce(nullif(a.application_name, ''), '?') AS name,
           a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::int AS seconds
    FROM pg_stat_activity a
    LEFT JOIN pg_locks l ON l.pid = $1 AND NOT l.granted
    WHERE a.pid = ANY (pg_blocking_pids($1))
    ORDER BY a.xact_start
"""
"""Never the text of their statements: it may hold somebody's data."""

Tell = Callable[[str], None]


class UpgradeFailed(Exception):
    """A migration could not be made; the schema is at the one before it, and nothing is half done."""


async def upgrade(
    url: str, *, wait_s: float = WAIT_S, tell: Tell | None = None, more: Sequence[Path] = ()
) -> list[str]:
    """Bring the database up to date; return the ids of the migrations that were made.

    Safe to run from several processes at once: they take turns.

    :param url: ``postgresql+asyncpg://…``
    :param wait_s: how long, in seconds, each migration is tried again when it does not get its locks.
    :param tell: is told who is waited for.
    :param more: folders with further migrations (tests).
    :raises UpgradeFailed: a lock was not to be had, or a statement took too long; the message says whose or which.
    :raises sqlalchemy.exc.DBAPIError: the server cannot be reached, or refused a statement.
    """
    made = []
    async with _turn(url) as connection:
        present = await connection.run_sync(_present)
        await connection.commit()
        if present is not None:  # an empty database is in nobody's use
            for name, seconds in (("lock_timeout", LOCK_S), ("statement_timeout", STATEMENT_S)):
                await connection.execute(text(f"SET {name} = {seconds * 1000:.0f}"))
            await connection.commit()
        for step in steps(present, more):
            await _make(connection, url, step, wait_s, tell or (lambda _: None), more)
            made.append(step)
    return made


@asynccontextmanager
async def _turn(url: str) -> AsyncIterator[AsyncConnection]:
    """Open a connection that is the only one to change the schema; the turn ends with it."""
    settings = {"timeout": 10, "server_settings": {"application_name": "hotline db upgrade"}}
    engine = create_async_engine(url, poolclass=NullPool, connect_args=settings)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _TURN})
            await connection.commit()
            yield connection
    finally:
        await engine.dispose()


async def _make(
    connection: AsyncConnection, url: str, step: str, wait_s: float, tell: Tell, more: Sequence[Path]
) -> None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + wait_s
    async with _watching(connection, url) as holders:
        while True:
            try:
                await connection.run_sync(lambda live: command.upgrade(config_of(live, more), step))
            except DBAPIError as error:
                await connection.rollback()
                state = getattr(error.orig, "sqlstate", None)
                if state == _TOO_LONG:
                    raise UpgradeFailed(
                        f"migration {step}: a statement took longer than {STATEMENT_S:.0f} s and was taken back"
                    ) from error
                if state not in _NO_LOCK:
                    raise
                why = f"migration {step} waits for {' and for '.join(holders) or 'a lock'}"
                if loop.time() >= give_up:
                    raise UpgradeFailed(f"{why}; given up after {wait_s:.0f} s, nothing was changed") from error
                tell(f"{why}; trying again")
            else:
                return
            await asyncio.sleep(_PAUSE_S)  # whoever waited behind us goes first


@asynccontextmanager
async def _watching(connection: AsyncConnection, url: str) -> AsyncIterator[list[str]]:
    """Note who stands in the way of ``connection``, from beside it: when its wait is over nobody knows any more."""
    pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    await connection.commit()
    holders: list[str] = []
    ready = asyncio.Event()
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    async def look() -> None:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the upgrade itself says so
            beside = await asyncpg.connect(dsn, timeout=10)
            ready.set()
            try:
                while True:
                    if found := await beside.fetch(HOLDERS, pid):
                        holders[:] = [_words(row) for row in found]
                    await asyncio.sleep(_LOOK_S)
            finally:
                beside.terminate()

    task = asyncio.create_task(look())
    task.add_done_callback(lambda _: ready.set())
    try:
        await ready.wait()
        yield holders
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _words(row: asyncpg.Record) -> str:
    what = f"{row['what']}, held by " if row["what"] else ""
    return (
        f"{what}process {row['pid']} ({row['name']}, user {row['usename']}, {row['state']}, "
        f"in its transaction for {row['seconds'] or 0} s)"
    )


def _present(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
