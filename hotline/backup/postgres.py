"""PostgreSQL's own tools, pg_dump and pg_restore, run as processes. Passwords go by the environment, never in words."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from hotline.backup.files import Failure

LOCK_WAIT_MS = 60_000
CONNECT_S = 10
_OWN = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"


@dataclass(frozen=True, slots=True)
class Server:
    """Where the database is; ``url`` is ``postgresql+asyncpg://…``."""

    url: str

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection that waits for nobody's statement timeout.

        :raises Failure: PostgreSQL cannot be reached, or went away.
        """
        dsn = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            connection = await asyncpg.connect(
                dsn, timeout=CONNECT_S, server_settings={"application_name": "hotline backup", "timezone": "UTC"}
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=CONNECT_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            if isinstance(error, OSError) and getattr(error, "filename", None) is not None:
                raise
            # The first line only: PostgreSQL's details may quote rows.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise Failure(f"the database does not do what is asked: {reason}") from error

    def environment(self) -> dict[str, str]:
        """Return libpq's variables for this database (PostgreSQL 34.15)."""
        its = make_url(self.url)
        named = {
            "PGHOST": its.query.get("host") or its.host,
            "PGPORT": its.query.get("port") or its.port,
            "PGUSER": its.username,
            "PGPASSWORD": its.password,
            "PGDATABASE": its.database,
            "PGCONNECT_TIMEOUT": CONNECT_S,
            "PGAPPNAME": "hotline backup",
        }
        return os.environ | {name: str(value) for name, value in named.items() if value} | {"LC_ALL": "C.UTF-8"}

    async def dump(self, snapshot: str, target: Path, jobs: int) -> None:
        """Write the snapshot into a new folder, in pg_dump's directory format.

        :raises Failure: pg_dump failed; ``NO_ROOM`` when the disk is full.
        """
        words = ("--format=directory", f"--jobs={jobs}", f"--snapshot={snapshot}", f"--file={target}")
        await self._run("pg_dump", *words, f"--lock-wait-timeout={LOCK_WAIT_MS}")

    async def restore(self, source: Path, jobs: int) -> None:
        """Fill the empty database from a folder that pg_dump wrote.

        :raises Failure: pg_restore failed; the database may be half full.
        """
        database = self.environment()["PGDATABASE"]
        words = ("--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={jobs}", f"--dbname={database}")
        await self._run("pg_restore", *words, str(source))

    async def _run(self, tool: str, *words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            await self._tool(tool),
            *words,
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, told = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        if process.returncode:
            said = _own_words(tool, told.decode(errors="replace"))
            full = "No space left on device" in said
            raise Failure(f"{tool} failed: {said}", Failure.NO_ROOM if full else Failure.FAILED)

    async def _tool(self, name: str) -> str:
        """Return the newest installed tool; an older one than the server refuses to work."""
        async with self.connect() as connection:
            wanted = int(await connection.fetchval("SHOW server_version_num")) // 10_000
        installed = await asyncio.to_thread(_installed, name)
        if installed and installed[-1][0] >= wanted:
            return installed[-1][1]
        if found := shutil.which(name):
            return found
        raise Failure(f"{name} {wanted} or later is not installed: apt-get install postgresql-client-{wanted}")


async def own_objects(connection: asyncpg.Connection) -> int:
    """Count the tables, views, sequences and functions that belong to no extension."""
    count: int = await connection.fetchval(
        f"""
        SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE {_OWN} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
             + (SELECT count(*) FROM pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace
                WHERE {_OWN} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
        """  # noqa: S608 - only our own words
    )
    return count


async def others(connection: asyncpg.Connection) -> list[str]:
    """Return the names under which others are connected to this database."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT coalesce(nullif(application_name, ''), '(no name)') AS name FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        ORDER BY 1
        """
    )
    return [row["name"] for row in rows]


async def empty(connection: asyncpg.Connection) -> None:
    """Throw away everything in the database, in one transaction."""
    async with connection.transaction():
        rows = await connection.fetch(f"SELECT nspname FROM pg_namespace n WHERE {_OWN}")  # noqa: S608 - our own words
        for name in [row["nspname"] for row in rows]:
            quoted = name.replace('"', '""')
            await connection.execute(f'DROP SCHEMA "{quoted}" CASCADE')
        await connection.execute("CREATE SCHEMA public")


async def rows_of_tables(connection: asyncpg.Connection) -> dict[str, int]:
    """Count the rows of every table, by ``schema.table``; partitions count in their own name."""
    names = await connection.fetch(
        f"""
        SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND {_OWN} ORDER BY 1, 2
        """  # noqa: S608 - only our own words
    )
    return {
        f"{schema}.{table}": await connection.fetchval(f'SELECT count(*) FROM "{schema}"."{table}"')  # noqa: S608
        for schema, table in names
    }


def _installed(name: str) -> list[tuple[int, str]]:
    """Return the tool's versions as Debian installs them, the newest last."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return sorted((int(path.parts[-3]), str(path)) for path in found if path.parts[-3].isdigit())


def _own_words(tool: str, told: str) -> str:
    """Return what the tool itself says; PostgreSQL's DETAIL and CONTEXT lines may quote people's data."""
    mark = f"{tool}: error: "
    lines = [line.removeprefix(mark)[:300] for line in told.splitlines() if line.startswith(mark)]
    return "; ".join(lines[:3]) or "it said nothing"
