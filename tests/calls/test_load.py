"""``hotline load`` on the real thing: everything a call can go through, and what the journal makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from hotline.archive import coverage, queries
from hotline.db import Database
from hotline.journal.tables_call import CallRecord
from hotline.load.people import hire
from hotline.load.runner import Load, Options
from hotline.load.script import preset
from hotline.load.session import Person
from hotline.profiles.demo import DEMO_PASSWORD
from hotline.softphone.tables_line import CallLineRow
from hotline.stand.service import Stand
from tests.house import House, open_house

pytestmark = pytest.mark.calls

OPERATORS, CITIZENS = 5, 20
LOAD_S = 170


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    async with open_house(stand, demo_db_url) as running:
        yield running


async def options(house: House, db: Database, script: str) -> Options:
    people = await hire(db, OPERATORS, first_extension=110)
    return Options(
        url=house.url,
        people=tuple(people),
        supervisor=Person("admin", DEMO_PASSWORD),
        script=preset(script),
        operators=OPERATORS,
        callers=CITIZENS,
        tolerance_s=3,
    )


async def test_twenty_calls_with_everything_are_right_in_the_journal(house: House, demo_db: Database) -> None:
    load = Load(await options(house, demo_db, "mixed"), house.stand.asterisk)
    async with asyncio.timeout(LOAD_S):
        report = await load.run()
    assert report.ok, report.text()
    assert len(report.rows) == CITIZENS
    assert report.recordings == CITIZENS
    # Every operator had a share: nobody was forgotten by the queue. And the script was followed.
    assert len({citizen.operator for citizen in report.citizens}) == OPERATORS
    assert report.notices["held"]
    assert report.notices["refused"]
    assert report.notices["reloaded"]
    # Coverage: what was talked through holds, consultations, hand-overs and lost sockets is on the disk.
    keys = [str(row["key"]) for row in report.rows.values()]
    for key in keys:
        await house.logged(f"recording {key} is kept", within_s=60)
    async with demo_db.begin() as session:
        covered = coverage.report(await queries.conversations(session, CallRecord.key.in_(keys)))
    assert covered.calls == CITIZENS
    assert covered.share >= 0.99, covered
    # What Asterisk's RTP counted, looked at every five seconds: on a line without loss nothing is lost.
    async with demo_db.begin() as session:
        lines = list(await session.scalars(select(CallLineRow).where(CallLineRow.call_key.in_(keys))))
    assert {line.extension is None for line in lines} == {True, False}
    assert len({line.call_key for line in lines}) >= CITIZENS / 4
    assert all(line.received > 0 and line.lost <= 0.05 * line.received for line in lines if line.extension is None)
    assert all(line.sent > 0 for line in lines if line.extension is not None)


async def test_operators_in_two_processes_and_an_end_before_the_end(house: House, demo_db: Database) -> None:
    wanted = replace(await options(house, demo_db, "smoke"), processes=2, callers=100)
    load = Load(wanted, house.stand.asterisk)
    async with asyncio.timeout(LOAD_S), asyncio.TaskGroup() as group:
        running = group.create_task(load.run())
        await load.reached(4, lambda citizen: citizen.connected.is_set())
        assert load.progress().split("/")[1].startswith("100 called")
        load.stop.set()
    report = running.result()
    assert report.interrupted
    assert report.ok, report.text()
    assert 4 <= len(report.rows) < 100
    assert report.cpu_s > 0
