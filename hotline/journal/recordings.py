"""Who may listen to a recording (domain 2.8), and the list of those who did (3.4)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Forbidden, NotFound
from hotline.journal.tables_call import CallLegRow, CallRecord, RecordingAccessRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import UserRow

SAME_LISTENING = timedelta(minutes=10)
"""A player asks for many ranges of one file; those within this time are one listening."""


class Recordings:
    """Permission to play, with a trace."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def authorise(self, user: User, key: str, *, ip: str = "", reason: str = "") -> str:
        """Let ``user`` play the recording of a call, note it, and return the name of the call's Asterisk server.

        Operators hear the calls that they talked in; who may listen to any, those of his own centre, or in the fund's
        centre everybody's.

        :raises NotFound: no such call, or it was not recorded.
        :raises Forbidden: not this user.
        """
        async with self._db.begin() as session:
            call = await session.scalar(select(CallRecord).where(CallRecord.key == key))
            if call is None or not call.recorded:
                raise NotFound("there is no such recording", error_id="no-such-recording")
            if not await _may_listen(session, user, call):
                raise Forbidden("this user may not listen to this call", error_id="recording-forbidden")
            await self._note(session, user, key, ip, reason)
            return call.asterisk

    async def _note(self, session: AsyncSession, user: User, key: str, ip: str, reason: str) -> None:
        now = self._clock.now()
        recently = await session.scalar(
            select(RecordingAccessRow.id)
            .where(
                RecordingAccessRow.call_key == key,
                RecordingAccessRow.user_id == user.id,
                RecordingAccessRow.at > now - SAME_LISTENING,
            )
            .limit(1)
        )
        if recently is not None:
            return
        session.add(RecordingAccessRow(call_key=key, user_id=user.id, at=now, ip=ip, reason=reason))
        audit(session, "play", ("call", key), user_id=user.id, at=now, ip=ip, reason=reason)


async def _may_listen(session: AsyncSession, user: User, call: CallRecord) -> bool:
    if user.may(Right.CALL_LISTEN_OWN):
        talked = (
            select(CallLegRow.id)
            .where(
                CallLegRow.call_id == call.id,
                CallLegRow.user_id == user.id,
                CallLegRow.answered_at.is_not(None),
            )
            .exists()
        )
        own = select(CallRecord.id).where(CallRecord.id == call.id, or_(talked, CallRecord.operator_id == user.id))
        if await session.scalar(own) is not None:
            return True
    if not user.may(Right.CALL_LISTEN_ANY):
        return False
    if user.organisation.kind == "tfoms":
        return True
    organisation = await session.scalar(select(UserRow.organisation_id).where(UserRow.id == call.operator_id))
    return organisation == user.organisation.id
