"""Reminds people of deadlines: a look at the journal every minute (domain 2.5).

Not a row in the job queue for each reminder: deadlines move (edits, extensions, the calendar), and every job made for
the old one would have to be found and taken back. A look computes from what is true now. That nothing is said twice is
the table ``reminder``'s work: one row for each appeal, deadline and stage, whoever looks and however often.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy import Row, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.journal import outbox, settings_store
from hotline.journal.deadlines import Calendar
from hotline.journal.model import AppealChanged, Phase
from hotline.journal.notice_model import NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.outbox import Outbox
from hotline.journal.reminding import SOON_DAYS, Stage, Telling, horizon, is_digest_time, ladder, telling
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.tables_terms import ReminderRow
from hotline.staff.tables import OrganisationRow

log = logging.getLogger(__name__)

LOOK_S = 60.0
_BATCH = 500
_EAST = timedelta(hours=12)
"""How much further east than the installation an organisation's day may have begun."""
_KINDS = {
    Stage.SOON: NoticeKind.DUE_SOON,
    Stage.TOMORROW: NoticeKind.DUE_TOMORROW,
    Stage.HALF: NoticeKind.DUE_HALF,
    Stage.NEARLY: NoticeKind.DUE_NEARLY,
    Stage.DUE: NoticeKind.OVERDUE,
}

TOLD = Counter("hotline_reminders_total", "Reminders of deadlines.", ["stage"])


class Reminders:
    """Looks at the open appeals once a minute and tells their people what is near or late."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, relay: Outbox, *, look_s: float = LOOK_S) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = relay
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep(), name="reminders")

    async def close(self) -> None:
        """Stop; a look that is cut off has told whole batches only."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> int:
        """Send what is due now: reminders, and the daily digests; return how many people were told something."""
        now = self._clock.now()
        async with self._db.begin() as session:
            calendar = await settings_store.calendar(session)
        told = await self._remind(now, calendar)
        day = is_digest_time(now, self._zone, calendar)
        if day is not None:
            told += await self._digest(now, day)
        if told:
            await self._outbox.relay()
        return told

    async def _keep(self) -> None:
        while True:
            try:
                await self.look()
            except HotlineError as error:  # the database is away; the next look finds the same
                log.warning("reminders wait: %s", error)
            except Exception:
                log.exception("a look at the deadlines failed")
            await asyncio.sleep(self._look_s)

    async def _remind(self, now: datetime, calendar: Calendar) -> int:
        until = horizon(now + _EAST, self._zone, calendar)
        place: tuple[datetime, int] | None = None
        told = 0
        while True:
            async with self._db.begin() as session:
                rows = await _candidates(session, until, place)
                for row in rows:
                    told += await self._remind_of(session, row, now, calendar)
            if len(rows) < _BATCH:
                return told
            place = (rows[-1].due_at, rows[-1].id)

    async def _remind_of(self, session: AsyncSession, row: Row[Any], now: datetime, calendar: Calendar) -> int:
        zone = ZoneInfo(row.time_zone) if row.time_zone else self._zone
        found = telling(ladder(row.due_base, row.due_at, zone, calendar), set(row.sent or ()), now)
        if found is None or not await _claim(session, row, found, now):
            return 0
        people = [row.owner_id, row.forwarded_to_id if row.phase == Phase.INCOMING else None]
        told = await notify(session, people, _KINDS[found.tell], About(row.id, row.number), now)
        TOLD.labels(found.tell.value).inc(len(told))
        if found.tell is Stage.DUE:  # lists turn red, and the folder of overdue ones grows
            outbox.put(session, AppealChanged("appeal.overdue", row.id, row.number, told, now))
        return len(told)

    async def _digest(self, now: datetime, day: date) -> int:
        """Tell everybody once on a working day how many appeals await his reply."""
        ends = [datetime.combine(day + timedelta(days=ahead), time.max, self._zone) for ahead in (0, SOON_DAYS)]
        due = AppealRecord.due_at
        statement = (
            select(
                AppealRecord.owner_id,
                func.count().label("open"),
                func.count().filter(due < now).label("overdue"),
                func.count().filter(due >= now, due <= ends[0]).label("today"),
                func.count().filter(due > ends[0], due <= ends[1]).label("soon"),
            )
            .where(is_open())
            .group_by(AppealRecord.owner_id)
        )
        told = 0
        async with self._db.begin() as session:
            for row in (await session.execute(statement)).all():
                counts = {"open": row.open, "overdue": row.overdue, "today": row.today, "soon": row.soon}
                about = About(key=f"digest:{day.isoformat()}", counts=counts)
                told += len(await notify(session, [row.owner_id], NoticeKind.DIGEST, about, now))
        return told


async def _candidates(session: AsyncSession, until: datetime, place: tuple[datetime, int] | None) -> Sequence[Row[Any]]:
    """Return open appeals whose deadline is near and of whose end nobody was told yet, the most pressing first."""
    said = ReminderRow.appeal_id == AppealRecord.id, ReminderRow.due_at == AppealRecord.due_at
    statement = (
        select(
            AppealRecord.id,
            AppealRecord.number,
            AppealRecord.phase,
            AppealRecord.owner_id,
            AppealRecord.forwarded_to_id,
            AppealRecord.due_at,
            AppealRecord.due_base,
            OrganisationRow.time_zone,
            select(func.array_agg(ReminderRow.stage)).where(*said).scalar_subquery().label("sent"),
        )
        .join(OrganisationRow, OrganisationRow.id == AppealRecord.organisation_id)
        .where(is_open(), AppealRecord.due_at <= until, ~exists().where(*said, ReminderRow.stage == Stage.DUE.value))
        .order_by(AppealRecord.due_at, AppealRecord.id)
        .limit(_BATCH)
    )
    if place is not None:
        statement = statement.where(tuple_(AppealRecord.due_at, AppealRecord.id) > tuple_(*place))
    return (await session.execute(statement)).all()


async def _claim(session: AsyncSession, row: Row[Any], found: Telling, now: datetime) -> bool:
    """Write the stages down; tell whether this look is the one that may speak."""
    rows = [
        {"appeal_id": row.id, "due_at": row.due_at, "stage": stage.value, "at": now, "told": stage is found.tell}
        for stage in (*found.passed, found.tell)
    ]
    made = await session.scalars(insert(ReminderRow).values(rows).on_conflict_do_nothing().returning(ReminderRow.stage))
    return found.tell.value in set(made)
