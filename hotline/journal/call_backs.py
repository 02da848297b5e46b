"""Outgoing calls that are about an appeal: linked to it while they ring, without a second card (domain 2.1, T7).

The page of an appeal names it in the INVITE and the call carries it; that is believed only as far as the call's
operator may read that appeal. Linked once, at whichever news of the call comes first, that of Asterisk's logs among
them: neither a restart of the service or of the database nor a lost link to Asterisk loses it.
"""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.cti.model import Call, CallEvent, Direction
from hotline.db import Database
from hotline.errors import NotFound
from hotline.journal import appeal_view, outbox
from hotline.journal.imports import CallsImported
from hotline.journal.model import AppealChanged, CardRef
from hotline.journal.outbox import Outbox
from hotline.journal.tables import CALL_BACK, AppealCallRow, AppealRecord
from hotline.staff.audit import audit
from hotline.staff.model import User
from hotline.staff.queries import find_user
from hotline.staff.tables import UserRow

log = logging.getLogger(__name__)


def about(call: Call) -> int | None:
    """Return the id of the appeal that a call says it is about; ``None`` for incoming calls and all other cards."""
    if call.direction is not Direction.OUT or not call.card_id:
        return None
    try:
        card = CardRef.parse(call.card_id)
    except ValueError:
        return None
    return card.id if card.kind == "appeal" else None


class CallBacks:
    """Links calls to the appeals that they are about. ``app.py`` subscribes :meth:`on_event` to the bus."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def on_event(self, event: CallEvent) -> None:
        """Link an outgoing call, unless that was done at earlier news of it."""
        call = event.call
        if about(call) is None or call.operator is None:
            return
        async with self._db.begin() as session:
            linked = await self.link(session, call)
        if linked:
            await self._outbox.relay()

    async def on_imported(self, _: CallsImported) -> None:
        """Publish what :meth:`link` has written with calls from the logs."""
        await self._outbox.relay()

    async def link(self, session: AsyncSession, call: Call) -> bool:
        """Link a call in the transaction that writes it: one that only Asterisk's logs tell of, after an outage."""
        appeal_id = about(call)
        if appeal_id is None or call.operator is None:
            return False
        user = await find_user(session, UserRow.extension == call.operator, UserRow.active)
        return user is not None and await self._link(session, user, call, appeal_id)

    async def object_of(self, user: User, key: str, call: Call | None) -> int | None:
        """Return the appeal that a call is about and ``user`` may read; ``None``: it is about none.

        :param call: the call when it is still live: nothing may be written of it yet.
        """
        appeal_id = about(call) if call is not None else None
        async with self._db.begin() as session:
            if appeal_id is None:
                appeal_id = await session.scalar(
                    select(AppealCallRow.appeal_id)
                    .where(AppealCallRow.call_key == key, AppealCallRow.relation == CALL_BACK)
                    .limit(1)
                )
            return appeal_id if appeal_id is not None and await _readable(session, user, appeal_id) else None

    async def _link(self, session: AsyncSession, user: User, call: Call, appeal_id: int) -> bool:
        pair = {"call_key": call.key, "appeal_id": appeal_id}
        if await session.get(AppealCallRow, pair) is not None:
            return False
        if not await _readable(session, user, appeal_id):
            log.warning("the call %s names an appeal that its operator may not read", call.key)
            return False
        made = await session.scalar(
            insert(AppealCallRow)
            .values(pair | {"relation": CALL_BACK})
            .on_conflict_do_nothing()
            .returning(AppealCallRow.call_key)
        )
        row = await session.get(AppealRecord, appeal_id)
        if made is None or row is None:
            return False
        # The appeal itself stays as it is, its version too: whoever works on it is not interrupted.
        now = self._clock.now()
        details = {"event": "call_back", "call": call.key}
        audit(session, "change", ("appeal", appeal_id), user_id=user.id, at=now, details=details)
        concerned = tuple(sorted({user.id, row.owner_id, row.creator_id}))
        outbox.put(session, AppealChanged("appeal.changed", row.id, row.number, concerned, now))
        return True


async def _readable(session: AsyncSession, user: User, appeal_id: int) -> bool:
    try:
        await appeal_view.require_visible(session, user, appeal_id)
    except NotFound:
        return False
    return await session.scalar(select(AppealRecord.id).where(AppealRecord.id == appeal_id)) is not None
