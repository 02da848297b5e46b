"""Deadlines that a change of the calendar moves: counted first, moved only when somebody says so (domain 2.5 c, f)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, Forbidden
from hotline.journal import outbox, settings_store, terms
from hotline.journal.deadlines import Calendar, DeadlineRule, Shift, Unit, deadline
from hotline.journal.model import AppealChanged
from hotline.journal.outbox import Outbox
from hotline.journal.tables import AppealRecord, is_open
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import OrganisationRow

BATCH = 100


@dataclass(frozen=True, slots=True)
class Move:
    """A deadline that the present calendar would set elsewhere."""

    appeal_id: int
    number: str
    before: datetime
    after: datetime


def by_calendar(rules: Iterable[DeadlineRule]) -> frozenset[str]:
    """Return the codes of rules whose deadlines depend on days off."""
    return frozenset(rule.code for rule in rules if rule.unit is Unit.WORKING_DAY or rule.shift is not Shift.NONE)


async def affected(session: AsyncSession, calendar: Calendar, default: ZoneInfo) -> tuple[Move, ...]:
    """Return the open appeals whose deadline would be another by ``calendar``, the nearest first.

    Dates given by hand and stopped clocks are never among them.
    """
    rules = await settings_store.deadline_rules(session)
    codes = by_calendar(rules)
    if not codes:
        return ()
    found = []
    for row, zone_name in (await session.execute(_candidates(codes))).all():
        zone = ZoneInfo(zone_name) if zone_name else default
        due = deadline(terms.facts_of(row), rules, zone, calendar)
        if due is not None and due.due_at != row.due_at:
            found.append(Move(row.id, row.number, row.due_at, due.due_at))
    return tuple(found)


def _candidates(codes: frozenset[str]) -> Select[AppealRecord, str | None]:
    return (
        select(AppealRecord, OrganisationRow.time_zone)
        .join(OrganisationRow, OrganisationRow.id == AppealRecord.organisation_id)
        .where(
            is_open(),
            AppealRecord.due_rule.in_(sorted(codes)),
            ~AppealRecord.due_manual,
            AppealRecord.close_date.is_(None),
        )
        .order_by(AppealRecord.due_at, AppealRecord.id)
        .execution_options(populate_existing=True)
    )


class Recompute:
    """Moves deadlines to where the calendar has them now."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, relay: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = relay

    async def preview(self, user: User) -> tuple[Move, ...]:
        """Return what :meth:`apply` would move.

        :raises Forbidden: the user may not change the calendar.
        """
        _require(user)
        async with self._db.begin() as session:
            return await affected(session, await settings_store.calendar(session), self._zone)

    async def apply(self, user: User, expected: int) -> int:
        """Move them, each with a line in its history; return how many were moved.

        :param expected: how many the preview showed.
        :raises Conflict: by now it is another number; ``details["count"]``. Nothing was moved.
        """
        moves = await self.preview(user)
        if len(moves) != expected:
            raise Conflict(
                "other deadlines are concerned now", error_id="recompute-changed", details={"count": len(moves)}
            )
        done = 0
        for start in range(0, len(moves), BATCH):
            done += await self._batch(user, moves[start : start + BATCH])
            await self._outbox.relay()
        return done

    async def _batch(self, user: User, moves: Sequence[Move]) -> int:
        now = self._clock.now()
        done = 0
        async with self._db.begin() as session:
            rules = await settings_store.deadline_rules(session)
            calendar = await settings_store.calendar(session)
            ids = [move.appeal_id for move in moves]
            statement = select(AppealRecord).where(AppealRecord.id.in_(ids)).order_by(AppealRecord.id).with_for_update()
            for row in await session.scalars(statement):
                zone = await terms.zone_of(session, row.organisation_id, self._zone)
                due = deadline(terms.facts_of(row), rules, zone, calendar)
                moved = terms.set_deadline(row, due, zone) if due is not None and terms.may_recompute(row) else ""
                if moved:
                    _write(session, row, user, moved, now)
                    done += 1
        return done


def _write(session: AsyncSession, row: AppealRecord, user: User, moved: str, now: datetime) -> None:
    row.version += 1
    session.add(terms.history_of(row, user.id, moved, now))
    details = {"event": terms.MOVED, "version": row.version, "cause": "calendar"}
    audit(session, "change", ("appeal", row.id), user_id=user.id, at=now, details=details)
    concerned = tuple(sorted({row.owner_id, row.creator_id, user.id}))
    outbox.put(session, AppealChanged("appeal.changed", row.id, row.number, concerned, now))


def _require(user: User) -> None:
    if not user.may(Right.DICT_EDIT):
        raise Forbidden("this user may not change the calendar")
