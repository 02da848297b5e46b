"""Answers questions about calls: who may ask, for whom, and what the rows are called (R-09, DAY-34, DAY-42)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.board import store as board
from hotline.board.model import owner_of
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal.cursors import decode, encode
from hotline.journal.tables_classifier import TopicRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.sight import Reach
from hotline.staff.tables import UserRow
from hotline.stats import queries
from hotline.stats.model import Answer, Figures, Goal, Group, Question

LONGEST_DAYS = 400
STATEMENTS = 5
"""Of which an answer consists."""
BEHIND = 200
"""Calls on a page of those behind a figure."""
_AS_REPORTS = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '64MB', true)"
)
"""Of these transactions only: a month is planned as a month, and is added up in memory (by default 4 MB)."""
T = TypeVar("T")
_NAMES = frozenset(field.name for field in fields(Figures))


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the organisation, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """The period of the same length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return its first moment and the first moment after it (DAY-42)."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + timedelta(days=1), time(), zone)


@dataclass(frozen=True, slots=True)
class BehindPage:
    """Calls behind a figure. ``after``: asks for the next page; ``None``: this is the last."""

    calls: tuple[queries.Behind, ...]
    after: str | None


class Statistics:
    """Statistics over the journal's calls.

    :param home: code of the organisation whose hotline this is: queues of which nobody has said anything are its own.
    """

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, home: str = "") -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._home = home

    def zone_of(self, user: User) -> ZoneInfo:
        """Return the zone in whose days ``user`` counts."""
        return user.organisation.zone(self._zone)

    async def ask(self, user: User, period: Period, group: Group, queue: str | None = None) -> Answer:
        """Return the figures of a period.

        :raises Forbidden: ``user`` may not watch anybody's calls.
        :raises BadInput: the period ends before it begins or is longer than :data:`LONGEST_DAYS`.
        """
        return await self.compute(await self.question(user, period, group, queue))

    async def question(self, user: User, period: Period, group: Group, queue: str | None = None) -> Question:
        """Return what :meth:`ask` computes for ``user``; the errors are the same."""
        if not may_look(user):
            raise Forbidden("statistics are for supervisors", error_id="no-statistics")
        if not 1 <= period.days <= LONGEST_DAYS:
            raise BadInput("choose another period", details={"to": f"1 to {LONGEST_DAYS} days after the beginning"})
        start, end = period.bounds(self.zone_of(user))
        question = Question(start, end, group, self.zone_of(user), queue or None, people=await self._people(user))
        async with self._db.begin() as session:
            said = await board.settings(session)
            home = await board.organisation_id(session, self._home)
        names = {*said, *(await self.queues())} if question.people is not None else said.keys()
        return replace(
            question,
            owned=tuple(sorted(one for one in names if owner_of(said.get(one), home) == user.organisation.id)),
            goals={name: Goal(one.goal.within_s, one.goal.short_s) for name, one in said.items()},
        )

    async def compute(self, question: Question) -> Answer:
        """Add everything up; its statements at once, each on a connection of its own."""
        found = await asyncio.gather(*(self._in_own(work) for work in self._statements(question)))
        return _answer(row for rows in found for row in rows)

    async def compute_slowly(self, question: Question, step: Callable[[int], Awaitable[None]]) -> Answer:
        """Add up one statement after the other; ``step`` hears after each how many of :data:`STATEMENTS` are done."""
        rows: list[queries.Row] = []
        for number, work in enumerate(self._statements(question), 1):
            rows += await self._in_own(work)
            await step(number)
        return _answer(rows)

    def _statements(self, question: Question) -> Sequence[Callable[[AsyncSession], Awaitable[list[queries.Row]]]]:
        now = self._clock.now()
        return (
            lambda session: queries.calls(session, question),
            lambda session: queries.ratings(session, question),
            lambda session: queries.parts(session, question),
            lambda session: queries.quantiles(session, question),
            lambda session: queries.states(session, question, now),
        )

    async def behind(self, user: User, question: Question, figure: str, key: str | None, after: str = "") -> BehindPage:
        """Return a page of the calls that a figure counts, oldest first; that ``user`` saw them is in the audit trail.

        :param question: what :meth:`question` made for ``user``.
        :param after: of the page before.
        :raises BadInput: there is no such figure or page, or no calls stand behind the figure.
        """
        if not any(figure in known for known in (queries.CALLS, queries.RATINGS, queries.PARTS)):
            raise BadInput("there is no such figure", details={"figure": "a count of calls"})
        place = decode(after) if after else None
        async with self._db.begin() as session:
            await session.execute(_AS_REPORTS)
            found = await queries.behind(session, question, figure, key, BEHIND + 1, place)
            calls = tuple(found[:BEHIND])
            details = {"figure": figure, "key": key or "", "further": bool(after), "rows": len(calls)}
            self._note(session, user, "view", question, details)
        last = calls[-1] if len(found) > BEHIND else None
        return BehindPage(calls, encode(last.row_id, last.started_at) if last is not None else None)

    async def exported(self, user: User, question: Question, details: Mapping[str, object]) -> None:
        """Write into the audit trail that ``user`` was given a table; ``details``: the file, its columns and rows."""
        async with self._db.begin() as session:
            self._note(session, user, "export", question, details)

    def _note(
        self, session: AsyncSession, user: User, action: str, question: Question, details: Mapping[str, object]
    ) -> None:
        asked = {
            "from": question.start.isoformat(),
            "to": question.end.isoformat(),
            "by": question.group.value,
            "queue": question.queue or "",
        }
        at = self._clock.now()
        audit(session, action, ("statistics", ""), user_id=user.id, at=at, details={**asked, **details})

    async def queues(self) -> tuple[str, ...]:
        """Return the names of the queues that calls were in; there is a handful, found one after the other."""
        found: list[str] = []
        async with self._db.begin() as session:
            while (name := await session.scalar(queries.next_queue(found[-1] if found else ""))) is not None:
                found.append(name)
        return tuple(found)

    async def names(self, group: Group, keys: Iterable[str]) -> dict[str, str]:
        """Return what rows are called; a key without a name stands for itself."""
        if group is Group.OPERATOR:
            ids = [int(key) for key in keys if key.isdigit()]
            people = select(UserRow.id, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            async with self._db.begin() as session:
                rows = await session.execute(people.where(UserRow.id.in_(ids)))
                return {str(row.id): short_name(row.last_name, row.first_name, row.patronymic) for row in rows}
        if group is Group.TOPIC:
            async with self._db.begin() as session:
                topics = select(TopicRow.code, TopicRow.title).where(TopicRow.code.in_(list(keys)))
                return {row.code: f"{row.code} {row.title}" for row in await session.execute(topics)}
        if group is Group.QUEUE:
            async with self._db.begin() as session:
                return await board.queue_titles(session)
        return {}

    async def _people(self, user: User) -> tuple[int, ...] | None:
        """Return whose work ``user`` sees: ``journal.visibility.calls`` in one word."""
        reach = user.sight.calls
        if reach.covers(Reach.ACTIVE):
            return None
        if not reach.covers(Reach.ORGANISATION):
            return (user.id,)
        async with self._db.begin() as session:
            colleagues = select(UserRow.id).where(UserRow.organisation_id == user.organisation.id)
            return tuple(await session.scalars(colleagues))

    async def _in_own(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self._db.begin() as session:
            await session.execute(_AS_REPORTS)
            return await work(session)


def may_look(user: User) -> bool:
    """Tell whether ``user`` may see statistics: who watches calls and sees somebody's."""
    return user.may(Right.CALL_MONITOR) and user.sight.calls is not Reach.NONE


def _answer(rows: Iterable[Mapping[str, Any]]) -> Answer:
    total = Figures()
    book: dict[str, Figures] = {}
    for row in rows:
        if row["key"] == queries.NOBODY:
            continue
        figures = total if row["key"] is None else book.setdefault(row["key"], Figures())
        for name, value in row.items():
            if name == "quantiles" and value is not None:
                figures.wait_p50, figures.wait_p95, figures.wait_max = value
            elif name in _NAMES and value is not None:
                setattr(figures, name, value)
    return Answer(dict(sorted(book.items())), total)
