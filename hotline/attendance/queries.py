"""Reads of plan and log, narrowed to the people and days that are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.attendance.model import Doing, Shift, ShiftKind, Slot, Stretch
from hotline.attendance.rules import USUAL
from hotline.attendance.scope import Whose
from hotline.attendance.tables import AbsenceRow, ShiftRow
from hotline.journal.tables_classifier import PauseReasonRow
from hotline.queue.tables import AgentStateLogRow
from hotline.staff.model import short_name
from hotline.staff.tables import OrganisationRow, UserRow

MARGIN = timedelta(days=2)
"""How far around the days the log is read: shifts over midnight, zones, and the longest state that is believed."""


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


_STRETCHES = text("""
WITH told AS (
  SELECT p.id, l.from_at, l.to_at,
    CASE WHEN l.state IN ('pause', 'lost', 'offline') THEN l.state ELSE 'work' END AS doing,
    CASE WHEN l.state = 'pause' THEN coalesce(l.reason, '') ELSE '' END AS reason,
    coalesce(l.to_at, :now) - l.from_at > :longest AS strange
  FROM unnest(CAST(:people AS bigint[])) AS p(id) CROSS JOIN LATERAL (
    SELECT from_at, to_at, state, reason FROM agent_state_log
    WHERE user_id = p.id AND from_at >= :start AND from_at < :end) l),
marked AS (
  SELECT *, CASE WHEN doing = lag(doing) OVER w AND reason = lag(reason) OVER w AND from_at <= lag(to_at) OVER w
    AND NOT strange AND NOT lag(strange) OVER w THEN 0 ELSE 1 END AS begins
  FROM told WINDOW w AS (PARTITION BY id ORDER BY from_at)),
runs AS (SELECT *, sum(begins) OVER (PARTITION BY id ORDER BY from_at) AS run FROM marked)
SELECT id, doing, reason, min(from_at) AS start, CASE WHEN bool_or(to_at IS NULL) THEN NULL ELSE max(to_at) END AS over,
  count(*) AS lines
FROM runs WHERE doing <> 'offline' GROUP BY id, run, doing, reason ORDER BY id, start
""")
"""Lines of the log that say the same of attendance, put together: a day has hundreds of them and a dozen stretches."""


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
    found: dict[int, list[Stretch]] = defaultdict(list)
    for row in await session.execute(_STRETCHES, values):
        found[row.id].append(Stretch(Doing(row.doing), row.start, row.over, row.reason, row.lines))
    return found


async def holes(session: AsyncSession, whose: Whose, now: datetime) -> list[int]:
    """Return who has a shift now and, by the last line of the log, is not there."""
    here = exists().where(
        AgentStateLogRow.user_id == ShiftRow.user_id,
        AgentStateLogRow.to_at.is_(None),
        AgentStateLogRow.state.not_in(["offline", "lost"]),
    )
    excused = exists().where(
        AbsenceRow.user_id == ShiftRow.user_id,
        AbsenceRow.closed_at.is_(None),
        ShiftRow.day.between(AbsenceRow.first_day, AbsenceRow.last_day),
    )
    # The days narrow what the index reads; the moments decide.
    near = (now.date() - timedelta(days=2), now.date() + timedelta(days=1))
    statement = (
        select(ShiftRow.user_id)
        .join(UserRow, UserRow.id == ShiftRow.user_id)
        .where(ShiftRow.day.between(*near), ShiftRow.starts_at <= now, ShiftRow.ends_at > now, UserRow.active)
        .where(~here, ~excused)
    )
    if whose.organisation_id is not None:
        statement = statement.where(UserRow.organisation_id == whose.organisation_id)
    return list((await session.scalars(statement)).unique())


async def pause_titles(session: AsyncSession) -> dict[str, tuple[str, bool]]:
    """Return title and "is a break" of every pause reason there ever was, by code."""
    rows = await session.scalars(select(PauseReasonRow).order_by(PauseReasonRow.sort, PauseReasonRow.code))
    return {row.code: (row.title, row.is_break) for row in rows}
