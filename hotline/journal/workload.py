"""What somebody has in his hands, for whoever switches his account off or hands his work over."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from hotline.db import Database
from hotline.journal.tables import AppealRecord, is_open

MOST = 500
"""At most so many appeals are looked at; nobody works on more."""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Open appeals of somebody, as id and version: those that he has, and those that wait for him."""

    owned: tuple[tuple[int, int], ...] = ()
    waiting: tuple[tuple[int, int], ...] = ()

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.owned) + len(self.waiting)


class Workload:
    """Reads; handing over goes through ``Appeals.forward`` like every other move."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, user_id: int) -> OpenWork:
        """Return the open appeals of a user."""
        statement = (
            select(AppealRecord.id, AppealRecord.version, AppealRecord.forwarded_to_id)
            .where(is_open(), or_(AppealRecord.owner_id == user_id, AppealRecord.forwarded_to_id == user_id))
            .order_by(AppealRecord.id)
            .limit(MOST)
        )
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
        waiting = tuple((row.id, row.version) for row in rows if row.forwarded_to_id == user_id)
        owned = tuple((row.id, row.version) for row in rows if row.forwarded_to_id != user_id)
        return OpenWork(owned, waiting)
