"""Reads of plan and log, narrowed to the people and days that are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.attendance.model import Doing, Shift, ShiftKind, Slot, Stretch
from hotline.attendance.rules import USUAL
from hotline.attendance.scope import Whose
from hotline.attendance.tables import AbsenceRow, ShiftRow
from hotline.journal.tables_classifier import PauseReasonRow
from hotline.staff.model import short_name
from hotline.staff.tables import OrganisationRow, UserRow

MARGIN = timedelta(days=1)
"""How far around the days the log is read: shifts over midnight, and the longest state that is believed."""
OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can have shifts."""

    id: int
    name: str
    full_name: str
    extension: str | None
    team_id: int
    team: str
    zone: str
    """IANA name of his organisation's zone; ``""``: the installation's own."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Whole days away."""

    id: int
    user_id: int
    first_day: date
    last_day: date
    reason: str
    version: int

    def covers(self, day: date) -> bool:
        """Tell whether he is away on ``day``."""
        return self.first_day <= day <= self.last_day


_EDGES = text("""
SELECT p.id, l.* FROM unnest(CAST(:people AS bigint[])) AS p(id) CROSS JOIN LATERAL (
  SELECT from_at, to_at, doing, reason, strange, before, begins FROM (
    SELECT *, lag(to_at) OVER w AS before, lead(from_at) OVER w IS NULL AS last,
      (doing = lag(doing) OVER w AND reason = lag(reason) OVER w AND from_at <= lag(to_at) OVER w
        AND NOT strange AND NOT lag(strange) OVER w) IS NOT TRUE AS begins
    FROM (SELECT from_at, to_at,
        CASE WHEN state IN ('pause', 'lost', 'offline') THEN state ELSE 'work' END AS doing,
        CASE WHEN state = 'pause' THEN coalesce(reason, '') ELSE '' END AS reason,
        coalesce(to_at, :now) - from_at > :longest AS strange
      FROM agent_state_log WHERE (user_id, from_at) >= (p.id, :start) AND (user_id, from_at) < (p.id, :end)) told
    WINDOW w AS (ORDER BY from_at)) marked
  WHERE begins OR last) l
ORDER BY p.id, l.from_at
""")
"""The lines of the log at which something else begins, with the end of what was before, and each person's last line.

A day has hundreds of lines and a dozen such edges. A line that is too long to be believed stands alone. Rows are
compared as wholes because only the index by person and time can do that: the generic plan would otherwise go by time
alone, through everybody's lines, for each person anew.
"""

_HOLES = text("""
SELECT s.id, l.to_at, l.from_at FROM shift s JOIN staff_user u ON u.id = s.user_id AND u.active
LEFT JOIN LATERAL (
  SELECT from_at, to_at FROM agent_state_log WHERE state NOT IN ('offline', 'lost')
    AND (user_id, from_at) >= (s.user_id, s.starts_at - interval '1 day') AND (user_id, from_at) < (s.user_id, :now)
  ORDER BY user_id DESC, from_at DESC LIMIT 1) l ON true
WHERE s.day BETWEEN :first AND :last AND s.starts_at <= :now AND s.ends_at > :now
  AND (CAST(:team AS bigint) IS NULL OR u.organisation_id = :team)
  AND NOT EXISTS (SELECT FROM agent_state_log o WHERE o.user_id = s.user_id AND o.to_at IS NULL
    AND o.state NOT IN ('offline', 'lost'))
  AND NOT EXISTS (SELECT FROM absence a WHERE a.user_id = s.user_id AND a.closed_at IS NULL
    AND s.day BETWEEN a.first_day AND a.last_day)
""")
"""Shifts that run now, whose person is not there by the last line of the log and not excused, with his last work."""


def _person(row: Any) -> Person:
    return Person(
        row.id,
        short_name(row.last_name, row.first_name, row.patronymic),
        " ".join(filter(None, (row.last_name, row.first_name, row.patronymic))),
        row.extension,
        row.organisation_id,
        row.organisation,
        row.time_zone or "",
    )


_PEOPLE: Any = select(
    UserRow.id,
    UserRow.last_name,
    UserRow.first_name,
    UserRow.patronymic,
    UserRow.extension,
    UserRow.organisation_id,
    OrganisationRow.short_name.label("organisation"),
    OrganisationRow.time_zone,
).join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)


def _who(whose: Whose, team: int | None, days: tuple[date, date]) -> ColumnElement[bool]:
    """Who works with a telephone, or had a shift in these days whatever became of him since."""
    planned = exists().where(ShiftRow.user_id == UserRow.id, ShiftRow.day.between(*days))
    found = or_(and_(UserRow.active, UserRow.extension.is_not(None)), planned)
    for organisation_id in (whose.organisation_id, team):
        if organisation_id is not None:
            found = and_(found, UserRow.organisation_id == organisation_id)
    return found


def _named(statement: Any) -> Any:
    return statement.order_by(UserRow.last_name, UserRow.first_name, UserRow.patronymic, UserRow.id)


async def people(
    session: AsyncSession,
    whose: Whose,
    team: int | None,
    days: tuple[date, date],
    *,
    offset: int = 0,
    limit: int | None,
) -> list[Person]:
    """Return people in the order of their names, a page of them with ``limit``."""
    statement = _named(_PEOPLE.where(_who(whose, team, days))).offset(offset).limit(limit)
    return [_person(row) for row in await session.execute(statement)]


async def count(session: AsyncSession, whose: Whose, team: int | None, days: tuple[date, date]) -> int:
    """Return how many :func:`people` would find."""
    return await session.scalar(select(func.count()).select_from(UserRow).where(_who(whose, team, days))) or 0


async def by_ids(session: AsyncSession, ids: Sequence[int]) -> list[Person]:
    """Return these people in the order of their names."""
    return [_person(row) for row in await session.execute(_named(_PEOPLE.where(UserRow.id.in_(ids))))]


async def teams(session: AsyncSession, whose: Whose) -> list[tuple[int, str]]:
    """Return the organisations that have people with telephones."""
    has = exists().where(UserRow.organisation_id == OrganisationRow.id, UserRow.active, UserRow.extension.is_not(None))
    statement = select(OrganisationRow.id, OrganisationRow.short_name).where(has).order_by(OrganisationRow.short_name)
    if whose.organisation_id is not None:
        statement = statement.where(OrganisationRow.id == whose.organisation_id)
    return [(row.id, row.short_name) for row in await session.execute(statement)]


def to_shift(row: ShiftRow) -> Shift:
    """Read a row."""
    slot = Slot(row.starts, row.ends, ShiftKind(row.kind), row.break_min)
    return Shift(row.user_id, row.day, slot, row.starts_at, row.ends_at, row.version)


async def shifts(session: AsyncSession, ids: Sequence[int], first: date, last: date) -> dict[int, dict[date, Shift]]:
    """Return the shifts of people from the day before ``first`` to the day after ``last``, by person and day."""
    around = (first - timedelta(days=1), last + timedelta(days=1))
    statement = select(ShiftRow).where(ShiftRow.user_id.in_(ids), ShiftRow.day.between(*around))
    found: dict[int, dict[date, Shift]] = defaultdict(dict)
    for row in await session.scalars(statement):
        found[row.user_id][row.day] = to_shift(row)
    return found


async def absences(session: AsyncSession, ids: Sequence[int], first: date, last: date) -> dict[int, list[Absence]]:
    """Return the absences of people that touch these days."""
    statement = (
        select(AbsenceRow)
        .where(
            AbsenceRow.user_id.in_(ids),
            AbsenceRow.closed_at.is_(None),
            AbsenceRow.first_day <= last,
            AbsenceRow.last_day >= first,
        )
        .order_by(AbsenceRow.first_day, AbsenceRow.id)
    )
    found: dict[int, list[Absence]] = defaultdict(list)
    for row in await session.scalars(statement):
        found[row.user_id].append(Absence(row.id, row.user_id, row.first_day, row.last_day, row.reason, row.version))
    return found


async def stretches(
    session: AsyncSession, ids: Sequence[int], start: datetime, end: datetime, now: datetime
) -> dict[int, list[Stretch]]:
    """Return what people did between two moments, by person."""
    values = {"people": list(ids), "start": start, "end": end, "now": now, "longest": USUAL.longest}
    found: dict[int, list[Stretch]] = {}
    for one, rows in groupby(await session.execute(_EDGES, values), key=lambda row: row.id):
        edges = list(rows)
        found[one] = [
            # The last line, when nothing else begins with it, only says when what goes on ends.
            Stretch(Doing(row.doing), row.from_at, over, row.reason, single=row.strange)
            for row, over in zip(edges, _ends(edges), strict=True)
            if row.begins and row.doing != OFFLINE
        ]
    return found


def _ends(edges: Sequence[Any]) -> list[datetime | None]:
    """Return when each edge's stretch ends: where the next one says that it did; the last where its line does."""
    return [*(after.before if after.begins else after.to_at for after in edges[1:]), edges[-1].to_at]


async def holes(session: AsyncSession, whose: Whose, now: datetime) -> list[tuple[Shift, datetime | None]]:
    """Return the shifts that run now without their people, and when each was last there, a day before it at most."""
    values = {
        "now": now, "team": whose.organisation_id,
        # The days narrow what the index reads; the moments decide.
        "first": now.date() - timedelta(days=2), "last": now.date() + timedelta(days=1),
    }  # fmt: skip
    rows = {row.id: row for row in await session.execute(_HOLES, values)}
    found = []
    for shift in await session.scalars(select(ShiftRow).where(ShiftRow.id.in_(rows))):
        row = rows[shift.id]
        left = None if row.from_at is None else min(row.to_at or now, row.from_at + USUAL.longest)
        found.append((to_shift(shift), left))
    return found


async def pause_titles(session: AsyncSession) -> dict[str, tuple[str, bool]]:
    """Return title and "is a break" of every pause reason there ever was, by code."""
    rows = await session.scalars(select(PauseReasonRow).order_by(PauseReasonRow.sort, PauseReasonRow.code))
    return {row.code: (row.title, row.is_break) for row in rows}
