"""Use cases of the soft lock: hold, release, who has it (domain 2.7, 2.11 ``lock.taken``, ``lock.released``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.events import Bus
from hotline.journal import appeal_view
from hotline.journal.lock_rules import Holder, Lock, decide
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_card import EditLockRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow


@dataclass(frozen=True, slots=True)
class LockView:
    """Who edits an appeal. ``mine``: the page that asks; ``may_take``: it would get the lock if it insisted."""

    mine: bool
    user_id: int
    by: str
    since: datetime
    may_take: bool = False


@dataclass(frozen=True, slots=True)
class LockChanged:
    """Published when an appeal gets another editor, or none (``by`` is empty then)."""

    appeal_id: int
    user_id: int | None
    tab: str
    by: str


class EditLocks:
    """Locks are soft: they tell people of each other, while the version of the appeal keeps their texts apart."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, bus: Bus | None) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._bus = bus

    async def hold(self, user: User, appeal_id: int, tab: str, *, insists: bool = False) -> LockView:
        """Take or renew the lock; return who has it now.

        :param tab: a random name of the page.
        :raises Forbidden: the user may not edit this appeal at all.
        """
        if not tab or len(tab) > 64:
            raise BadInput("the page has no name", details={"tab": "1 to 64 characters"})
        asks, now = Holder(user.id, tab), self._clock.now()
        async with self._db.begin() as session:
            appeal = await appeal_view.load(session, user, appeal_id, self._zone, now)
            if not appeal.editable:
                raise Forbidden("this appeal may not be edited now", error_id="appeal-locked")
            # Two pages that ask at the same moment take turns here.
            await session.execute(select(AppealRecord.id).where(AppealRecord.id == appeal_id).with_for_update())
            row = await session.get(EditLockRow, appeal_id, populate_existing=True)
            made = decide(
                None if row is None else Lock(Holder(row.user_id, row.tab), row.renewed_at),
                asks,
                now,
                insists=insists,
                admin=user.may(Right.APPEAL_EDIT_ANY),
            )
            if not made.granted:
                found = await self._view(session, appeal_id, now)
                assert found is not None  # noqa: S101 - a refusal comes from a lock that lives
                return LockView(
                    mine=False, user_id=found.user_id, by=found.by, since=found.since, may_take=made.may_take
                )
            changed = row is None or Holder(row.user_id, row.tab) != asks
            since = now if row is None or changed else row.taken_at
            statement = insert(EditLockRow).values(
                appeal_id=appeal_id, user_id=user.id, tab=tab, taken_at=since, renewed_at=now
            )
            values = {name: statement.excluded[name] for name in ("user_id", "tab", "taken_at", "renewed_at")}
            await session.execute(statement.on_conflict_do_update(index_elements=["appeal_id"], set_=values))
            if changed:
                details = {"event": "lock", "taken_over": insists}
                audit(session, "change", ("appeal", appeal_id), user_id=user.id, at=now, details=details)
        if changed:
            self._tell(LockChanged(appeal_id, user.id, tab, user.short_name))
        return LockView(mine=True, user_id=user.id, by=user.short_name, since=since)

    async def release(self, user: User, appeal_id: int, tab: str) -> None:
        """Give the lock back. Nothing happens when the page does not have it (any more)."""
        async with self._db.begin() as session:
            mine = (EditLockRow.appeal_id == appeal_id, EditLockRow.user_id == user.id, EditLockRow.tab == tab)
            gone = await session.scalar(delete(EditLockRow).where(*mine).returning(EditLockRow.appeal_id))
        if gone is not None:
            self._tell(LockChanged(appeal_id, None, "", ""))

    async def who(self, appeal_id: int) -> LockView | None:
        """Return who edits an appeal; ``None`` for nobody."""
        async with self._db.begin() as session:
            return await self._view(session, appeal_id, self._clock.now())

    @staticmethod
    async def _view(session: AsyncSession, appeal_id: int, now: datetime) -> LockView | None:
        statement = (
            select(EditLockRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(UserRow, UserRow.id == EditLockRow.user_id)
            .where(EditLockRow.appeal_id == appeal_id)
        )
        found = (await session.execute(statement)).one_or_none()
        if found is None:
            return None
        row: EditLockRow = found.EditLockRow
        if not Lock(Holder(row.user_id, row.tab), row.renewed_at).alive(now):
            return None
        name = short_name(found.last_name, found.first_name, found.patronymic)
        return LockView(mine=False, user_id=row.user_id, by=name, since=row.taken_at)

    def _tell(self, fact: LockChanged) -> None:
        if self._bus is not None:
            self._bus.publish(fact)
