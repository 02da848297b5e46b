"""The folders of the profile as the database has them now. Read once a minute: every page asks for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.journal.listing import FolderDef, Order, Relation, Scope
from hotline.journal.model import Phase
from hotline.journal.tables_classifier import ProfileRow
from hotline.journal.tables_lists import FolderRow
from hotline.staff.model import User

FRESH = timedelta(minutes=1)


class FolderBook:
    """Folders and the setting ``journal.scope`` (Q2), remembered for a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read_at: datetime | None = None
        self._folders: tuple[FolderDef, ...] = ()
        self.scope = Scope.ORGANISATION
        self.edition = 0
        """Another number whenever a folder or the scope is another."""

    async def of(self, session: AsyncSession, user: User) -> tuple[FolderDef, ...]:
        """Return the folders of ``user`` in the profile's order (S000-02)."""
        now = self._clock.now()
        if self._read_at is None or not self._read_at <= now < self._read_at + FRESH:
            await self._read(session, now)
        return tuple(one for one in self._folders if one.of(user))

    def knows(self, code: str) -> bool:
        """Tell whether anybody has a folder of this code. Only after :meth:`of`."""
        return any(one.code == code for one in self._folders)

    def forget(self) -> None:
        """Read again at the next question: the profile was loaded."""
        self._read_at = None

    async def _read(self, session: AsyncSession, now: datetime) -> None:
        settings = select(ProfileRow.settings).order_by(ProfileRow.loaded_at.desc()).limit(1).scalar_subquery()
        # A profile without folders still says whose appeals its lists hold.
        rows = (
            await session.execute(
                select(FolderRow, settings.label("settings"))
                .where(or_(FolderRow.valid_to.is_(None), FolderRow.valid_to > now.date()))
                .order_by(FolderRow.sort, FolderRow.code)
            )
        ).all()
        folders = tuple(_folder(row.FolderRow) for row in rows)
        chosen: dict[str, Any] = (rows[0].settings if rows else None) or {}
        scope = Scope(chosen.get("journal", {}).get("scope", Scope.ORGANISATION))
        if (folders, scope) != (self._folders, self.scope):
            self._folders, self.scope = folders, scope
            self.edition += 1
        self._read_at = now


def _folder(row: FolderRow) -> FolderDef:
    return FolderDef(
        code=row.code,
        title=row.title,
        relation=Relation(row.relation),
        titles=row.titles,
        icon=row.icon,
        phases=tuple(Phase(one) for one in row.phases),
        overdue=row.overdue,
        roles=frozenset(row.roles),
        right=row.right,
        order=Order.parse(row.order),
    )
