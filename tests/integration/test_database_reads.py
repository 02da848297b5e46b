"""Sessions that only read, and connections that PostgreSQL has closed."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hotline.db import Database
from hotline.errors import Unavailable


async def test_a_read_sends_its_statement_and_nothing_else(own_db: Database, own_db_url: str) -> None:
    """No ping, no BEGIN, no COMMIT: PostgreSQL says what it ran last on the connection, and in which transaction."""
    watch = await asyncpg.connect(own_db_url.replace("+asyncpg", ""))
    async with own_db.read() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        state = await watch.fetchrow("SELECT state, query, xact_start FROM pg_stat_activity WHERE pid = $1", pid)
    assert tuple(state) == ("idle", "SELECT pg_backend_pid()", None)
    async with own_db.read() as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) == pid
    last = await watch.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", pid)
    assert last == "SELECT pg_backend_pid()"
    await watch.close()


async def test_what_is_written_in_a_transaction_after_a_read_is_kept_or_rolled_back_whole(own_db: Database) -> None:
    async with own_db.begin() as session:
        await session.execute(text("CREATE TABLE note (word text)"))
    async with own_db.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM note")) == 0
    with pytest.raises(ZeroDivisionError):
        await _break_off(own_db)
    async with own_db.begin() as session:
        await session.execute(text("INSERT INTO note VALUES ('kept')"))
    async with own_db.read() as session:
        assert (await session.scalars(text("SELECT word FROM note"))).all() == ["kept"]


async def test_connections_that_postgresql_closed_are_made_anew(own_db: Database, own_db_url: str) -> None:
    """As after a restart of PostgreSQL: nobody sees an error once the sockets are closed."""

    async def pids() -> set[int]:
        async def one() -> int:
            async with own_db.begin() as session:
                pid = await session.scalar(text("SELECT pg_backend_pid() FROM pg_sleep(0.05)"))
            assert isinstance(pid, int)
            return pid

        return set(await asyncio.gather(*(one() for _ in range(3))))

    before = await pids()
    watch = await asyncpg.connect(own_db_url.replace("+asyncpg", ""))
    closed = [asyncio.Event() for _ in before]
    held = []
    for event in closed:
        session = own_db.begin()
        opened = await session.__aenter__()
        held.append(session)
        raw = await (await opened.connection()).get_raw_connection()
        assert raw.driver_connection is not None
        raw.driver_connection.add_termination_listener(lambda _, event=event: event.set())
    for session in held:
        await session.__aexit__(None, None, None)
    for pid in before:
        await watch.execute("SELECT pg_terminate_backend($1)", pid)
    async with asyncio.timeout(10):
        for event in closed:
            await event.wait()
    assert not await pids() & before
    await watch.close()


async def test_a_server_that_is_away_is_said_to_be(own_db_url: str) -> None:
    database = Database.connect(own_db_url.replace("host=", "host=/nowhere"))
    with pytest.raises(Unavailable):
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    await database.close()


async def _break_off(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(text("INSERT INTO note VALUES ('lost')"))
        raise ZeroDivisionError


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "58030", "57P01", "08006"])
async def test_a_server_that_cannot_write_is_away(own_db: Database, state: str) -> None:
    """S002-01: what cannot be written because the disk is full is written later, not given up (class 53, 58)."""
    with pytest.raises(Unavailable):
        async with own_db.begin() as session:
            await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))


async def test_a_refused_row_is_no_server_that_is_away(own_db: Database) -> None:
    with pytest.raises(DBAPIError):
        async with own_db.begin() as session:
            await session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23505'; END $$"))
