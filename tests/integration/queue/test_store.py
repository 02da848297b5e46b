"""Operators' states on disk: order, repetition, outages, unreadable rows."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from hotline.db import Database
from hotline.errors import Unavailable
from hotline.queue.model import CallPart, Operator, OperatorState, Pause, Stretch
from hotline.queue.store import Change, StateWriter, load, save
from hotline.queue.tables import AgentStateLogRow, OperatorRow
from tests.integration.queue.conftest import ANNA, BORIS, World

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
READY = Operator(ANNA, "101", NOW, state=OperatorState.READY, queues=("hotline",))
PAUSED = Operator(
    ANNA,
    "101",
    LATER,
    state=OperatorState.PAUSE,
    reason="P02",
    limit_at=LATER + timedelta(minutes=45),
    queues=("hotline", "вторая"),
    calls=(("pbx1-1.1", CallPart.HELD),),
    pause=Pause("P02", Stretch(LATER, None)),
    wrap_up=Stretch(NOW, LATER),
    phone_lost_at=LATER,
)


async def lines(db: Database) -> list[tuple[str, datetime, datetime | None]]:
    async with db.begin() as session:
        rows = await session.scalars(select(AgentStateLogRow).order_by(AgentStateLogRow.from_at))
        return [(row.state, row.from_at, row.to_at) for row in rows]


async def write(db: Database, *changes: Change) -> None:
    for change in changes:
        async with db.begin() as session:
            await save(session, change)


async def test_every_fact_comes_back(db: Database) -> None:
    other = Operator(BORIS, "102", NOW)
    await write(db, Change(PAUSED, LATER, logged=True), Change(other, NOW, logged=True))

    assert await load(db) == [PAUSED, other]


async def test_lines_of_the_log_follow_each_other(db: Database) -> None:
    await write(db, Change(READY, NOW, logged=True), Change(PAUSED, LATER, logged=True))

    assert await lines(db) == [("ready", NOW, LATER), ("pause", LATER, None)]


async def test_a_change_that_nobody_counts_makes_no_line(db: Database) -> None:
    await write(db, Change(READY, NOW, logged=True), Change(PAUSED, LATER, logged=False))

    assert await lines(db) == [("ready", NOW, None)]
    assert await load(db) == [PAUSED]


async def test_saving_twice_is_saving_once(db: Database) -> None:
    paused = Change(PAUSED, LATER, logged=True)
    await write(db, Change(READY, NOW, logged=True), paused, paused)

    assert await lines(db) == [("ready", NOW, LATER), ("pause", LATER, None)]


async def test_a_clock_that_was_set_back_makes_no_negative_stretch(db: Database) -> None:
    await write(db, Change(PAUSED, LATER, logged=True), Change(READY, NOW, logged=True))

    assert await lines(db) == [("ready", NOW, None), ("pause", LATER, LATER)]


async def test_a_state_of_another_version_is_reported_and_left_out(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await write(db, Change(READY, NOW, logged=True), Change(Operator(BORIS, "102", NOW), NOW, logged=True))
    async with db.begin() as session:
        await session.execute(
            update(OperatorRow).where(OperatorRow.user_id == ANNA).values(snapshot={"state": "asleep", "user_id": ANNA})
        )
    with caplog.at_level(logging.WARNING):
        operators = await load(db)

    assert [operator.user_id for operator in operators] == [BORIS]
    assert f"state of user {ANNA} cannot be read" in caplog.text


async def test_nothing_is_lost_while_the_database_is_down(db: Database, unused_tcp_port: int) -> None:
    dead = Database.connect(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")
    writer = StateWriter(dead)
    writer.put(Change(READY, NOW, logged=True))
    writer.put(Change(PAUSED, LATER, logged=True))
    with pytest.raises(Unavailable):
        await writer.flush()
    assert writer.waiting == 2

    writer._db = db  # the database is back
    await writer.flush()
    assert writer.waiting == 0
    assert await lines(db) == [("ready", NOW, LATER), ("pause", LATER, None)]
    await dead.close()


async def test_a_change_that_the_database_refuses_holds_up_no_other(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    writer = StateWriter(db)
    writer.put(Change(Operator(BORIS, "10\x002", NOW), NOW, logged=True))  # PostgreSQL's text has no NUL
    writer.put(Change(READY, NOW, logged=True))
    with caplog.at_level(logging.ERROR):
        await writer.flush()

    assert await load(db) == [READY]
    assert f"state of user {BORIS} was refused" in caplog.text


async def test_closing_writes_what_is_waiting(db: Database) -> None:
    writer = StateWriter(db)
    writer.start()
    writer.put(Change(READY, NOW, logged=True))
    await writer.close()

    assert await load(db) == [READY]


async def test_operators_work_on_without_the_database(world: World, db: Database, unused_tcp_port: int) -> None:
    dead = Database.connect(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")
    writer = world.desk._writer
    writer._db = dead
    async with asyncio.timeout(10):
        started = await world.desk.start_work(ANNA, "101", microphone=True)
        await world.desk.pause(ANNA, "P01")
    assert started.state is OperatorState.READY
    assert world.port.members == {("hotline", "101"): "P01"}
    assert writer.waiting > 0

    writer._db = db
    await world.desk.tick()
    await asyncio.sleep(0)  # the writer takes its lock
    async with asyncio.timeout(5), writer._writing:
        assert writer.waiting == 0
    assert [row[0] for row in await lines(db)][-1] == "pause"
    await dead.close()
