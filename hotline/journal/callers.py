"""Who calls again and again (DAY-24): how often a number called lately, and who spoke with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from hotline.clock import Clock
from hotline.cti.model import Direction
from hotline.db import Database
from hotline.journal.tables_call import CallRecord
from hotline.staff.model import short_name
from hotline.staff.tables import UserRow

WITHIN = timedelta(days=7)
OFTEN = 3
"""So many calls in a week, this one among them, make a repeat caller (DAY-24)."""


@dataclass(frozen=True, slots=True)
class FormerOperator:
    """Who spoke with the citizen last."""

    user_id: int
    name: str
    extension: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class RepeatCaller:
    """A number that calls often. ``calls`` within seven days, this one included."""

    calls: int
    former: FormerOperator | None


class Callers:
    """Reads the calls of a number."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def repeat(self, e164: str | None, call_key: str, user_id: int) -> RepeatCaller | None:
        """Tell whether a number calls often; ``None``: it does not, or it is withheld or internal.

        :param call_key: the call that is on now; its row may or may not be written.
        :param user_id: who asks: he needs no hint to himself.
        """
        if not e164 or not e164.startswith("+"):
            return None
        calls = (
            CallRecord.from_e164 == e164,
            CallRecord.started_at > self._clock.now() - WITHIN,
            CallRecord.direction == Direction.IN.value,
            CallRecord.key != call_key,
        )
        async with self._db.begin() as session:
            earlier = await session.scalar(select(func.count()).select_from(CallRecord).where(*calls)) or 0
            if earlier + 1 < OFTEN:
                return None
            spoke = (
                select(CallRecord.started_at, *_NAME)
                .join(UserRow, UserRow.id == CallRecord.operator_id)
                .where(*calls, UserRow.active, UserRow.id != user_id)
                .order_by(CallRecord.started_at.desc())
                .limit(1)
            )
            row = (await session.execute(spoke)).one_or_none()
        former = None
        if row is not None:
            name = short_name(row.last_name, row.first_name, row.patronymic)
            former = FormerOperator(row.id, name, row.extension, row.started_at)
        return RepeatCaller(earlier + 1, former)


_NAME = (UserRow.id, UserRow.last_name, UserRow.first_name, UserRow.patronymic, UserRow.extension)
