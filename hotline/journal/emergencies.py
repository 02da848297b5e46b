"""«112»: somebody's life is in danger (DAY-31). The supervisor learns of it at once, and the operator that he did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound
from hotline.events import Bus
from hotline.journal import settings_store
from hotline.journal.model import ScriptText
from hotline.journal.tables_card import EmergencyRow
from hotline.journal.tables_classifier import ScriptRow
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

SHOWN = timedelta(hours=12)
"""An alarm that nobody has seen is shown to whoever logs in within a shift."""
AGAIN = timedelta(minutes=2)
"""The key pressed twice for the same call is one alarm."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """An alarm. ``seen_by`` is empty until a supervisor has confirmed it."""

    id: int
    at: datetime
    user_id: int
    by: str
    extension: str | None
    call_key: str | None
    seen_by: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyChanged:
    """Published when the key is pressed, and when a supervisor has seen it. Nothing of the citizen is in it."""

    emergency: Emergency


class Emergencies:
    """Alarms of operators."""

    def __init__(self, db: Database, clock: Clock, bus: Bus | None) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus

    async def script(self) -> ScriptText | None:
        """Return what the operator says now: the profile names the answer."""
        async with self._db.begin() as session:
            code = (await settings_store.profile_settings(session)).get("emergency", {}).get("script", "")
            row = await session.get(ScriptRow, code) if code else None
        return None if row is None else ScriptText(row.code, row.title, row.body, tuple(row.topics))

    async def disposition(self) -> str:
        """Return the characteristic that such a call gets; empty when the profile names none."""
        async with self._db.begin() as session:
            found = (await settings_store.profile_settings(session)).get("emergency", {}).get("disposition", "")
        return str(found)

    async def alarm(self, user: User, call_key: str | None) -> Emergency:
        """Write the alarm down and publish it."""
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.scalar(
                select(EmergencyRow)
                .where(
                    EmergencyRow.user_id == user.id,
                    EmergencyRow.call_key.is_(None) if call_key is None else EmergencyRow.call_key == call_key,
                    EmergencyRow.at > now - AGAIN,
                    EmergencyRow.seen_at.is_(None),
                )
                .limit(1)
            )
            if row is None:
                row = EmergencyRow(at=now, user_id=user.id, call_key=call_key)
                session.add(row)
                await session.flush()
                audit(session, "change", ("emergency", row.id), user_id=user.id, at=now, details={"event": "alarm"})
            found = Emergency(row.id, row.at, user.id, user.short_name, user.extension, call_key)
        self._publish(found)
        return found

    async def seen(self, user: User, emergency_id: int) -> Emergency:
        """A supervisor confirms that he knows; the first one counts.

        :raises NotFound: there is no such alarm.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(EmergencyRow, emergency_id, with_for_update=True)
            if row is None:
                raise NotFound("there is no such alarm", error_id="no-such-emergency")
            if row.seen_at is None:
                row.seen_at, row.seen_by_id = now, user.id
                audit(session, "change", ("emergency", row.id), user_id=user.id, at=now, details={"event": "seen"})
            by = await session.get_one(UserRow, row.user_id)
            seen_by = await session.get_one(UserRow, row.seen_by_id)
            found = Emergency(row.id, row.at, by.id, _name(by), by.extension, row.call_key, _name(seen_by))
        self._publish(found)
        return found

    async def open(self) -> tuple[Emergency, ...]:
        """Return the alarms of this shift that nobody has seen yet, oldest first."""
        statement = (
            select(EmergencyRow, UserRow)
            .join(UserRow, UserRow.id == EmergencyRow.user_id)
            .where(EmergencyRow.seen_at.is_(None), EmergencyRow.at > self._clock.now() - SHOWN)
            .order_by(EmergencyRow.at)
        )
        async with self._db.begin() as session:
            return tuple(
                Emergency(row.id, row.at, by.id, _name(by), by.extension, row.call_key)
                for row, by in await session.execute(statement)
            )

    def _publish(self, found: Emergency) -> None:
        if self._bus is not None:
            self._bus.publish(EmergencyChanged(found))


def _name(row: UserRow) -> str:
    return short_name(row.last_name, row.first_name, row.patronymic)
