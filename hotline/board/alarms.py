"""Alarms of the board: looks at the figures every second, keeps what went off, who has confirmed it (DAY-34, DAY-36).

What is on is in the database: after kill -9 it is still on, is not raised twice, and a letter that was due still goes
out (``mail``). While the database is away nothing new is raised; it is tried again at the next look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from hotline.board.alarm_rules import OF_QUEUES, Judgement, Kind, Rule, Standing, Step, judge
from hotline.board.live import LiveBoard
from hotline.board.model import AlarmEvent, Scope
from hotline.board.operators import OperatorLine
from hotline.board.tables import AlarmRow, AlarmRuleRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound, Unavailable
from hotline.queue.model import OperatorState
from hotline.softphone.quality_rules import ONE_WAY
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

log = logging.getLogger(__name__)

EVERY_S = 1.0
ENOUGH = 5
"""Decided calls of the last hour below which a service level says nothing."""
HISTORY = 200

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One subject of a rule and its figure now."""

    subject: str
    title: str
    organisation_id: int | None
    value: float | None


class Alarms:
    """The alarms of this process.

    :param mail: is asked to send a letter about an alarm that has just gone off, or still goes on.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        live: LiveBoard,
        mail: Callable[[int], Awaitable[None]],
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._db = database
        self._clock = clock
        self._live = live
        self._mail = mail
        self._every_s = every_s
        self._rules: dict[int, Rule] = {}
        self._standings: dict[_Key, Standing] = {}
        self._open: dict[_Key, AlarmEvent] = {}
        self._known = False
        self.changed = asyncio.Event()
        """Set when the list of what is on has changed."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look. Must be called in the running loop."""
        self._task = asyncio.create_task(self._run(), name="board:alarms")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def rules_changed(self) -> None:
        """Read the rules again at the next look."""
        self._known = False

    def on(self, scope: Scope) -> tuple[AlarmEvent, ...]:
        """Return what is on now and concerns a scope, the newest first."""
        found = [one for one in self._open.values() if scope.covers(one.organisation_id)]
        return tuple(sorted(found, key=lambda one: (one.raised_at, one.id), reverse=True))

    async def look(self) -> None:
        """Judge every figure once. Raises ``Unavailable`` when the database does not answer."""
        if not self._known:
            await self._read()
        now = self._clock.now()
        seen: set[_Key] = set()
        for rule in self._rules.values():
            for one in self._figures(rule, now):
                key = (rule.id, one.subject)
                seen.add(key)
                before = self._standings.get(key, Standing())
                await self._follow(rule, one, before, judge(rule, before, one.value, now), now)
        # Whose queue or operator is no more, or whose rule is closed: nothing can be wrong with him.
        for key in [key for key in self._open if key not in seen]:
            await self._clear(key, now)
            self._standings.pop(key, None)

    async def seen(self, by: User, scope: Scope, alarm_id: int) -> None:
        """Somebody has confirmed an alarm: nobody is reminded any more.

        :raises NotFound: there is none, or it is another organisation's.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(AlarmRow, alarm_id, with_for_update=True)
            if row is None or not scope.covers(row.organisation_id):
                raise NotFound("there is no such alarm", error_id="no-such-alarm")
            if row.seen_at is None:
                row.seen_at, row.seen_by_id = now, by.id
                row.mail_due_at = None
                audit(session, "change", ("alarm", alarm_id), user_id=by.id, at=now, details={"fields": ["seen"]})
        for key, one in self._open.items():
            if one.id == alarm_id and one.seen_at is None:
                self._open[key] = replace(one, seen_at=now, seen_by=by.short_name)
                self._standings[key] = replace(self._standings.get(key, Standing()), seen=True)
                self.changed.set()

    async def history(self, scope: Scope) -> tuple[AlarmEvent, ...]:
        """Return the latest alarms of a scope, newest first."""
        statement = (
            select(AlarmRow, AlarmRuleRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(AlarmRuleRow, AlarmRuleRow.id == AlarmRow.rule_id)
            .outerjoin(UserRow, UserRow.id == AlarmRow.seen_by_id)
            .order_by(AlarmRow.raised_at.desc(), AlarmRow.id.desc())
            .limit(HISTORY)
        )
        if scope.organisation_id is not None:
            statement = statement.where(AlarmRow.organisation_id == scope.organisation_id)
        async with self._db.begin() as session:
            found = (await session.execute(statement)).all()
        return tuple(self._event(row, rule, short_name(*name)) for row, rule, *name in found)

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _figures(self, rule: Rule, now: datetime) -> Iterator[Seen]:
        scope = Scope(rule.organisation_id)
        if rule.kind in OF_QUEUES:
            for one in self._live.queues(scope):
                if rule.queue is not None and one.queue != rule.queue:
                    continue
                value: float | None = one.line.waiting
                if rule.kind is Kind.LONGEST:
                    value = (now - one.line.oldest_at).total_seconds() if one.line.oldest_at else 0.0
                elif rule.kind is Kind.SERVICE_LEVEL:
                    recent = self._live.day.recent(one.queue, now)
                    value = recent.service_level if recent.decided >= ENOUGH else None
                elif rule.kind is Kind.NOBODY_READY:
                    value = float(one.ready == 0 and bool(one.line.waiting or one.at_work))
                yield Seen(one.queue, one.title, one.organisation_id, value)
            return
        for line in self._live.operators(scope):
            if rule.queue is None or rule.queue in line.queues:
                yield Seen(str(line.user_id), line.extension, line.organisation_id, _operators_figure(rule, line, now))

    async def _follow(self, rule: Rule, one: Seen, before: Standing, judged: Judgement, now: datetime) -> None:
        key = (rule.id, one.subject)
        event = self._open.get(key)
        if judged.step is Step.RAISED:
            await self._raise(rule, one, judged, now)
        elif judged.step is Step.CLEARED:
            await self._clear(key, now)
        elif judged.step is Step.REMINDED and event is not None:
            await self._remind(rule, event, now)
        elif event is not None and one.value is not None and _worse(rule, one.value, event.value):
            self._open[key] = replace(event, value=one.value)
            self.changed.set()
        # Only now: what the database did not take is judged again at the next look.
        if judged.standing != before:
            self._standings[key] = judged.standing

    async def _raise(self, rule: Rule, one: Seen, judged: Judgement, now: datetime) -> None:
        due = now if judged.tell and rule.emails else None
        values = {
            "rule_id": rule.id,
            "organisation_id": one.organisation_id,
            "subject": one.subject,
            "value": one.value or 0.0,
            "raised_at": now,
            "told_at": judged.standing.told_at,
            "mail_due_at": due,
        }
        async with self._db.begin() as session:
            alarm_id = await session.scalar(insert(AlarmRow).values(values).returning(AlarmRow.id))
        if alarm_id is None:
            msg = "the alarm was not stored"
            raise LookupError(msg)
        self._open[rule.id, one.subject] = AlarmEvent(
            alarm_id, rule.id, rule.kind, one.subject, one.title, one.organisation_id, one.value or 0.0,
            rule.threshold, rule.sound, now,
        )  # fmt: skip
        log.info("alarm %d: %s of %s", alarm_id, rule.kind, one.subject)
        self.changed.set()
        if due is not None:
            await self._mail(alarm_id)

    async def _remind(self, rule: Rule, event: AlarmEvent, now: datetime) -> None:
        due = now if rule.emails else None
        async with self._db.begin() as session:
            await session.execute(
                update(AlarmRow).where(AlarmRow.id == event.id).values(told_at=now, mail_due_at=due, value=event.value)
            )
        if due is not None:
            await self._mail(event.id)

    async def _clear(self, key: _Key, now: datetime) -> None:
        event = self._open.get(key)
        if event is not None:
            async with self._db.begin() as session:
                await session.execute(
                    update(AlarmRow).where(AlarmRow.id == event.id).values(cleared_at=now, value=event.value)
                )
            del self._open[key]
            self.changed.set()

    async def _read(self) -> None:
        """Read the rules, and what was on when an earlier process ended."""
        async with self._db.begin() as session:
            rows = (await session.scalars(select(AlarmRuleRow).where(AlarmRuleRow.closed_at.is_(None)))).all()
            opened = (
                await session.execute(
                    select(AlarmRow, AlarmRuleRow)
                    .join(AlarmRuleRow, AlarmRuleRow.id == AlarmRow.rule_id)
                    .where(AlarmRow.cleared_at.is_(None))
                )
            ).all()
        self._rules = {row.id: rule_of(row) for row in rows}
        for row, rule in opened:
            key = (row.rule_id, row.subject)
            if key not in self._open:
                self._open[key] = self._event(row, rule, "")
                self._standings[key] = Standing(
                    raised_at=row.raised_at, told_at=row.told_at, seen=row.seen_at is not None
                )
                self.changed.set()
        self._known = True

    def _event(self, row: AlarmRow, rule: AlarmRuleRow, seen_by: str) -> AlarmEvent:
        title = self._live.title(row.subject)
        if Kind(rule.kind) not in OF_QUEUES:
            person = self._live.person(int(row.subject))
            title = person.extension if person is not None else "—"
        return AlarmEvent(
            row.id, rule.id, rule.kind, row.subject, title, row.organisation_id, row.value, rule.threshold, rule.sound,
            row.raised_at, row.cleared_at, row.seen_at, seen_by,
        )  # fmt: skip

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Unavailable:
                log.warning("alarms cannot be kept now: the database does not answer")
            except SQLAlchemyError:
                log.exception("an alarm was refused by the database")
                self._known = False
            await asyncio.sleep(self._every_s)


def _operators_figure(rule: Rule, line: OperatorLine, now: datetime) -> float:
    if rule.kind is Kind.ONE_WAY:
        return float(line.alarm in ONE_WAY)
    if rule.kind is Kind.LOST:
        lost = line.state is OperatorState.LOST and line.since is not None
        return (now - line.since).total_seconds() if lost and line.since is not None else 0.0
    over = line.state is OperatorState.PAUSE and line.limit_at is not None
    return max(0.0, (now - line.limit_at).total_seconds()) if over and line.limit_at is not None else 0.0


def _worse(rule: Rule, value: float, than: float) -> bool:
    """Tell whether a figure is worth telling as the new worst: seconds that go on counting are not."""
    if rule.kind is Kind.SERVICE_LEVEL:
        return value < than
    return rule.kind is Kind.WAITING and value > than


def rule_of(row: AlarmRuleRow) -> Rule:
    """Return a stored rule."""
    return Rule(
        row.id, Kind(row.kind), row.threshold, row.organisation_id, row.queue, row.hold_s, row.repeat_min, row.sound,
        tuple(row.emails), row.version,
    )  # fmt: skip
