"""Daily cleaning goes by the injected clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.clock import FakeClock
from hotline.housekeeping import Housekeeping, next_run

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("after", "zone", "due"),
    [
        (datetime(2026, 11, 20, 0, 29, tzinfo=UTC), MOSCOW, datetime(2026, 11, 20, 0, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 0, 30, tzinfo=UTC), MOSCOW, datetime(2026, 11, 21, 0, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), MOSCOW, datetime(2026, 11, 21, 0, 30, tzinfo=UTC)),
        # The night in which Berlin's clock goes back has 25 hours.
        (
            datetime(2026, 10, 24, 1, 30, tzinfo=UTC),
            ZoneInfo("Europe/Berlin"),
            datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
        ),
    ],
    ids=["a minute before", "at the moment itself", "in the evening", "when the clock goes back"],
)
def test_next_run(after: datetime, zone: ZoneInfo, due: datetime) -> None:
    assert next_run(after, zone) == due


class WatchedClock(FakeClock):
    """Tells how often it was looked at."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.looks: asyncio.Queue[None] = asyncio.Queue()

    def now(self) -> datetime:
        self.looks.put_nowait(None)
        return super().now()


async def test_every_job_runs_at_the_start_and_then_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    clock = WatchedClock(datetime(2026, 11, 20, 7, 0, tzinfo=UTC))  # 10:00 in Moscow
    runs: asyncio.Queue[datetime] = asyncio.Queue()

    async def broken() -> int:
        raise OSError("the disk is gone")

    async def count() -> int:
        runs.put_nowait(clock.now())
        return 3

    house = Housekeeping(clock, MOSCOW, {"broken": broken, "drafts": count}, look_s=0.001)
    house.start()
    try:
        async with asyncio.timeout(5):
            first = await runs.get()
            clock.advance(timedelta(hours=17))  # 03:00 of the next day
            while not clock.looks.empty():
                clock.looks.get_nowait()
            for _ in range(3):  # looks at the clock, none of which may run the jobs
                await clock.looks.get()
            assert runs.empty()
            clock.advance(timedelta(hours=1))
            second = await runs.get()
    finally:
        await house.close()
    assert second - first == timedelta(hours=18)
    assert "cleaning of broken failed" in caplog.text
