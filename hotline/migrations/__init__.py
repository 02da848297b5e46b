"""The database schema and its history (Alembic), run by the program itself: there is no ``alembic.ini``.

A new migration: change the tables, then ``hotline db revision "what it does"``, and read what it wrote. docs/upgrade.md
says what it may do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hotline.db import Database
from hotline.errors import Unavailable
from hotline.migrations.fit import misfit
from hotline.migrations.scripts import config_of, head, known
from hotline.migrations.upgrading import UpgradeFailed, upgrade

__all__ = ["UpgradeFailed", "current", "head", "known", "require_fit", "revision", "upgrade"]

STATE = """
    SELECT (SELECT version_num FROM alembic_version), (SELECT oldest FROM schema_state)
"""


async def revision(url: str, message: str) -> Path:
    """Write the migration that leads from the database's schema to that of the tables; return its file."""
    written: list[Path] = []

    def write(connection: Connection) -> None:
        script = command.revision(config_of(connection), message=message, autogenerate=True, rev_id=_next_id())
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


async def require_fit(database: Database) -> None:
    """See that this program may work on the schema of the database.

    :raises Unavailable: it is empty, too old or too new; the message says what to do.
    """
    async with database.read() as session:
        there = (await session.execute(text("SELECT to_regclass('schema_state') IS NOT NULL"))).scalar_one()
        present, oldest = (await session.execute(text(STATE))).one() if there else (None, "")
    if why := misfit(head() or "", known(), present, oldest):
        raise Unavailable(why)


async def _run(url: str, work: Callable[[Connection], object]) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def _next_id() -> str:
    newest = head()
    return f"{int(newest) + 1 if newest else 1:04d}"
