"""The card goes along with the call: a warm transfer was completed (T4 and T5 in one step, domain 2.4, 2.9).

The telephone has already moved. When the matrix forbids the record, it stays with the sender, who is told so.
"""

from __future__ import annotations

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, Forbidden, NotFound
from hotline.journal.model import CardRef, Form, HandOver
from hotline.journal.moves import Step, move
from hotline.journal.outbox import Outbox
from hotline.journal.process_model import HAND_OVER
from hotline.journal.recipients import find_target, require_forwarding
from hotline.journal.tables import AppealRecord, DraftRow
from hotline.journal.tables_card import AttachmentRow
from hotline.journal.tables_classifier import ChannelRow
from hotline.staff.audit import audit
from hotline.staff.model import User


class HandOvers:
    """One use case: hand a card over."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def hand_over(self, user: User, card: CardRef, to_user_id: int, *, operator_lost: bool = False) -> HandOver:
        """Give a draft or an appeal to the operator who took the call, if the matrix allows it.

        :param operator_lost: nobody forwards anything: ``user`` was lost in the middle of the conversation, and the
            queue gave the citizen to somebody else. His unsaved card then follows the citizen whatever the matrix says;
            a saved appeal stays with its owner.

        :param user: who had the call and owns the card.
        :return: ``moved`` False with the reason (``matrix``, ``inactive``, ``same-user``, ``illegal-move``) when only
            the call may go; nothing was changed then.
        :raises NotFound: there is no such card, or the draft is not the user's.
        """
        try:
            async with self._db.begin() as session:
                target = await find_target(session, to_user_id)
                if card.kind == "draft":
                    await self._draft(session, user, card.id, target, ask_matrix=not operator_lost)
                else:
                    await self._appeal(session, user, card.id, target)
        except (Forbidden, Conflict) as error:
            return HandOver(moved=False, reason=str(error.details.get("reason", error.error_id)), card=card)
        await self._outbox.relay()
        return HandOver(moved=True, card=card)

    async def _appeal(self, session: AsyncSession, user: User, appeal_id: int, target: User) -> None:
        row = await session.get(AppealRecord, appeal_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound("there is no such appeal", error_id="no-such-appeal")
        await require_forwarding(session, user, target, Form(row.form))
        await move(session, row, HAND_OVER, Step(user, self._clock.now(), target=target))

    async def _draft(self, session: AsyncSession, user: User, draft_id: int, target: User, *, ask_matrix: bool) -> None:
        row = await session.get(DraftRow, draft_id, with_for_update=True, populate_existing=True)
        if row is None or row.user_id != user.id:
            raise NotFound("there is no such draft", error_id="no-such-draft")
        written = await self._written(session, target, row)
        if written is not None:  # nobody has typed in the sender's; files that he put there go along
            await session.execute(
                update(AttachmentRow).where(AttachmentRow.draft_id == row.id).values(draft_id=written)
            )
            await session.delete(row)
            return
        if ask_matrix:
            channel = await session.get(ChannelRow, row.fields.get("channel", ""))
            await require_forwarding(session, user, target, Form(channel.form) if channel else Form.ORAL)
        if row.call_key is not None:
            # The target may have opened a card of his own for this call. It stays among his drafts, without the call.
            await session.execute(
                update(DraftRow)
                .where(DraftRow.user_id == target.id, DraftRow.call_key == row.call_key)
                .values(call_key=None)
            )
        row.user_id = target.id
        row.handed_by = user.id
        row.saved_at = self._clock.now()
        audit(
            session,
            "change",
            ("draft", draft_id),
            user_id=user.id,
            at=row.saved_at,
            details={"event": "hand_over", "to": target.id},
        )

    async def _written(self, session: AsyncSession, target: User, row: DraftRow) -> int | None:
        """Return the card of whom it never left, when the call comes back to him and the sender's own is empty."""
        if row.call_key is None or row.rev > 0 or row.handed_by is not None:
            return None
        own = select(DraftRow.id).where(DraftRow.user_id == target.id, DraftRow.call_key == row.call_key)
        found: int | None = await session.scalar(own.where(or_(DraftRow.rev > 0, DraftRow.handed_by.is_not(None))))
        return found
