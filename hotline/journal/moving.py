"""Use cases that move an appeal through its life (domain 2.3): one door for buttons, bulk actions and the telephone.

``fire`` makes any move that the profile has. The named methods are for moves that the product's own pages know by
their triggers (:class:`Trigger`); a profile without such a trigger refuses them as impossible in the phase.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, NotFound
from hotline.journal import appeal_view, life_view, process_store, targets, terms
from hotline.journal.effects_model import Group, Step
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal
from hotline.journal.moves import as_error, move
from hotline.journal.outbox import Outbox
from hotline.journal.recipients import find_target
from hotline.journal.tables import AppealRecord
from hotline.journal.targets_model import MoveDialog
from hotline.journal.workflow import IllegalMoveError
from hotline.staff.model import Right, User


class Trigger(StrEnum):
    """Moves that the product's pages ask for by name. Profiles may have more."""

    FORWARD = "forward"  # T4
    REASSIGN = "reassign"  # 2.4, by the administrator
    ACCEPT = "accept"  # T5
    RECALL = "recall"  # T5b, by the sender before acceptance
    DECLINE = "decline"  # T5b, by the target
    DEFER = "defer"  # T6
    CONTACTED = "contacted"  # T7
    CLOSE = "close"  # T3, T8
    ASK_EXTENSION = "ask_extension"  # T9
    APPROVE_EXTENSION = "approve_extension"  # T10
    REFUSE_EXTENSION = "refuse_extension"  # T10
    RETURN = "return"  # T11
    FINAL_CLOSE = "final_close"  # T12
    DELETE = "delete"  # T13
    RESTORE = "restore"  # T13
    REOPEN = "reopen"  # T21


class Moving:
    """The moves of registered appeals. Every method checks rights; every move is one transaction."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = outbox

    async def fire(
        self, user: User, appeal_id: int, trigger: str, version: int, form: MoveForm | None = None
    ) -> Appeal:
        """Make the move ``trigger`` on an appeal and return the appeal after it.

        :param version: :attr:`Appeal.version` that the user saw.
        :raises NotFound: there is no such appeal.
        :raises Conflict: somebody changed it since (``stale-appeal``), its phase forbids the move
            (``illegal-move``), or the move is not for such appeals (``not-for-such-appeals``).
        :raises Forbidden: the user may not make it (``not-yours-to-move``, ``no-right-to-move``), or not give it to
            that person or group (``forwarding-forbidden``).
        :raises BadInput: ``details`` maps every field that is missing or wrong to what is wrong with it.
        """
        async with self._db.begin() as session:
            await self.move_one(session, user, appeal_id, trigger, version, form)
        return await self._after(user, appeal_id)

    async def move_one(
        self,
        session: AsyncSession,
        user: User,
        appeal_id: int,
        trigger: str,
        version: int,
        form: MoveForm | None = None,
    ) -> AppealRecord:
        """Make a move inside a transaction of the caller's, who relays the outbox afterwards. Errors: :meth:`fire`."""
        form = form or MoveForm()
        row = await locked(session, appeal_id)
        await appeal_view.require_visible(session, user, appeal_id)
        require_version(row, version)
        step = await self._step(session, user, row, form)
        await move(session, row, trigger, step)
        return row

    async def forward(self, user: User, appeal_id: int, to_user_id: int, version: int, comment: str = "") -> Appeal:
        """Give an appeal to somebody who must accept it (T4); administrators reassign. The deadline goes on.

        :raises Forbidden: the matrix does not allow it; ``details["reason"]`` as in ``forwarding.Verdict``.
        :raises Conflict: somebody changed the appeal since, or its phase forbids it.
        """
        trigger = Trigger.REASSIGN if user.may(Right.APPEAL_EDIT_ANY) else Trigger.FORWARD
        return await self.fire(user, appeal_id, trigger, version, MoveForm(comment=comment, to_user_id=to_user_id))

    async def accept(self, user: User, appeal_id: int, version: int) -> Appeal:
        """Take a forwarded appeal into work; the first one wins (T5, S000-08).

        :raises Conflict: somebody else was first, or it was recalled.
        :raises Forbidden: it was forwarded to somebody else.
        """
        return await self.fire(user, appeal_id, Trigger.ACCEPT, version)

    async def decline(self, user: User, appeal_id: int, version: int, comment: str) -> Appeal:
        """Give a forwarded appeal back to its sender, with a comment (T5b)."""
        return await self.fire(user, appeal_id, Trigger.DECLINE, version, MoveForm(comment=comment))

    async def recall(self, user: User, appeal_id: int, version: int, comment: str = "") -> Appeal:
        """Take a forwarded appeal back before it was accepted (T5b)."""
        return await self.fire(user, appeal_id, Trigger.RECALL, version, MoveForm(comment=comment))

    async def finish_consultation(self, session: AsyncSession, user: User, row: AppealRecord) -> None:
        """Close a consultation with the result that the profile has for one (T3), in the caller's transaction."""
        process = await process_store.process(session)
        form = MoveForm(result=str(process.settings.get("consultation_result", "")))
        await move(session, row, Trigger.CLOSE, Step(user, self._clock.now(), form=form))

    async def dialog(self, user: User, appeal_id: int, trigger: str) -> MoveDialog:
        """Return what the dialog of a move asks: its fields, and what can be chosen in them.

        :raises NotFound: there is no such appeal.
        :raises Forbidden: the user may not see it, or not make this move.
        :raises Conflict: its state forbids the move.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(AppealRecord, appeal_id)
            if row is None:
                raise NotFound("there is no such appeal", error_id="no-such-appeal")
            await appeal_view.require_visible(session, user, appeal_id)
            zone = await terms.zone_of(session, row.organisation_id, self._zone)
            try:
                return await life_view.dialog(session, user, row, trigger, now, zone)
            except IllegalMoveError as error:
                raise as_error(error) from error

    async def _step(self, session: AsyncSession, user: User, row: AppealRecord, form: MoveForm) -> Step:
        target = None if form.to_user_id is None else await find_target(session, form.to_user_id)
        group = None
        if target is None and form.to_role:
            home = await targets.organisation_of_group(session, row, form.to_role, form.to_org_id)
            group = Group(form.to_role, home)
        return Step(user, self._clock.now(), form.comment, target, group, replace(form, comment=form.comment.strip()))

    async def _after(self, user: User, appeal_id: int) -> Appeal:
        await self._outbox.relay()
        async with self._db.begin() as session:
            return await appeal_view.load(session, user, appeal_id, self._zone, self._clock.now())


async def locked(session: AsyncSession, appeal_id: int) -> AppealRecord:
    """Return the row of an appeal, locked until the transaction ends.

    :raises NotFound: there is none.
    """
    row = await session.get(AppealRecord, appeal_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("there is no such appeal", error_id="no-such-appeal")
    return row


def require_version(row: AppealRecord, version: int, fields: dict[str, list[str]] | None = None) -> None:
    """Refuse what was made from another version than the stored one.

    :param fields: what differs, name → yours, stored; for the form to show.
    :raises Conflict: somebody else changed the appeal.
    """
    if row.version == version:
        return
    details: dict[str, object] = {"version": row.version}
    if fields is not None:
        details["fields"] = fields
    raise Conflict("somebody else changed this appeal", error_id="stale-appeal", details=details)
