"""Looks at attendance: a week or a day of many people, one person's, one's own, who is missing now (S001A-08)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.attendance import queries
from hotline.attendance.model import HOLES, Account, Day
from hotline.attendance.queries import Absence, Person
from hotline.attendance.rules import days_of, standing
from hotline.attendance.scope import Whose, seen_by
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, NotFound
from hotline.staff.audit import audit
from hotline.staff.model import User

PAGE = 50
"""People on a page."""
LONGEST_DAYS = 31
"""Most days that are looked at together."""


@dataclass(frozen=True, slots=True)
class PersonDays:
    """A person and his days."""

    person: Person
    zone: ZoneInfo
    days: tuple[Day, ...]
    absences: tuple[Absence, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of people."""

    days: tuple[date, ...]
    rows: tuple[PersonDays, ...]
    teams: tuple[tuple[int, str], ...]
    total: int
    page: int
    pauses: Mapping[str, str]
    """Titles of the pause reasons by code."""

    @property
    def pages(self) -> int:
        """How many pages there are, one at least."""
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True, slots=True)
class Hole:
    """Somebody who should be here now and is not."""

    person: Person
    day: Day
    since: datetime
    """When he should have come, or went."""


class Attendance:
    """Reads of attendance. Changes of the plan are ``attendance.roster``'s."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    def zone_of(self, user: User) -> ZoneInfo:
        """Return the zone in whose days ``user`` counts."""
        return user.organisation.zone(self._zone)

    def today(self, user: User) -> date:
        """Return the present day of ``user``'s organisation."""
        return self._clock.now().astimezone(self.zone_of(user)).date()

    async def sheet(self, user: User, first: date, days: int, team: int | None = None, page: int = 1) -> Sheet:
        """Return a page of people with ``days`` days from ``first``.

        :raises Forbidden: ``user`` may see nobody's.
        :raises BadInput: too many days, or there is no such page.
        """
        whose, span = seen_by(user), _span(first, days)
        async with self._db.begin() as session:
            total = await queries.count(session, whose, team, (span[0], span[-1]))
            if not 1 <= page <= max(1, -(-total // PAGE)):
                raise BadInput("there is no such page", details={"page": "unknown"})
            found = await queries.people(
                session, whose, team, (span[0], span[-1]), offset=(page - 1) * PAGE, limit=PAGE
            )
            rows = await self._rows(session, found, span)
            teams = await queries.teams(session, whose)
            titles = await queries.pause_titles(session)
        pauses = {code: title for code, (title, _) in titles.items()}
        return Sheet(tuple(span), tuple(rows), tuple(teams), total, page, pauses)

    async def every(self, user: User, first: date, days: int, team: int | None = None) -> AsyncIterator[PersonDays]:
        """Give everybody out, page by page; the errors are those of :meth:`sheet`."""
        whose, span = seen_by(user), _span(first, days)
        offset = 0
        while True:
            async with self._db.begin() as session:
                found = await queries.people(session, whose, team, (span[0], span[-1]), offset=offset, limit=PAGE)
                rows = await self._rows(session, found, span)
            for row in rows:
                yield row
            if len(found) < PAGE:
                return
            offset += PAGE

    async def person(self, user: User, person_id: int, first: date, days: int) -> PersonDays:
        """Return one person's days.

        :raises NotFound: there is nobody of this id among those whom ``user`` sees.
        """
        return await self._one(person_id, first, days, seen_by(user))

    async def own(self, user: User, first: date, days: int) -> PersonDays:
        """Return one's own days."""
        return await self._one(user.id, first, days, Whose(None))

    async def missing(self, user: User) -> list[Hole]:
        """Return who should be here now and is not, the longest missing first."""
        return await self.missing_of(seen_by(user))

    async def missing_of(self, whose: Whose) -> list[Hole]:
        """Return the same of an organisation: what the board's figure shows."""
        now = self._clock.now()
        async with self._db.begin() as session:
            found = await queries.holes(session, whose, now)
            people = {one.id: one for one in await queries.by_ids(session, [shift.user_id for shift, _ in found])}
        missing = []
        for shift, left in found:
            here = left if left is not None and left > shift.starts_at else None
            told = Account(left_at=here)
            says = standing(shift, None, told, now)
            if says in HOLES:
                day = Day(shift.day, shift, None, told, says)
                missing.append(Hole(people[shift.user_id], day, here or shift.starts_at))
        return sorted(missing, key=lambda hole: hole.since)

    async def pause_titles(self) -> dict[str, str]:
        """Return the titles of the pause reasons by code."""
        async with self._db.begin() as session:
            return {code: title for code, (title, _) in (await queries.pause_titles(session)).items()}

    async def exported(self, user: User, rows: int, address: str) -> None:
        """Write down that attendance was given out."""
        async with self._db.begin() as session:
            now = self._clock.now()
            audit(session, "export", ("attendance", ""), user_id=user.id, at=now, ip=address, details={"rows": rows})

    async def _one(self, person_id: int, first: date, days: int, whose: Whose) -> PersonDays:
        span = _span(first, days)
        async with self._db.begin() as session:
            found = [one for one in await queries.by_ids(session, [person_id]) if whose.covers(one.team_id)]
            if not found:
                raise NotFound("there is no such employee", error_id="no-such-employee")
            return (await self._rows(session, found, span))[0]

    async def _rows(self, session: AsyncSession, people: Sequence[Person], span: Sequence[date]) -> list[PersonDays]:
        if not people:
            return []
        now, ids = self._clock.now(), [one.id for one in people]
        first, last = span[0], span[-1]
        shifts = await queries.shifts(session, ids, first, last)
        absences = await queries.absences(session, ids, first, last)
        zones = {ZoneInfo(one.zone) if one.zone else self._zone for one in people}
        start = min(datetime.combine(first, time(), zone) for zone in zones) - queries.MARGIN
        end = max(datetime.combine(last, time(), zone) for zone in zones) + 2 * queries.MARGIN
        log = await queries.stretches(session, ids, start, end, now)
        breaks = frozenset(code for code, (_, rest) in (await queries.pause_titles(session)).items() if rest)
        rows = []
        for one in people:
            zone = ZoneInfo(one.zone) if one.zone else self._zone
            away = absences.get(one.id, [])
            excuses = {day: its.reason for its in away for day in span if its.covers(day)}
            days = days_of(span, shifts.get(one.id, {}), excuses, log.get(one.id, []), now, zone, breaks)
            rows.append(PersonDays(one, zone, tuple(days), tuple(away)))
        return rows


def _span(first: date, days: int) -> list[date]:
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput("choose another period", details={"to": f"1 to {LONGEST_DAYS} days"})
    return [first + timedelta(days=number) for number in range(days)]
