"""Calls told while PostgreSQL is away are in the journal once it is back: all, once, in order (S002-01)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from hotline.clock import SystemClock
from hotline.cti.model import Call, CallEvent, CallEventKind, EndSource
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.journal.call_writer import CallWriter
from hotline.journal.calls import CallJournal
from hotline.journal.tables_call import CallRecord
from hotline.migrations import upgrade
from hotline.stand.postgres import PrivateCluster
from tests.unit.journal.test_callmerge import ENDED, STARTED, TALKING

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def of(number: int, call: Call) -> Call:
    """The same call of another citizen."""
    legs = tuple(replace(leg, uniqueid=leg.uniqueid.replace("-1.", f"-{number}.")) for leg in call.legs)
    return replace(call, key=f"pbx1-{number}.1", legs=legs)


async def rows(db: Database) -> list[tuple[str, str | None, bool]]:
    async with db.begin() as session:
        found = await session.scalars(select(CallRecord).order_by(CallRecord.id))
        return [(row.key, row.end_source, row.ended_at is not None) for row in found]


def left_out() -> float:
    return REGISTRY.get_sample_value("hotline_calls_left_to_logs_total") or 0


async def test_calls_told_while_the_database_is_away_are_written_afterwards() -> None:
    """Beside the import, which has written one of them meanwhile; one has no place and is left to the logs."""
    saw: list[tuple[str, str]] = []
    async with PrivateCluster() as cluster:
        url = await cluster.create_database("away")
        await upgrade(url)
        db = Database.connect(url)
        journal = CallJournal(db, SystemClock())
        writer = CallWriter(journal, lambda call: saw.append((call.key, call.phase)), limit=3, again_s=0.05)

        async def tell(*calls: Call) -> None:
            for call in calls:
                await writer.on_event(CallEvent(CallEventKind.STARTED, call, NOW))

        await tell(STARTED)
        await cluster.halt()
        before = left_out()
        await tell(TALKING, of(2, STARTED), of(3, STARTED), ENDED, of(2, ENDED), of(4, STARTED), of(4, ENDED))
        with pytest.raises(Unavailable):
            await db.ping()
        assert (writer.waiting, left_out() - before) == (3, 1)
        await cluster.start()
        await journal.record(replace(of(2, ENDED), end_source=EndSource.LOG))
        async with asyncio.timeout(20):
            await writer.settled()
        await tell(of(3, ENDED))  # from now on nothing waits
        found = await rows(db)
        await writer.close()
        await db.close()
    assert found[0] == ("pbx1-1.1", "ami", True)
    assert sorted(found[1:]) == [("pbx1-2.1", "log", True), ("pbx1-3.1", "ami", True)]
    assert saw == [
        ("pbx1-1.1", "started"), ("pbx1-1.1", "ended"), ("pbx1-2.1", "ended"), ("pbx1-3.1", "started"),
        ("pbx1-3.1", "ended"),
    ]  # fmt: skip


async def test_a_stop_writes_what_it_can_and_says_what_it_cannot(caplog: pytest.LogCaptureFixture) -> None:
    """The database may be back just then; when it is not, Asterisk's logs have the calls."""
    async with PrivateCluster() as cluster:
        url = await cluster.create_database("away")
        await upgrade(url)
        db = Database.connect(url)
        writer = CallWriter(CallJournal(db, SystemClock()), lambda _: None, again_s=60)
        await cluster.halt()
        await writer.record([ENDED])
        await writer.close()
        assert "1 calls that wait for the database are left to Asterisk's logs" in caplog.text
        await writer.record([of(2, ENDED)])
        await cluster.start()
        await writer.close()
        assert [key for key, *_ in await rows(db)] == ["pbx1-1.1", "pbx1-2.1"]
        await db.close()
