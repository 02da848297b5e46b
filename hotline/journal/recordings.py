"""Who may listen to a recording (domain 2.8), and the list of those who did (3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.journal import visibility
from hotline.journal.listening import Hearing, Listener, hearing, is_message
from hotline.journal.tables_call import CallLegRow, CallRecord, RecordingAccessRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

SAME_LISTENING = timedelta(minutes=10)
"""A player asks for many ranges of one file; those within this time are one listening."""
REASON_LASTS = timedelta(hours=8)
"""A reason that was given for another's call is asked again on the next shift."""
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Listening:
    """Somebody listened; ``reason`` is "" for one's own call."""

    at: datetime
    name: str
    reason: str
    ip: str


class Recordings:
    """Permission to play, with a trace."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def authorise(self, user: User, key: str, *, ip: str = "", reason: str = "", owed: bool = False) -> str:
        """Let ``user`` play the recording of a call, note it, and return the name of the call's Asterisk server.

        Operators hear the calls that they talked in; who may listen to any, those of his own centre, or in the fund's
        centre everybody's. Another's call needs a reason (domain 3.4), which then lasts for a shift. A message that
        nobody answered needs none from those who have it in their list.

        :param owed: the call stands in the user's ledger of citizens not served: its message is his to hear.
        :raises NotFound: no such call, or it was not recorded.
        :raises Forbidden: not this user; with the error_id ``reason-required``: a reason is needed first.
        :raises BadInput: the reason is too long.
        """
        reason = reason.strip()
        if len(reason) > MAX_REASON:
            raise BadInput(f"a reason has at most {MAX_REASON} characters", details={"reason": "too long"})
        async with self._db.begin() as session:
            call = await session.scalar(select(CallRecord).where(CallRecord.key == key))
            if call is None or not call.recorded:
                raise NotFound("there is no such recording", error_id="no-such-recording")
            listener = await _listener(session, user, call, owed=owed)
            allowed = hearing(listener, message=is_message(call.outcome, call.answered_at))
            if allowed is Hearing.FORBIDDEN and not listener.listed:
                # The same answer as for a call that never was: it does not tell who called.
                raise NotFound("there is no such recording", error_id="no-such-recording")
            if allowed is Hearing.FORBIDDEN:
                raise Forbidden("this user may not listen to this call", error_id="recording-forbidden")
            if allowed is Hearing.WITH_REASON and not reason and not await self._reason_given(session, user, key):
                raise Forbidden("a reason is needed to listen to another's call", error_id="reason-required")
            await self._note(session, user, key, ip, reason)
            return call.asterisk

    async def authorise_download(self, user: User, key: str, *, ip: str = "") -> None:
        """Let ``user`` keep a copy; to be called after :meth:`authorise`. The audit trail says ``export``.

        :raises Forbidden: not this user.
        """
        if not user.may(Right.CALL_DOWNLOAD):
            raise Forbidden("this user may not download recordings", error_id="download-forbidden")
        async with self._db.begin() as session:
            audit(session, "export", ("call", key), user_id=user.id, at=self._clock.now(), ip=ip)

    async def listeners(self, key: str) -> tuple[Listening, ...]:
        """Return who listened to a call, when and why, newest first."""
        async with self._db.begin() as session:
            rows = await session.execute(
                select(RecordingAccessRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
                .join(UserRow, UserRow.id == RecordingAccessRow.user_id)
                .where(RecordingAccessRow.call_key == key)
                .order_by(RecordingAccessRow.at.desc())
                .limit(100)
            )
            return tuple(
                Listening(row.at, short_name(last, first, patronymic), row.reason, row.ip)
                for row, last, first, patronymic in rows
            )

    async def _reason_given(self, session: AsyncSession, user: User, key: str) -> bool:
        found = await session.scalar(
            select(RecordingAccessRow.id)
            .where(
                RecordingAccessRow.call_key == key,
                RecordingAccessRow.user_id == user.id,
                RecordingAccessRow.reason != "",
                RecordingAccessRow.at > self._clock.now() - REASON_LASTS,
            )
            .limit(1)
        )
        return found is not None

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
        if recently is not None and not reason:
            return
        session.add(RecordingAccessRow(call_key=key, user_id=user.id, at=now, ip=ip, reason=reason))
        audit(session, "play", ("call", key), user_id=user.id, at=now, ip=ip, reason=reason)


async def _listener(session: AsyncSession, user: User, call: CallRecord, *, owed: bool) -> Listener:
    limits = visibility.calls(user)
    listed = select(CallRecord.id).where(CallRecord.id == call.id, *(() if limits is None else (limits,)))
    message = owed and is_message(call.outcome, call.answered_at)
    return Listener(
        own=await _is_own(session, user, call),
        centre=await _may_listen_to_others(session, user, call),
        listed=(user.may(Right.CALL_LISTEN_OWN) or user.may(Right.CALL_LISTEN_ANY))
        and (message or await session.scalar(listed) is not None),
    )


async def _is_own(session: AsyncSession, user: User, call: CallRecord) -> bool:
    if not user.may(Right.CALL_LISTEN_OWN):
        return False
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
    return await session.scalar(own) is not None


async def _may_listen_to_others(session: AsyncSession, user: User, call: CallRecord) -> bool:
    if not user.may(Right.CALL_LISTEN_ANY):
        return False
    limits = visibility.hears_operator(user)
    if limits is None:
        return True
    return await session.scalar(select(UserRow.id).where(UserRow.id == call.operator_id, limits)) is not None
