"""Statistics of long periods (issue 5): asked for, counted in the background step by step, kept, and taken later.

A report is a row; ``report_jobs`` counts it. Everything that its question depends on (whose work the asker sees, the
goals of queues) is fixed when it is asked, so counting it again after a crash gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, NotFound
from hotline.events import Bus
from hotline.staff.model import User
from hotline.stats.model import Answer, Figures, Goal, Group, Question
from hotline.stats.service import STATEMENTS, Period, Statistics
from hotline.stats.tables_report import StatsReportRow

DIRECT_DAYS = 93
"""Longer periods are counted in the background: three months still come at once."""
KEPT = timedelta(days=30)
SHOWN = 50
MOST_UNFINISHED = 5
"""Reports of one user that wait or are being counted."""
STEPS = 3 * STATEMENTS
"""The table, the period before it, and the hours of its chart, a step for each statement."""


class ReportState(StrEnum):
    """How far a report is; ``steps`` of the row say more while it works."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """Published when a report was asked for."""

    report_id: int


@dataclass(frozen=True, slots=True)
class ReportFinished:
    """Published when a report is there, or is given up."""

    report_id: int


@dataclass(frozen=True, slots=True)
class Results:
    """What the page of statistics shows: the table, the period before, the hours of the day."""

    answer: Answer
    before: Answer
    hours: Answer


@dataclass(frozen=True, slots=True)
class Report:
    """A report as its owner sees it; ``percent`` is of the work. Lists have no ``results``."""

    id: int
    at: datetime
    period: Period
    group: Group
    queue: str
    columns: tuple[str, ...]
    state: ReportState
    percent: int
    finished_at: datetime | None
    question: Question
    results: Results | None = None


class Reports:
    """Asks for reports, counts them, and gives them back to who asked."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, bus: Bus) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._statistics = Statistics(db, clock, zone)

    async def ask(self, user: User, period: Period, group: Group, queue: str, columns: tuple[str, ...]) -> int:
        """Ask for a report and return its id; the same one that is not finished yet is not counted twice.

        Raises as ``Statistics.question``.

        :raises BadInput: too many wait already (``too-many-reports``).
        """
        question = await self._statistics.question(user, period, group, queue or None)
        asked = dump_question(question)
        async with self._db.begin() as session:
            mine = select(StatsReportRow).where(StatsReportRow.user_id == user.id, StatsReportRow.finished_at.is_(None))
            unfinished = (await session.scalars(mine)).all()
            same = [one for one in unfinished if (one.question, one.columns) == (asked, list(columns))]
            if same:
                return same[0].id
            if len(unfinished) >= MOST_UNFINISHED:
                raise BadInput("wait until the other reports are ready", error_id="too-many-reports")
            row = StatsReportRow(
                user_id=user.id,
                scope=_scope(user),
                at=self._clock.now(),
                first_day=period.first,
                last_day=period.last,
                grouping=group.value,
                queue=queue,
                columns=list(columns),
                question=asked,
                state=ReportState.WAITING.value,
                done=0,
            )
            session.add(row)
            await session.flush()
            report_id = row.id
        self._bus.publish(ReportAsked(report_id))
        return report_id

    async def mine(self, user: User) -> tuple[Report, ...]:
        """Return the newest reports of a user, without their figures."""
        row = StatsReportRow
        statement = select(row).where(row.user_id == user.id, row.scope == _scope(user)).order_by(row.at.desc())
        async with self._db.begin() as session:
            return tuple(_report(one) for one in await session.scalars(statement.limit(SHOWN)))

    async def get(self, user: User, report_id: int) -> Report:
        """Return one with its figures, if it has any.

        :raises NotFound: there is none, it is somebody else's, or its owner sees other calls than when he asked.
        """
        async with self._db.begin() as session:
            row = await session.get(StatsReportRow, report_id)
        if row is None or row.user_id != user.id or row.scope != _scope(user):
            raise NotFound("there is no such report")
        report = _report(row)
        return report if row.result is None else replace(report, results=_load_results(row.result))

    async def unfinished(self) -> list[int]:
        """Return what is to be counted, oldest first."""
        statement = select(StatsReportRow.id).where(StatsReportRow.finished_at.is_(None)).order_by(StatsReportRow.id)
        async with self._db.begin() as session:
            return list(await session.scalars(statement))

    async def count(self, report_id: int) -> None:
        """Count a report, one statement after the other; one that is finished stays as it is.

        :raises Unavailable: the database does not answer; what is done so far is done again.
        """
        async with self._db.begin() as session:
            row = await session.get(StatsReportRow, report_id)
        if row is None or row.finished_at is not None:
            return
        question = load_question(row.question)
        period = Period(row.first_day, row.last_day)
        start, end = period.before.bounds(question.zone)
        asked = (question, replace(question, start=start, end=end), replace(question, group=Group.HOUR))
        answers: list[Answer] = []
        for number, one in enumerate(asked):

            async def step(done: int, before: int = number * STATEMENTS) -> None:
                await self._write(report_id, state=ReportState.WORKING.value, done=before + done)

            answers.append(await self._statistics.compute_slowly(one, step))
        names = ("answer", "before", "hours")
        result = {name: _dump_answer(answer) for name, answer in zip(names, answers, strict=True)}
        await self._write(report_id, state=ReportState.DONE.value, finished_at=self._clock.now(), result=result)
        self._bus.publish(ReportFinished(report_id))

    async def fail(self, report_id: int) -> None:
        """Give a report up; its owner may ask again."""
        await self._write(report_id, state=ReportState.FAILED.value, finished_at=self._clock.now())
        self._bus.publish(ReportFinished(report_id))

    async def purge(self) -> int:
        """Delete what was kept long enough; return how many."""
        async with self._db.begin() as session:
            old = delete(StatsReportRow).where(StatsReportRow.at < self._clock.now() - KEPT)
            return len((await session.scalars(old.returning(StatsReportRow.id))).all())

    async def _write(self, report_id: int, **values: object) -> None:
        """Write progress or the end; a report that is finished is never changed again."""
        row = StatsReportRow
        async with self._db.begin() as session:
            await session.execute(update(row).where(row.id == report_id, row.finished_at.is_(None)).values(**values))


def _scope(user: User) -> str:
    return f"{user.sight.calls.value}:{user.organisation.id}"


def _report(row: StatsReportRow) -> Report:
    state = ReportState(row.state)
    return Report(
        id=row.id,
        at=row.at,
        period=Period(row.first_day, row.last_day),
        group=Group(row.grouping),
        queue=row.queue,
        columns=tuple(row.columns),
        state=state,
        percent=100 if state is ReportState.DONE else 100 * row.done // STEPS,
        finished_at=row.finished_at,
        question=load_question(row.question),
    )


def dump_question(question: Question) -> dict[str, Any]:
    """Return what JSON can hold of a question: all of it."""
    return {
        "start": question.start.isoformat(),
        "end": question.end.isoformat(),
        "group": question.group.value,
        "zone": question.zone.key,
        "queue": question.queue,
        "people": None if question.people is None else list(question.people),
        "owned": list(question.owned),
        "goals": {queue: [goal.answer_s, goal.short_s] for queue, goal in question.goals.items()},
    }


def load_question(stored: Mapping[str, Any]) -> Question:
    """Return the question that :func:`dump_question` wrote."""
    zone = ZoneInfo(stored["zone"])
    return Question(
        start=datetime.fromisoformat(stored["start"]).astimezone(zone),
        end=datetime.fromisoformat(stored["end"]).astimezone(zone),
        group=Group(stored["group"]),
        zone=zone,
        queue=stored["queue"],
        people=None if stored["people"] is None else tuple(stored["people"]),
        owned=tuple(stored["owned"]),
        goals={queue: Goal(*goal) for queue, goal in stored["goals"].items()},
    )


def _dump_answer(answer: Answer) -> dict[str, Any]:
    def told(figures: Figures) -> dict[str, Any]:
        return {name: value for name, value in asdict(figures).items() if value}

    return {"total": told(answer.total), "rows": {key: told(figures) for key, figures in answer.rows.items()}}


def _load_answer(stored: Mapping[str, Any]) -> Answer:
    rows = {key: Figures(**figures) for key, figures in sorted(stored["rows"].items())}
    return Answer(rows, Figures(**stored["total"]))


def _load_results(stored: Mapping[str, Any]) -> Results:
    return Results(*(_load_answer(stored[name]) for name in ("answer", "before", "hours")))


def is_long(period: Period) -> bool:
    """Tell whether a period is counted in the background."""
    return period.days > DIRECT_DAYS


__all__ = ["DIRECT_DAYS", "Report", "ReportAsked", "ReportFinished", "ReportState", "Reports", "Results", "is_long"]
