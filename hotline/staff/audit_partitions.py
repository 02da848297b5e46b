"""The audit trail in one table a month (PostgreSQL 5.12), so that years of it do not slow it down (152-ФЗ art. 19).

Months are UTC's. What fits no month's table goes into the default one: a missing table never costs an entry. An old
month can be put away as a whole (docs/operations.md).
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.staff.tables import AuditEventRow

log = logging.getLogger(__name__)

TABLE = "audit_event"
DEFAULT = f"{TABLE}_default"
AHEAD = 3
"""Months made beyond the present one: a service that cannot make them for weeks loses nothing but speed."""
_LOCK_TIMEOUT = "2s"


def months(now: datetime, ahead: int = AHEAD) -> tuple[date, ...]:
    """Return the first days of this month and of those that follow. Pure; ``now`` is in UTC."""
    first = now.year * 12 + now.month - 1
    return tuple(date((first + step) // 12, (first + step) % 12 + 1, 1) for step in range(ahead + 1))


def name_of(month: date) -> str:
    """Return the name of a month's table: ``audit_event_2026_11``."""
    return f"{TABLE}_{month:%Y_%m}"


def _bounds(month: date) -> tuple[str, str]:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return f"{month} 00:00:00+00", f"{after} 00:00:00+00"


def statements(month: date | None, *, guarded: bool) -> tuple[str, ...]:
    """Return what makes a month's table; ``None``: the default one.

    :param guarded: refuse to empty it. Triggers for single rows come from the whole table, those of TRUNCATE do not.
    """
    name, bounds = DEFAULT, "DEFAULT"
    if month is not None:
        name = name_of(month)
        bounds = "FOR VALUES FROM ('{}') TO ('{}')".format(*_bounds(month))
    made = f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {TABLE} {bounds}"
    guard = (
        f"CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    return (made, guard) if guarded else (made,)


def taking_over(month: date) -> tuple[str, ...]:
    """Return what makes the default table, whose entries are all of this month, that month's; no entry is moved."""
    name, (start, end) = name_of(month), _bounds(month)
    return (
        f"ALTER TABLE {TABLE} DETACH PARTITION {DEFAULT}",
        f"ALTER TABLE {DEFAULT} RENAME TO {name}",
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')",
        *statements(None, guarded=True),
    )


class AuditPartitions:
    """Makes the tables of the coming months."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def prepare(self) -> int:
        """Make what is missing, each month in a transaction of its own; return 0: nothing is deleted.

        Entries of a month may lie in the default table already: those of a set-up, written before the first start. When
        it has no others, it becomes the month's. Otherwise (a clock that was wrong) they stay there, and the month gets
        no table: they are found all the same.
        """
        for month in months(self._clock.now()):
            try:
                await self._make(month)
            except DBAPIError as error:
                log.warning("no table for the audit trail of %s yet: %s", month, error.orig)
        return 0

    async def _make(self, month: date) -> None:
        async with self._db.begin() as session:
            if await session.scalar(text("SELECT to_regclass(:name)"), {"name": name_of(month)}) is not None:
                return
            # Everybody who writes an entry would wait behind a lock that does not come.
            await session.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            for statement in await self._needed(session, month):
                await session.execute(text(statement))
        log.info("made %s for the audit trail", name_of(month))

    @staticmethod
    async def _needed(session: AsyncSession, month: date) -> tuple[str, ...]:
        # The lock that a new table takes anyway: nobody may write an entry between the look and the change.
        await session.execute(text("LOCK TABLE ONLY audit_event, audit_event_default IN ACCESS EXCLUSIVE MODE"))
        found = await session.execute(
            text(
                "SELECT EXISTS (SELECT FROM audit_event_default WHERE at >= :start AND at < :end), "
                "EXISTS (SELECT FROM audit_event_default WHERE at < :start OR at >= :end)"
            ),
            dict(zip(("start", "end"), map(datetime.fromisoformat, _bounds(month)), strict=True)),
        )
        own, others = found.one()
        return taking_over(month) if own and not others else statements(month, guarded=True)


@event.listens_for(AuditEventRow.__table__, "after_create")
def _with_default(_table: Any, connection: Connection, **_: Any) -> None:
    """Whoever makes the tables from the code gets one that takes entries."""
    for statement in statements(None, guarded=False):
        connection.execute(text(statement))
