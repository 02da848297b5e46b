"""The production calendar in the database: years, their days, and every change with what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.production_calendar import CalendarYear, DayMark, differences
from hotline.journal.tables_classifier import CalendarDayRow
from hotline.journal.tables_terms import CalendarChangeRow, CalendarYearRow


async def load_year(session: AsyncSession, year: int) -> CalendarYear:
    """Return a year as it is now; an unknown one is the ordinary week."""
    row = await session.get(CalendarYearRow, year)
    days = await session.scalars(
        select(CalendarDayRow).where(CalendarDayRow.day.between(date(year, 1, 1), date(year, 12, 31)))
    )
    marks = {one.day: DayMark(one.is_working, one.note) for one in days}
    return CalendarYear(year, marks, row.source if row else "", row.verified if row else False)


async def save_year(
    session: AsyncSession, year: CalendarYear, *, kind: str, user_id: int | None, now: datetime
) -> CalendarChangeRow:
    """Replace a year by ``year`` and keep what was there before; the caller has compared the version."""
    before = await load_year(session, year.year)
    row = await session.get(CalendarYearRow, year.year, with_for_update=True)
    if row is None:
        row = CalendarYearRow(year=year.year, version=0)
        session.add(row)
    row.version += 1
    row.source, row.verified = year.source, year.verified
    row.changed_at, row.changed_by_id = now, user_id
    await session.execute(
        delete(CalendarDayRow).where(CalendarDayRow.day.between(date(year.year, 1, 1), date(year.year, 12, 31)))
    )
    session.add_all(
        CalendarDayRow(day=day, is_working=mark.is_working, note=mark.note) for day, mark in year.days.items()
    )
    change = CalendarChangeRow(
        year=year.year,
        kind=kind,
        at=now,
        by_id=user_id,
        before=to_json(before),
        days=[one.day.isoformat() for one in differences(before, year)],
    )
    session.add(change)
    await session.flush()
    return change


def to_json(year: CalendarYear) -> dict[str, Any]:
    """Return a year as :attr:`CalendarChangeRow.before` keeps it."""
    return {
        "source": year.source,
        "verified": year.verified,
        "days": {day.isoformat(): [mark.is_working, mark.note] for day, mark in sorted(year.days.items())},
    }


def from_json(year: int, stored: Mapping[str, Any]) -> CalendarYear:
    """Read what :func:`to_json` wrote."""
    days = {date.fromisoformat(day): DayMark(working, note) for day, (working, note) in stored["days"].items()}
    return CalendarYear(year, days, stored["source"], stored["verified"])
