"""A line from a supervisor to an operator, kept until the operator has confirmed it; and states that are forced.

A forced state is told the same way: who did it, and why, survives a reload. Each is a notice behind his bell as well,
so that he finds it again after he has confirmed it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound, Unavailable
from hotline.events import Bus
from hotline.journal.notice_model import MESSAGE, NoticeKind
from hotline.journal.notices import About, notify, read_of
from hotline.journal.outbox import Outbox
from hotline.queue.model import CloseWrapUp, EndWork, Forced, GoReady, Operator, OperatorState, TakePause
from hotline.queue.rules import decide
from hotline.queue.service import OperatorDesk
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow
from hotline.supervision.tables import SupervisorMessageRow

log = logging.getLogger(__name__)

MAX_TEXT = 300
SHOWN = timedelta(hours=12)
"""What nobody has confirmed within a shift is news no more."""


class MessageKind(StrEnum):
    """What a message is about; all but the first are what was done to the operator's state."""

    MESSAGE = "message"
    PAUSE = "pause"
    READY = "ready"
    LOGOUT = "logout"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class Message:
    """A message to an operator, as he reads it."""

    id: int
    at: datetime
    by: str
    kind: MessageKind
    text: str


@dataclass(frozen=True, slots=True)
class MessagesChanged:
    """Published when somebody's unconfirmed messages changed. No text: his page reads them."""

    user_id: int


class SupervisorMessages:
    """Messages and forced states. Who may supervise whom is asked before (``Supervision.operator_for``)."""

    def __init__(self, db: Database, clock: Clock, bus: Bus, desk: OperatorDesk, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._desk = desk
        self._outbox = outbox

    async def send(self, user: User, operator: User, text: str) -> Message:
        """Send a line.

        :raises BadInput: it is empty or too long.
        :raises Conflict: nobody would read it: the operator is not at work (``operator-offline``).
        """
        now = self._desk.operator(operator.id)
        if now is None or now.state is OperatorState.OFFLINE:
            raise Conflict("the operator is not at work", error_id="operator-offline")
        return await self._write(user, operator, MessageKind.MESSAGE, _line(text))

    async def force(
        self, user: User, operator: User, kind: MessageKind, why: str, *, pause: str = "", seen: str = ""
    ) -> Operator:
        """Change an operator's state for him, and tell him who did it and why.

        :param pause: code of the reason, for ``PAUSE``.
        :param seen: the state that the supervisor saw; when it is another one by now, nothing happens.
        :raises BadInput: no reason was given, or there is no such pause.
        :raises Conflict: the state has changed (``stale-operator``), or does not allow this.
        :raises Unavailable: the database does not answer (nothing happens), or Asterisk does not (it happens later).
        """
        text = _line(why)
        now = self._desk.operator(operator.id)
        if now is None:
            raise Conflict("the operator is not at work", error_id="operator-offline")
        if seen and now.state != seen:
            details = {"state": now.state.value}
            raise Conflict("the operator's state has changed meanwhile", error_id="stale-operator", details=details)
        wishes: dict[MessageKind, TakePause | GoReady | EndWork | CloseWrapUp] = {
            MessageKind.PAUSE: TakePause(pause),
            MessageKind.READY: GoReady(),
            MessageKind.LOGOUT: EndWork(),
            MessageKind.WRAP_UP: CloseWrapUp(),
        }
        if kind not in wishes:
            raise BadInput("no such action", details={"action": "unknown"})

        order = Forced(wishes[kind], user.id)
        # What is refused leaves no trace; what has left none does not happen.
        decide(now, order, self._clock.now(), self._desk.policy)
        await self._write(user, operator, kind, text, details={"pause": pause} if pause else {})
        return await self._desk.force(operator.id, order)

    async def unseen(self, user_id: int) -> tuple[Message, ...]:
        """Return what this user has not confirmed yet, oldest first."""
        statement = (
            select(SupervisorMessageRow, UserRow)
            .join(UserRow, UserRow.id == SupervisorMessageRow.from_id)
            .where(
                SupervisorMessageRow.to_id == user_id,
                SupervisorMessageRow.seen_at.is_(None),
                SupervisorMessageRow.at > self._clock.now() - SHOWN,
            )
            .order_by(SupervisorMessageRow.id)
        )
        async with self._db.begin() as session:
            return tuple(_message(row, by) for row, by in await session.execute(statement))

    async def of_notices(self, user_id: int, ids: Collection[int]) -> dict[int, Message]:
        """Return messages to this user by id, confirmed or not: what the notices behind his bell tell."""
        if not ids:
            return {}
        statement = (
            select(SupervisorMessageRow, UserRow)
            .join(UserRow, UserRow.id == SupervisorMessageRow.from_id)
            .where(SupervisorMessageRow.to_id == user_id, SupervisorMessageRow.id.in_(ids))
        )
        async with self._db.read() as session:
            return {row.id: _message(row, by) for row, by in await session.execute(statement)}

    async def seen(self, user: User, message_id: int) -> None:
        """The reader confirms. A second time changes nothing.

        :raises NotFound: there is no such message to him.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(SupervisorMessageRow, message_id)
            if row is None or row.to_id != user.id:
                raise NotFound("there is no such message", error_id="no-such-message")
            changed = await session.execute(
                update(SupervisorMessageRow)
                .where(SupervisorMessageRow.id == message_id, SupervisorMessageRow.seen_at.is_(None))
                .values(seen_at=now)
                .returning(SupervisorMessageRow.id)
            )
            if changed.first() is not None:
                record = ("supervisor_message", message_id)
                audit(session, "change", record, user_id=user.id, at=now, details={"event": "seen"})
            await read_of(session, user.id, _key(message_id), now)
        self._bus.publish(MessagesChanged(user.id))

    async def _write(
        self, user: User, operator: User, kind: MessageKind, text: str, details: dict[str, str] | None = None
    ) -> Message:
        now = self._clock.now()
        async with self._db.begin() as session:
            row = SupervisorMessageRow(at=now, from_id=user.id, to_id=operator.id, kind=kind.value, text=text)
            session.add(row)
            await session.flush()
            audit(
                session,
                "change",
                ("operator", operator.id),
                user_id=user.id,
                at=now,
                # A message is the operator's alone; why a state was forced is kept.
                reason="" if kind is MessageKind.MESSAGE else text,
                details={"event": f"supervisor_{kind}", "message": row.id, **(details or {})},
            )
            about = About(key=_key(row.id), counts={MESSAGE: row.id})
            await notify(session, [operator.id], NoticeKind.SUPERVISOR, about, now)
            found = Message(row.id, now, user.short_name, kind, text)
        self._bus.publish(MessagesChanged(operator.id))
        try:
            await self._outbox.relay()
        except Unavailable:  # it is written, and sent a second time if we said otherwise; the bell rings later
            log.warning("the bell of user %d rings when the database is back", operator.id)
        return found


def _key(message_id: int) -> str:
    """Return the key of the notice of a message."""
    return f"supervisor-{message_id}"


def _line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise BadInput("write something", error_id="empty-message", details={"text": "required"})
    if len(line) > MAX_TEXT:
        raise BadInput("too long", error_id="long-message", details={"text": f"at most {MAX_TEXT} characters"})
    return line


def _message(row: SupervisorMessageRow, by: UserRow) -> Message:
    name = short_name(by.last_name, by.first_name, by.patronymic)
    return Message(row.id, row.at, name, MessageKind(row.kind), row.text)
