"""The quality of calls: live per operator, added up per leg of a call, kept in the database.

A report of a browser is never waited for and never waits: it changes numbers in memory. The database gets a leg's sums
when its call ends and about every minute, so that a crash of the service costs a minute of figures and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from prometheus_client import Counter, Histogram
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import SQLAlchemyError

from hotline.clock import Clock
from hotline.cti.model import CallEvent, Phase
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.events import Bus
from hotline.softphone.quality_rules import ONE_WAY, LegQuality, QualityChanged, Report
from hotline.softphone.tables import CallQualityRow

log = logging.getLogger(__name__)

REPORTS = Counter("hotline_quality_reports_total", "Reports of browsers about the sound of calls", ["result"])
ALARMS = Counter("hotline_quality_alarms_total", "Faults of the sound that browsers reported", ["alarm"])
MOS = Histogram(
    "hotline_call_mos", "Mean opinion score of two seconds of a call", buckets=(1.5, 2, 2.5, 3.1, 3.6, 4.03, 4.3, 4.5)
)

FRESH = timedelta(seconds=10)
"""Browsers report every two seconds: an older figure tells nothing about now."""
SAVE_EVERY = 30
"""Reports of one leg after which its sums go to the database."""
FORGOTTEN = timedelta(minutes=1)
LEGS_AT_ONCE = 8
"""Legs of one user in one call that are counted at the same time; nobody has so many ears."""
BURST = 6.0
PER_S = 2.0
RETRY_S = 5.0

_SUMS = ("scored", "mos_sum", "received", "lost", "alarms", "alarm_s")
_MAXIMA = ("last_at", "jitter_max_ms", "rtt_max_ms")
_MINIMA = ("first_at", "mos_min")

_Key = tuple[str, int, str]


@dataclass(slots=True)
class _Allowance:
    """A leaky bucket: ``BURST`` reports at once, ``PER_S`` in the long run."""

    at: datetime
    left: float = BURST

    def take(self, now: datetime) -> bool:
        passed = max(0.0, (now - self.at).total_seconds())
        self.left = min(BURST, self.left + passed * PER_S)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class QualityService:
    """Takes reports, tells the bus, writes sums."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._db = database
        self._bus = bus
        self._clock = clock
        self._live: dict[str, QualityChanged] = {}
        self._sums: dict[_Key, LegQuality] = {}
        self._due: set[_Key] = set()
        self._allowed: dict[int, _Allowance] = {}
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Begin to listen and to write. Must be called in the running loop."""
        self._unsubscribe = self._bus.subscribe(CallEvent, handler=self._on_call, name="softphone.quality")
        self._task = asyncio.create_task(self._write(), name="softphone:quality")

    async def close(self) -> None:
        """Write what is known, if the database answers, and stop."""
        if self._unsubscribe is not None:
            await self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._due |= set(self._sums)
        try:
            await self.flush()
        except (Unavailable, SQLAlchemyError):
            log.warning("the quality of %d calls was not saved: the database is down", len(self._due))

    def report(self, user_id: int, extension: str, call_key: str | None, report: Report) -> bool:
        """Take one report; ``call_key`` is the live call in which this extension takes part, if there is one.

        Return whether it was taken: a browser that reports too often, or on too many legs, is not listened to.
        """
        now = self._clock.now()
        if not self._allowed.setdefault(user_id, _Allowance(now)).take(now):
            REPORTS.labels("too-often").inc()
            return False
        before = self._live.get(extension)
        if call_key is not None and not self._count(user_id, extension, call_key, report, now, before):
            REPORTS.labels("too-many-legs").inc()
            return False
        REPORTS.labels("taken").inc()
        if report.mos is not None:
            MOS.observe(report.mos)
        self._tell_alarm(extension, call_key, report, before)
        self._live[extension] = QualityChanged(extension, user_id, call_key, now, report)
        self._bus.publish(self._live[extension])
        return True

    def live(self) -> list[QualityChanged]:
        """Return the present figures of all operators who talk now."""
        since = self._clock.now() - FRESH
        return [one for one in self._live.values() if one.at >= since]

    async def of_calls(self, keys: Iterable[str]) -> dict[str, tuple[LegQuality, ...]]:
        """Return the kept figures of calls, leg by leg in the order of time; calls without any are left out.

        :raises Unavailable: the database does not answer.
        """
        row = CallQualityRow
        found: dict[str, tuple[LegQuality, ...]] = {}
        async with self._db.begin() as session:
            statement = select(row).where(row.call_key.in_(list(keys))).order_by(row.first_at, row.id)
            for one in await session.scalars(statement):
                leg = LegQuality(**{field.name: getattr(one, field.name) for field in fields(LegQuality)})
                found[leg.call_key] = (*found.get(leg.call_key, ()), leg)
        return found

    async def final(self, keys: Iterable[str]) -> dict[str, tuple[LegQuality, ...]]:
        """Return the figures of calls that have just ended, the last seconds included; raises as :meth:`of_calls`."""
        wanted = set(keys)
        self._due |= {key for key in self._sums if key[0] in wanted}
        await self.flush()
        return await self.of_calls(wanted)

    async def flush(self) -> None:
        """Write the sums that are due.

        :raises Unavailable: the database does not answer; the sums wait.
        """
        async with self._writing:
            keys = [key for key in self._due if key in self._sums]
            self._due.clear()
            taken = [self._sums.pop(key) for key in keys]
            if not taken:
                return
            try:
                async with self._db.begin() as session:
                    for leg in taken:
                        await session.execute(_adding(leg))
            except BaseException:
                for leg in taken:
                    self._put_back(leg)
                raise

    def _count(
        self, user_id: int, extension: str, call_key: str, report: Report, now: datetime, before: QualityChanged | None
    ) -> bool:
        key = (call_key, user_id, report.leg)
        if key not in self._sums:
            if sum(1 for one in self._sums if one[:2] == key[:2]) >= LEGS_AT_ONCE:
                return False
            self._sums[key] = LegQuality(call_key, user_id, extension, report.leg, now, now)
        self._sums[key] = self._sums[key].plus(report, now, before)
        if self._sums[key].scored >= SAVE_EVERY:
            self._due.add(key)
            self._wake.set()
        return True

    def _tell_alarm(self, extension: str, call_key: str | None, report: Report, before: QualityChanged | None) -> None:
        was = before.report.alarm if before is not None and before.report is not None else None
        if report.alarm is was:
            return
        if report.alarm is not None:
            ALARMS.labels(report.alarm).inc()
        level = logging.WARNING if report.alarm in ONE_WAY else logging.INFO
        log.log(level, "sound of %s in call %s: %s", extension, call_key or "-", report.alarm or "as it should be")

    async def _on_call(self, event: CallEvent) -> None:
        if event.call.phase is not Phase.ENDED:
            return
        for extension, one in list(self._live.items()):
            if one.call_key == event.call.key:
                del self._live[extension]
                self._bus.publish(QualityChanged(extension, one.user_id, one.call_key, self._clock.now(), None))
        # Legs that fell silent long ago as well: the end of their call was missed.
        silent = self._clock.now() - FORGOTTEN
        self._due |= {key for key, leg in self._sums.items() if leg.call_key == event.call.key or leg.last_at < silent}
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except (Unavailable, SQLAlchemyError) as error:
                log.warning("the quality of calls cannot be saved now, %d legs are waiting: %s", len(self._due), error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), RETRY_S)
                self._wake.set()

    def _put_back(self, leg: LegQuality) -> None:
        """Wait with a leg that could not be written; what was counted meanwhile is added to it."""
        key = (leg.call_key, leg.user_id, leg.leg)
        since = self._sums.get(key)
        self._sums[key] = leg if since is None else leg.joined(since)
        self._due.add(key)


def _adding(leg: LegQuality) -> Insert:
    """Add a stretch to what the database has of the leg: a restarted service goes on where the old one stopped."""
    row = CallQualityRow
    statement = insert(row).values(**asdict(leg))
    new = statement.excluded
    together = {name: getattr(row, name) + new[name] for name in _SUMS}
    together |= {name: func.greatest(getattr(row, name), new[name]) for name in _MAXIMA}  # NULL is ignored
    together |= {name: func.least(getattr(row, name), new[name]) for name in _MINIMA}
    return statement.on_conflict_do_update(index_elements=[row.call_key, row.user_id, row.leg], set_=together)
