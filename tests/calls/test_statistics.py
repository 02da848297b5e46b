"""Issue 5, "statistics that prove themselves", on the real Asterisk: every kind of transfer, and kill -9 between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hotline.clock import FakeClock
from hotline.stats.check import StatsCheck
from tests.calls.talk_rules import LEVEL_2, Do
from tests.calls.talks import Cast, cast
from tests.calls.test_transfer_outcomes import Step, script

__all__ = ["cast"]
pytestmark = pytest.mark.calls

PLAYED: list[list[Step]] = [
    [Do.HOLD, Do.RESUME, (Do.CONSULT, LEVEL_2), Do.REFUSE, (Do.CONSULT, LEVEL_2), Do.ANSWER, Do.CANCEL, Do.HANG_UP],
    [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.KILL, Do.COMPLETE, Do.BYE],
    [(Do.SEND, LEVEL_2), Do.REFUSE, Do.ANSWER, (Do.SEND, LEVEL_2), Do.ANSWER, Do.HOLD, Do.KILL, Do.RESUME, Do.HANG_UP],
    [Do.PARK, (Do.TAKE, LEVEL_2), Do.BYE],
]
TRANSFERS = [
    ("consult", "refused", 1), ("consult", "cancelled", 1), ("consult", "done", 1), ("blind", "refused", 1),
    ("blind", "done", 1),
]  # fmt: skip


async def test_statistics_of_real_conversations_agree_with_the_logs(cast: Cast) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=1)
    for number, steps in enumerate(PLAYED):
        await cast.play(f"conversation {number}", str(79285550000 + number), script(steps))
    imported = text("SELECT count(*) FROM call WHERE end_source = 'log'")
    async with asyncio.timeout(20):
        while True:
            async with cast.db.begin() as sql:
                if await sql.scalar(imported) == len(PLAYED):
                    break
    # A call is compared a minute after its end.
    later = FakeClock(datetime.now(UTC) + timedelta(minutes=5))
    result = await StatsCheck(cast.db, later, [cast.house.stand.asterisk.settings]).run(begun, later.now())
    assert (result.found, result.calls, result.broken) == ((), len(PLAYED), 0)
    async with cast.db.begin() as sql:
        found = await sql.execute(
            text("SELECT kind, result, count(*) FROM call_segment WHERE kind IN ('consult', 'blind') GROUP BY 1, 2")
        )
        assert sorted(tuple(row) for row in found) == sorted(TRANSFERS)
