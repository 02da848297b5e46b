"""Unfinished cards at the end of a shift: thrown away, or given to a colleague (DAY-21)."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.journal.tables import DraftRow
from hotline.staff import queries as staff_queries
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import UserRow


class DraftGiving:
    """An unfinished card changes hands without its call: nothing was registered yet, so no matrix is asked."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def colleagues(self, user: User) -> tuple[User, ...]:
        """Return who may get an unfinished card: whoever registers appeals in the same organisation, by name."""
        async with self._db.begin() as session:
            rows = await session.execute(
                staff_queries.users_with_rights()
                .where(UserRow.active, UserRow.organisation_id == user.organisation.id, UserRow.id != user.id)
                .order_by(UserRow.last_name, UserRow.first_name, UserRow.id)
            )
            found = [staff_queries.to_user(row) for row in rows]
        return tuple(one for one in found if one.may(Right.APPEAL_CREATE))

    async def give(self, user: User, draft_id: int, to_user_id: int) -> User:
        """Give an unfinished card to a colleague; return him. It is among his own then, marked with who gave it.

        :raises NotFound: the card is not the user's (any more).
        :raises BadInput: there is no such colleague.
        :raises Forbidden: the colleague registers no appeals, or works elsewhere.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(DraftRow, draft_id, with_for_update=True, populate_existing=True)
            if row is None or row.user_id != user.id:
                raise NotFound("there is no such draft", error_id="no-such-draft")
            target = await staff_queries.find_user(session, UserRow.id == to_user_id)
            if target is None or not target.active or target.id == user.id:
                raise BadInput("there is no such colleague", details={"to_user_id": "unknown"})
            if target.organisation.id != user.organisation.id or not target.may(Right.APPEAL_CREATE):
                raise Forbidden("the card may not go to this person", error_id="forwarding-forbidden")
            if row.call_key is not None and await self._has_card(session, target, row.call_key):
                # He has opened a card of his own for this call: that one stays among his drafts, without the call.
                await session.execute(
                    update(DraftRow)
                    .where(DraftRow.user_id == target.id, DraftRow.call_key == row.call_key)
                    .values(call_key=None)
                )
            row.user_id, row.handed_by, row.saved_at = target.id, user.id, now
            details = {"event": "give", "to": target.id}
            audit(session, "change", ("draft", draft_id), user_id=user.id, at=now, details=details)
        return target

    @staticmethod
    async def _has_card(session: AsyncSession, user: User, call_key: str) -> bool:
        mine = (DraftRow.user_id == user.id, DraftRow.call_key == call_key)
        return await session.scalar(select(DraftRow.id).where(*mine)) is not None
