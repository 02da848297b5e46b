"""Daily cleaning: what nobody needs any more is deleted at night, at the organisation's own time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hotline.clock import Clock

log = logging.getLogger(__name__)

AT = time(3, 30)
"""Local time of the daily run: the quietest hour, and after the clock changes of zones that have them."""
LOOK_S = 30.0
"""Seconds between two looks at the clock. A sleep until the next run would overshoot when the machine was suspended."""

Job = Callable[[], Awaitable[int]]
"""Cleans or checks something and returns how many things went, or were found."""


def next_run(after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) later than ``after`` at which the cleaning is due."""
    local = after.astimezone(zone)
    due = datetime.combine(local.date(), AT, zone)
    # Compared in UTC: a day on which the clock is changed has 23 or 25 hours.
    if due.astimezone(UTC) <= after:
        due = datetime.combine(local.date() + timedelta(days=1), AT, zone)
    return due.astimezone(UTC)


class Housekeeping:
    """Runs every job once a day, and once at the start, because a service may be restarted every night.

    A job that fails is logged and does not keep the others from running.
    """

    def __init__(self, clock: Clock, zone: ZoneInfo, jobs: Mapping[str, Job], *, look_s: float = LOOK_S) -> None:
        self._clock = clock
        self._zone = zone
        self._jobs = jobs
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after the house."""
        self._task = asyncio.create_task(self._keep(), name="housekeeping")

    async def close(self) -> None:
        """Stop; a job that is running is cut off (its transaction is rolled back)."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run(self) -> None:
        """Run every job now."""
        for name, job in self._jobs.items():
            try:
                gone = await job()
            except Exception:  # whatever it is, the other jobs must run, and tomorrow it is tried again
                log.exception("cleaning of %s failed", name)
            else:
                log.info("daily job %s: %d", name, gone)

    async def _keep(self) -> None:
        due = self._clock.now()
        while True:
            if self._clock.now() >= due:
                await self.run()
                due = next_run(self._clock.now(), self._zone)
            await asyncio.sleep(self._look_s)
