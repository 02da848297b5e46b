"""What was not recorded, for whoever answers for it: by day, by call (peers 3.4: provable completeness)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.archive import coverage, queries
from hotline.archive.coverage import Gap, Report
from hotline.clock import Clock
from hotline.cti.model import Direction
from hotline.db import Database
from hotline.errors import Forbidden
from hotline.journal import masking
from hotline.journal.tables_call import CallRecord
from hotline.journal.visibility import calls as visible
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

SETTLED = timedelta(minutes=2)
"""A recording is in the archive some seconds after the call's end; one that is not by now is missing."""
ENTITY = "recording-gaps"


@dataclass(frozen=True, slots=True)
class GapLine:
    """A call with a gap. ``number`` is the citizen's; ``recorded`` says that there is something to listen to."""

    gap: Gap
    direction: str
    number: str | None
    started_at: datetime
    operator: str
    recorded: bool


@dataclass(frozen=True, slots=True)
class GapDay:
    """Everything about one day: the sums over all conversations, and those with gaps, the largest first."""

    report: Report
    lines: tuple[GapLine, ...]


class Gaps:
    """Reads; nothing here changes a recording."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of_day(self, user: User, start: datetime, end: datetime, *, ip: str = "", export: bool = False) -> GapDay:
        """Compare the calls that ``user`` may see and that began from ``start`` to ``end``. Audited.

        :param export: a copy leaves the system; the audit trail says ``export`` instead of ``view``.
        :raises Forbidden: this user may not listen to others' calls.
        """
        if not may_look(user):
            raise Forbidden("this role may not do that", details={"needs": [Right.CALL_LISTEN_ANY]})
        now = self._clock.now()
        which = [CallRecord.started_at >= start, CallRecord.started_at < end]
        limits = visible(user)
        if limits is not None:
            which.append(limits)
        async with self._db.begin() as session:
            found = coverage.report(await queries.conversations(session, *which, settled=now - SETTLED))
            lines = await _lines(session, user, found.gaps)
            audit(
                session, "export" if export else "view", (ENTITY, start.isoformat()),
                user_id=user.id, at=now, ip=ip, details={"gaps": len(lines)},
            )  # fmt: skip
        return GapDay(found, lines)

    async def of_calls(self, keys: Iterable[str]) -> dict[str, Gap]:
        """Return those of some calls that have gaps, by key. Who asks must be allowed to see these calls."""
        async with self._db.begin() as session:
            which = CallRecord.key.in_(list(keys))
            settled = self._clock.now() - SETTLED
            found = coverage.report(await queries.conversations(session, which, settled=settled))
        return {gap.call_key: gap for gap in found.gaps}

    async def of_call(self, key: str) -> Gap | None:
        """Return the gap of one call whose file was looked for just now; ``None`` when nothing is missing."""
        async with self._db.begin() as session:
            found = coverage.report(await queries.conversations(session, CallRecord.key == key))
        return found.gaps[0] if found.gaps else None


def may_look(user: User) -> bool:
    """Tell whether a user may see what was not recorded: whoever may listen to others' recordings."""
    return user.may(Right.CALL_LISTEN_ANY)


async def _lines(session: AsyncSession, user: User, gaps: tuple[Gap, ...]) -> tuple[GapLine, ...]:
    rows = await session.execute(
        select(CallRecord, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .outerjoin(UserRow, UserRow.id == CallRecord.operator_id)
        .where(CallRecord.key.in_([gap.call_key for gap in gaps]))
    )
    calls = {row.CallRecord.key: row for row in rows}
    lines = []
    for gap in gaps:
        row = calls[gap.call_key]
        call: CallRecord = row.CallRecord
        incoming = call.direction == Direction.IN.value
        operator = short_name(row.last_name, row.first_name, row.patronymic) or call.operator or ""
        number = (call.from_e164 or call.from_raw) if incoming else call.dialled
        if masking.hides_number(user, call.direction, call.operator_id):
            number = masking.number(number)
        lines.append(GapLine(gap, call.direction, number, call.started_at, operator, call.recorded))
    return tuple(lines)
