"""An operator asks for help with one key: supervisors of his organisation see and hear it, the first one takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.board.model import Scope
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, NotFound
from hotline.events import Bus
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow
from hotline.supervision.tables import HelpRequestRow

SHOWN = timedelta(hours=12)
"""What was forgotten in a shift is shown no longer."""


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """An open wish for help. ``taken_by`` is empty until somebody comes."""

    id: int
    at: datetime
    user_id: int
    by: str
    extension: str | None
    organisation_id: int
    call_key: str | None
    taken_by: str = ""
    taken_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class HelpChanged:
    """Published when a request begins, is taken or is over."""

    user_id: int
    organisation_id: int


class HelpDesk:
    """Requests for help."""

    def __init__(self, db: Database, clock: Clock, bus: Bus) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._calls: set[str] = set()
        """Calls in which somebody waits for help: their end is the end of the request."""

    async def load(self) -> None:
        """Learn which calls have an open request. Call at the start; raises ``Unavailable``."""
        self._calls = {one.call_key for one in await self._read() if one.call_key is not None}

    async def call_ended(self, call_key: str) -> None:
        """The call in which he asked is over: nobody need come any more. Raises ``Unavailable``."""
        if call_key not in self._calls:
            return
        now = self._clock.now()
        statement = (
            update(HelpRequestRow)
            .where(
                HelpRequestRow.call_key == call_key,
                HelpRequestRow.closed_at.is_(None),
                UserRow.id == HelpRequestRow.user_id,
            )
            .values(closed_at=now, version=HelpRequestRow.version + 1)
            .returning(HelpRequestRow.user_id, UserRow.organisation_id)
        )
        async with self._db.begin() as session:
            closed = (await session.execute(statement)).all()
        self._calls.discard(call_key)
        for user_id, organisation_id in closed:
            self._bus.publish(HelpChanged(user_id, organisation_id))

    async def ask(self, user: User, call_key: str | None) -> HelpRequest:
        """Ask. Asking twice is asking once: the open request is returned, and names the present call."""
        now = self._clock.now()
        try:
            async with self._db.begin() as session:
                row = await self._open_of(session, user.id)
                if row is not None and row.at <= now - SHOWN:
                    row.closed_at, row = now, None
                    await session.flush()
                if row is None:
                    row = HelpRequestRow(at=now, user_id=user.id, call_key=call_key)
                    session.add(row)
                    await session.flush()
                    audit(session, "change", ("help", row.id), user_id=user.id, at=now, details={"event": "asked"})
                elif call_key is not None:
                    row.call_key = call_key
        except IntegrityError:  # pressed twice at once
            found = await self.of(user)
            if found is None:
                raise Conflict("the request has just been closed", error_id="no-such-help") from None
            return found
        if call_key is not None:
            self._calls.add(call_key)
        self._bus.publish(HelpChanged(user.id, user.organisation.id))
        found = await self.of(user)
        if found is None:
            raise Conflict("the request has just been closed", error_id="no-such-help")
        return found

    async def close(self, user: User, help_id: int, scope: Scope | None) -> None:
        """It is over: said by who asked, or by a supervisor who sees him. A second time changes nothing.

        :raises NotFound: there is no such request for him.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row, asker = await self._one(session, user, help_id, scope)
            if row.closed_at is None:
                row.closed_at, row.version = now, row.version + 1
                audit(session, "change", ("help", row.id), user_id=user.id, at=now, details={"event": "closed"})
            fact = HelpChanged(asker.id, asker.organisation_id)
        self._bus.publish(fact)

    async def take(self, user: User, help_id: int, scope: Scope) -> HelpRequest:
        """A supervisor comes; the first one counts.

        :raises NotFound: there is no such request in his sight, or it is over.
        :raises Conflict: a colleague was quicker (``help-taken``); ``details``: ``by``.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row, asker = await self._one(session, user, help_id, scope)
            if row.closed_at is not None:
                raise NotFound("this request is over", error_id="no-such-help")
            if row.taken_by_id not in {None, user.id}:
                by = await session.get_one(UserRow, row.taken_by_id)
                raise Conflict("somebody helps already", error_id="help-taken", details={"by": _name(by)})
            if row.taken_by_id is None:
                row.taken_by_id, row.taken_at, row.version = user.id, now, row.version + 1
                audit(session, "change", ("help", row.id), user_id=user.id, at=now, details={"event": "taken"})
            fact = HelpChanged(asker.id, asker.organisation_id)
            found = _request(row, asker, user.short_name)
        self._bus.publish(fact)
        return found

    async def of(self, user: User) -> HelpRequest | None:
        """Return the user's own open request."""
        return next(iter(await self._read(HelpRequestRow.user_id == user.id)), None)

    async def open(self, scope: Scope) -> tuple[HelpRequest, ...]:
        """Return the open requests that one sees, oldest first."""
        return tuple(one for one in await self._read() if scope.covers(one.organisation_id))

    async def _read(self, *where: ColumnElement[bool]) -> tuple[HelpRequest, ...]:
        helper = aliased(UserRow)
        statement = (
            # Of who helps, columns only: his row would bring an inner join of its own along.
            select(HelpRequestRow, UserRow, helper.last_name, helper.first_name, helper.patronymic)
            .join(UserRow, UserRow.id == HelpRequestRow.user_id)
            .outerjoin(helper, helper.id == HelpRequestRow.taken_by_id)
            .where(HelpRequestRow.closed_at.is_(None), HelpRequestRow.at > self._clock.now() - SHOWN, *where)
            .order_by(HelpRequestRow.at, HelpRequestRow.id)
        )
        async with self._db.begin() as session:
            return tuple(
                _request(row, asker, short_name(*name)) for row, asker, *name in await session.execute(statement)
            )

    async def _open_of(self, session: AsyncSession, user_id: int) -> HelpRequestRow | None:
        return await session.scalar(
            select(HelpRequestRow)
            .where(HelpRequestRow.user_id == user_id, HelpRequestRow.closed_at.is_(None))
            .with_for_update()
        )

    async def _one(
        self, session: AsyncSession, user: User, help_id: int, scope: Scope | None
    ) -> tuple[HelpRequestRow, UserRow]:
        row = await session.get(HelpRequestRow, help_id, with_for_update=True)
        asker = await session.get(UserRow, row.user_id) if row is not None else None
        own = row is not None and row.user_id == user.id
        if row is None or asker is None or not (own or (scope is not None and scope.covers(asker.organisation_id))):
            raise NotFound("there is no such request", error_id="no-such-help")
        return row, asker


def _request(row: HelpRequestRow, asker: UserRow, taken_by: str) -> HelpRequest:
    return HelpRequest(
        row.id, row.at, asker.id, _name(asker), asker.extension, asker.organisation_id, row.call_key, taken_by,
        row.taken_by_id,
    )  # fmt: skip


def _name(row: UserRow) -> str:
    return short_name(row.last_name, row.first_name, row.patronymic)
