"""Use cases of the production calendar: look at a year, change a day, import, undo (DAY-41, domain 2.5 f).

Nothing here moves a deadline: :mod:`hotline.journal.recompute` does, after it has said how many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal import settings_store
from hotline.journal.calendar_store import from_json, load_year, save_year
from hotline.journal.deadlines import Calendar
from hotline.journal.production_calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    CalendarFileError,
    CalendarYear,
    DayChange,
    DayMark,
    differences,
    ordinary,
    read_calendar,
)
from hotline.journal.recompute import affected
from hotline.journal.tables_terms import CalendarChangeRow, CalendarYearRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

SHOWN_CHANGES = 20


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A line of a year's history. ``by`` is ``""`` for what the profile brought."""

    id: int
    kind: str
    at: datetime
    by: str
    days: tuple[date, ...]
    undone: bool


@dataclass(frozen=True, slots=True)
class YearView:
    """A year with what stands around it. ``version`` 0: the database knows nothing of it."""

    calendar: CalendarYear
    version: int
    changed_at: datetime | None
    changed_by: str
    changes: tuple[ChangeLine, ...]
    affected: int
    """Open appeals whose deadline the calendar, as it is now, would set elsewhere."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do."""

    calendar: CalendarYear
    years: tuple[int, ...]
    """All years of the file."""
    changes: tuple[DayChange, ...]
    version: int
    affected: int
    """Open appeals whose deadline would be another after it."""


class CalendarAdmin:
    """The calendar in the administrator's hands. Reading and changing need ``dict.edit``."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def year(self, user: User, year: int) -> YearView:
        """Return a year.

        :raises BadInput: it is outside 2000-2099.
        """
        _require(user, year)
        async with self._db.begin() as session:
            row = await session.get(CalendarYearRow, year)
            changed_by = await session.get(UserRow, row.changed_by_id) if row and row.changed_by_id else None
            now = await settings_store.calendar(session)
            return YearView(
                calendar=await load_year(session, year),
                version=row.version if row else 0,
                changed_at=row.changed_at if row else None,
                changed_by=_name(changed_by),
                changes=await _changes(session, year),
                affected=len(await affected(session, now, self._zone)),
            )

    async def set_day(self, user: User, day: date, version: int) -> bool:
        """Turn a working day into a day off or back; return whether it works now.

        :raises Conflict: somebody changed the year since ``version``.
        """
        _require(user, day.year)
        async with self._db.begin() as session:
            before = await _at_version(session, day.year, version)
            works = not before.is_working(day)
            days = {one: mark for one, mark in before.days.items() if one != day}
            if works is not ordinary(day):
                days[day] = DayMark(works)
            await self._save(session, user, replace(before, days=days), "day")
        return works

    async def set_source(self, user: User, year: int, version: int, *, source: str, verified: bool) -> None:
        """Say where a year is from, and whether somebody has compared it with the decree."""
        _require(user, year)
        if len(source) > 500:
            raise BadInput("the source is too long", details={"source": "at most 500 characters"})
        async with self._db.begin() as session:
            before = await _at_version(session, year, version)
            await self._save(session, user, replace(before, source=source.strip(), verified=verified), "source")

    async def preview(self, user: User, text: str, year: int | None) -> Preview:
        """Read a file and say what importing its year would change; nothing is changed.

        :param year: of the file's years; ``None`` takes its last one.
        :raises BadInput: the file is damaged: ``details`` has the reason and the line.
        """
        _require(user)
        found = _read(text)
        wanted = year if year in found else max(found)
        async with self._db.begin() as session:
            before = await load_year(session, wanted)
            row = await session.get(CalendarYearRow, wanted)
            after = found[wanted]
            if not after.source:
                after = replace(after, source=before.source if not differences(before, after) else "")
            hypothetical = await _with(session, after)
            return Preview(
                calendar=after,
                years=tuple(found),
                changes=differences(before, after),
                version=row.version if row else 0,
                affected=len(await affected(session, hypothetical, self._zone)),
            )

    async def import_year(self, user: User, text: str, year: int, version: int, *, source: str) -> int:
        """Replace a year by that of a file; return how many days are different now.

        :raises BadInput: the file is damaged, or does not hold that year.
        :raises Conflict: somebody changed the year since ``version``.
        """
        _require(user, year)
        found = _read(text)
        if year not in found:
            raise BadInput("the file has another year", error_id="bad-calendar", details={"year": "unknown"})
        async with self._db.begin() as session:
            before = await _at_version(session, year, version)
            after = found[year]
            if source.strip():
                after = replace(after, source=source.strip()[:500])
            await self._save(session, user, after, "import")
        return len(differences(before, after))

    async def undo(self, user: User, year: int, version: int) -> None:
        """Take the last change of a year back; again, the one before it.

        :raises NotFound: there is nothing to take back.
        :raises Conflict: somebody changed the year since ``version``.
        """
        _require(user, year)
        async with self._db.begin() as session:
            await _at_version(session, year, version)
            last = await session.scalar(
                select(CalendarChangeRow)
                .where(
                    CalendarChangeRow.year == year,
                    ~CalendarChangeRow.undone,
                    CalendarChangeRow.kind.not_in(["undo", "profile"]),
                )
                .order_by(CalendarChangeRow.id.desc())
                .limit(1)
                .with_for_update()
            )
            if last is None:
                raise NotFound("there is nothing to take back", error_id="nothing-to-undo")
            last.undone = True
            await self._save(session, user, from_json(year, last.before), "undo")

    async def _save(self, session: AsyncSession, user: User, year: CalendarYear, kind: str) -> None:
        now = self._clock.now()
        change = await save_year(session, year, kind=kind, user_id=user.id, now=now)
        details: dict[str, Any] = {"event": kind, "days": change.days}
        audit(session, "change", ("calendar", year.year), user_id=user.id, at=now, details=details)


async def _at_version(session: AsyncSession, year: int, version: int) -> CalendarYear:
    row = await session.get(CalendarYearRow, year, with_for_update=True)
    present = row.version if row else 0
    if present != version:
        raise Conflict("somebody else changed this year", error_id="stale-calendar", details={"version": present})
    return await load_year(session, year)


async def _with(session: AsyncSession, year: CalendarYear) -> Calendar:
    """Return the calendar as it would be with ``year``."""
    now = await settings_store.calendar(session)
    days = {day: works for day, works in now.days.items() if day.year != year.year}
    return Calendar(days | {day: mark.is_working for day, mark in year.days.items()})


async def _changes(session: AsyncSession, year: int) -> tuple[ChangeLine, ...]:
    statement = (
        select(CalendarChangeRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .outerjoin(UserRow, UserRow.id == CalendarChangeRow.by_id)
        .where(CalendarChangeRow.year == year)
        .order_by(CalendarChangeRow.id.desc())
        .limit(SHOWN_CHANGES)
    )
    rows = (await session.execute(statement)).all()
    return tuple(_line(change, short_name(last, first, patronymic)) for change, last, first, patronymic in rows)


def _line(change: CalendarChangeRow, by: str) -> ChangeLine:
    return ChangeLine(
        change.id,
        change.kind,
        change.at,
        by,
        tuple(date.fromisoformat(day) for day in change.days),
        change.undone,
    )


def _name(user: UserRow | None) -> str:
    return "" if user is None else short_name(user.last_name, user.first_name, user.patronymic)


def _read(text: str) -> dict[int, CalendarYear]:
    try:
        return {year.year: year for year in read_calendar(text)}
    except CalendarFileError as error:
        details = {"reason": error.reason, "line": error.line or 0, "what": error.what}
        raise BadInput(str(error), error_id="bad-calendar", details=details) from error


def _require(user: User, year: int | None = None) -> None:
    if not user.may(Right.DICT_EDIT):
        raise Forbidden("this user may not change the calendar")
    if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput("there is no calendar for this year", details={"year": "unknown"})
