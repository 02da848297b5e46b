"""The database schema and its history (Alembic), run by the program itself: there is no ``alembic.ini``.

A new migration: change the tables, then ``hotline db revision "what it does"``, and read what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 0x686F746C696E65  # "hotline": an advisory lock of our own
_LOCK_TIMEOUT = "10s"


async def upgrade(url: str) -> None:
    """Bring the database up to date. Safe to run from several processes at once: they take turns.

    :param url: ``postgresql+asyncpg://…``
    :raises sqlalchemy.exc.DBAPIError: a table stayed locked for longer than 10 s, or the server cannot be reached;
        the database is then as before.
    """
    await _run(url, _upgrade)


async def revision(url: str, message: str) -> Path:
    """Write the migration that leads from the database's schema to that of the tables; return its file."""
    written: list[Path] = []

    def write(connection: Connection) -> None:
        script = command.revision(_config(connection), message=message, autogenerate=True, rev_id=_next_id())
        if script is None or isinstance(script, list):
            msg = "Alembic wrote no single migration"
            raise RuntimeError(msg)
        written.append(Path(script.path))

    await _run(url, write)
    return written[0]


async def current(url: str) -> str | None:
    """Return the id of the migration that the database is at; ``None`` when it is empty."""
    found: list[str | None] = []
    await _run(url, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision()))
    return found[0]


def head() -> str | None:
    """Return the id of the newest migration."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def known() -> frozenset[str]:
    """Return the ids of all migrations of this program."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(_config(None)).walk_revisions())


async def _run(url: str, work: Callable[[Connection], object]) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    # A migration that waits for a lock makes everybody else wait behind it: better to give up and be tried again.
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
    command.upgrade(_config(connection), "head")


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _next_id() -> str:
    newest = head()
    return f"{int(newest) + 1 if newest else 1:04d}"
