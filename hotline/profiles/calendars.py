"""The production calendar that a profile brings: a CSV file a year, for years that the database does not know yet.

What an administrator has imported or changed is never overwritten by loading the profile again.
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput
from hotline.journal.calendar_store import save_year
from hotline.journal.production_calendar import CalendarFileError, CalendarYear, read_calendar
from hotline.journal.tables_terms import CalendarYearRow

FOLDER = "calendar"


def read_calendars(name: str) -> tuple[CalendarYear, ...]:
    """Read the years of a profile, earliest first; none when it brings no calendar.

    :raises BadInput: a file is damaged; ``details`` names file and line.
    """
    folder = files("hotline.profiles") / name / FOLDER
    years: list[CalendarYear] = []
    if not folder.is_dir():
        return ()
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".csv"):
            continue
        try:
            years += read_calendar(file.read_text(encoding="utf-8"))
        except CalendarFileError as error:
            details = {f"{FOLDER}/{file.name}": str(error)}
            raise BadInput(f"profile {name} cannot be loaded", error_id="bad-profile", details=details) from error
    return tuple(sorted(years, key=lambda year: year.year))


async def load_calendars(session: AsyncSession, name: str, now: datetime) -> int:
    """Put the years into the database that it does not have; return how many."""
    known = set(await session.scalars(select(CalendarYearRow.year)))
    fresh = [year for year in read_calendars(name) if year.year not in known]
    for year in fresh:
        await save_year(session, year, kind="profile", user_id=None, now=now)
    return len(fresh)
