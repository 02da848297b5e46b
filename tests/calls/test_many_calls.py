"""Twenty citizens call at once; five operators answer them all; the journal has each of them once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from hotline.clock import SystemClock
from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.house import open_house
from tests.operators import hire, operator

pytestmark = pytest.mark.calls

CITIZENS, OPERATORS, CITIZEN_HZ = 20, 5, 440


async def test_every_call_is_in_the_journal_once(stand: Stand, demo_db: Database, demo_db_url: str) -> None:
    started_at = SystemClock().now()  # the logs of the shared Asterisk also hold the calls of other tests
    logins = await hire(demo_db, OPERATORS)
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        team = [await stack.enter_async_context(operator(house.url, login)) for login in logins]
        for one in team:
            await one.start_work()
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(one.answer_all(CITIZEN_HZ)) for one in team]
            async with citizen_calls(
                stand.asterisk, sound=float(CITIZEN_HZ), calls=CITIZENS, rate=20, hold_s=120
            ) as citizens:
                result = await citizens.wait(120)
            for task in work:
                task.cancel()
        assert (result.successful, result.failed) == (CITIZENS, 0), result.errors
        await house.logged("is over and in the journal", times=CITIZENS)
        # Every operator had a share: nobody was forgotten by the queue.
        assert all(one.answered for one in team)
        assert sum(len(one.answered) for one in team) == CITIZENS
    async with demo_db.begin() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT key, outcome, ended_by, recorded, wait_s, talk_s, operator_id FROM call"
                    " WHERE started_at >= :started_at"
                ),
                {"started_at": started_at},
            )
        ).all()
    assert len(rows) == len({row.key for row in rows}) == CITIZENS
    assert {(row.outcome, row.ended_by, row.recorded) for row in rows} == {("answered", "agent", True)}
    assert all(row.talk_s > 0 and row.operator_id is not None for row in rows)
    # Five are answered at once, the others wait for their turn.
    assert max(row.wait_s for row in rows) > min(row.wait_s for row in rows) >= 0
