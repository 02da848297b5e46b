"""The last calls of a person, whichever browser he had them in (DAY-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.cti.model import Direction, LegRole
from hotline.db import Database
from hotline.journal import masking
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.staff.model import User

KEPT = 20


@dataclass(frozen=True, slots=True)
class Recent:
    """A call as its telephone had it. ``placed``: he dialled; ``number`` is that of the other side, ``""`` withheld."""

    key: str
    number: str
    placed: bool
    at: datetime
    answered: bool


class RecentCalls:
    """Reads the calls that rang at a person, or that he placed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, user: User) -> tuple[Recent, ...]:
        """Return the last twenty, newest first; colleagues who only rang along have missed them too."""
        async with self._db.begin() as session:
            return await _of(session, user)


async def _of(session: AsyncSession, user: User) -> tuple[Recent, ...]:
    # Ids of calls grow with time, so the newest stand at the end of the index on his legs.
    mine = (
        select(
            CallLegRow.call_id,
            func.bool_or(CallLegRow.role == LegRole.CALLER.value).label("placed"),
            func.bool_or(CallLegRow.answered_at.is_not(None)).label("answered"),
        )
        .where(CallLegRow.user_id == user.id)
        .group_by(CallLegRow.call_id)
        .order_by(CallLegRow.call_id.desc())
        .limit(KEPT)
        .subquery()
    )
    statement = select(CallRecord, mine.c.placed, mine.c.answered).join(mine, mine.c.call_id == CallRecord.id)
    found = await session.execute(statement.order_by(CallRecord.id.desc()))
    return tuple(_recent(user, call, placed=placed, answered=answered) for call, placed, answered in found)


def _recent(user: User, call: CallRecord, *, placed: bool, answered: bool) -> Recent:
    placed = placed or call.direction == Direction.OUT.value
    number = call.dialled if placed else call.from_e164 or call.from_raw or ""
    if call.direction != Direction.INTERNAL.value and not masking.sees_private(user):
        number = masking.tail(number)
    return Recent(call.key, number, placed, call.started_at, answered)
