"""The ledger as people use it: lists, counts, and what they do about a duty (DAY-14, DAY-35)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks import store
from hotline.callbacks.lines import (
    Counts,
    DutyLine,
    DutyPage,
    Folder,
    Happened,
    Queues,
    in_folder,
    line_of,
    lines,
    of_call,
    of_word,
    visible,
)
from hotline.callbacks.model import Closing, Limits, Move, MoveKind, Result
from hotline.callbacks.places import Place, place_of
from hotline.callbacks.rules import step
from hotline.callbacks.tables import DutyCallRow, DutyMoveRow, DutyRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.journal import cursors, outbox
from hotline.journal.duty_news import DutyChanged
from hotline.journal.outbox import Outbox
from hotline.journal.tables_call import CallRecord
from hotline.staff.audit import audit
from hotline.staff.model import User
from hotline.staff.tables import UserRow

log = logging.getLogger(__name__)

PAGE = 50
MAX_NOTE = 500
EXPORT_ROWS = 20_000


class Callbacks:
    """Use cases of the ledger."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        zone: ZoneInfo,
        relay: Outbox,
        limits: Limits | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self.limits = limits or Limits()
        self._outbox = relay

    # --- Reading ----------------------------------------------------------------------------------------------------

    async def page(
        self, user: User, queues: Queues, folder: Folder, *, after: str | None = None, limit: int = PAGE
    ) -> DutyPage:
        """Return a page of a list: what is open by deadline, what is over latest first.

        :raises BadInput: ``after`` is none of ours.
        """
        now = self._clock.now()
        moment = DutyRow.over_at if folder is Folder.CLOSED else DutyRow.due_at
        statement = lines().where(in_folder(folder, user, now), *visible(queues))
        if folder is Folder.CLOSED:
            statement = statement.order_by(DutyRow.over_at.desc(), DutyRow.id.desc())
        else:
            statement = statement.order_by(DutyRow.due_at, DutyRow.id)
        if after:
            place = cursors.decode(after)
            key = tuple_(moment, DutyRow.id)
            statement = statement.where(key < tuple_(*place) if folder is Folder.CLOSED else key > tuple_(*place))
        async with self._db.begin() as session:
            rows = (await session.execute(statement.limit(limit + 1))).all()
        shown = tuple(line_of(row, user, now, self.limits) for row in rows[:limit])
        if len(rows) <= limit:
            return DutyPage(shown, None)
        last: DutyRow = rows[limit - 1].DutyRow
        return DutyPage(shown, cursors.encode(last.id, last.over_at or last.due_at))

    async def one(self, user: User, queues: Queues, duty_id: int) -> DutyLine:
        """Return one duty.

        :raises NotFound: there is none, or it is of a queue that is not his.
        """
        async with self._db.begin() as session:
            return await self._one(session, user, queues, duty_id)

    async def next_for(self, user: User, queues: Queues) -> DutyLine | None:
        """Return the duty that a free operator should care for now: his own, else the most pressing that nobody has."""
        now = self._clock.now()
        free = or_(DutyRow.taken_until.is_(None), DutyRow.taken_until <= now)
        mine = and_(DutyRow.taken_by_id == user.id, DutyRow.taken_until > now)
        due = or_(DutyRow.next_try_at.is_(None), DutyRow.next_try_at <= now)
        statement = (
            lines()
            .where(DutyRow.over_at.is_(None), DutyRow.number.is_not(None), or_(mine, and_(free, due)))
            .where(*visible(queues))
            .order_by(case((mine, 0), else_=1), DutyRow.due_at, DutyRow.id)
            .limit(1)
        )
        async with self._db.begin() as session:
            row = (await session.execute(statement)).first()
        return None if row is None else line_of(row, user, now, self.limits)

    async def counts(self, user: User, queues: Queues) -> Counts:
        """Return how many are open, in his hands, and late."""
        now = self._clock.now()
        statement = select(
            func.count().label("open"),
            func.count().filter(and_(DutyRow.taken_by_id == user.id, DutyRow.taken_until > now)).label("mine"),
            func.count().filter(DutyRow.due_at < now).label("overdue"),
        ).where(DutyRow.over_at.is_(None), *visible(queues))
        async with self._db.begin() as session:
            row = (await session.execute(statement)).one()
        return Counts(row.open, row.mine, row.overdue)

    async def history(self, user: User, queues: Queues, duty_id: int) -> tuple[DutyLine, tuple[Happened, ...]]:
        """Return a duty and everything that happened in it, oldest first. Raises as :meth:`one`."""
        async with self._db.begin() as session:
            line = await self._one(session, user, queues, duty_id)
            row = await session.get_one(DutyRow, duty_id)
            calls = await session.execute(
                select(CallRecord, DutyCallRow.kind, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
                .join(DutyCallRow, DutyCallRow.call_key == CallRecord.key)
                .outerjoin(UserRow, UserRow.id == CallRecord.operator_id)
                .where(DutyCallRow.duty_id == duty_id)
            )
            said = [DutyMoveRow.citizen == row.citizen, DutyMoveRow.at >= row.first_at]
            if row.over_at is not None:
                said.append(DutyMoveRow.at <= row.over_at)
            words = await session.execute(
                select(DutyMoveRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
                .join(UserRow, UserRow.id == DutyMoveRow.user_id)
                .where(*said)
            )
            found = [of_call(one) for one in calls] + [of_word(one) for one in words]
        return line, tuple(sorted(found, key=lambda one: one.at))

    async def export(self, user: User, queues: Queues, folder: Folder, kind: str) -> tuple[DutyLine, ...]:
        """Return a whole list for a file; who took it is in the audit trail.

        :raises BadInput: it has too many rows.
        """
        found = await self.page(user, queues, folder, limit=EXPORT_ROWS)
        if found.after is not None:
            raise BadInput("too many rows", error_id="too-many-rows", details={"rows": f"at most {EXPORT_ROWS}"})
        async with self._db.begin() as session:
            details = {"folder": folder.value, "format": kind, "rows": len(found.rows)}
            audit(session, "export", ("duty", ""), user_id=user.id, at=self._clock.now(), details=details)
        return found.rows

    async def holds(self, queues: Queues, call_key: str) -> bool:
        """Tell whether a call that served nobody stands in the ledger of these queues."""
        found = (
            select(DutyRow.id)
            .join(DutyCallRow, DutyCallRow.duty_id == DutyRow.id)
            .where(DutyCallRow.call_key == call_key, DutyCallRow.kind == MoveKind.MISS.value, *visible(queues))
        )
        async with self._db.begin() as session:
            return await session.scalar(found.limit(1)) is not None

    async def places(self) -> list[Place]:
        """Return the places that citizens keep in the queues."""
        now = self._clock.now()
        asked = select(DutyRow).where(DutyRow.over_at.is_(None), DutyRow.asked_since.is_not(None))
        async with self._db.begin() as session:
            rows = await session.scalars(asked)
            found = [place_of(row.id, row.number, store.duty_of(row), self.limits, now) for row in rows]
        return [place for place in found if place is not None]

    # --- Writing ----------------------------------------------------------------------------------------------------

    async def take(self, user: User, queues: Queues, duty_id: int, version: int, *, insists: bool = False) -> DutyLine:
        """Take a duty into one's hands for a while; again, for a while more. Raises as :meth:`_move`."""
        return await self._move(user, queues, duty_id, version, self._said(user, MoveKind.TAKE, insists=insists))

    async def release(
        self, user: User, queues: Queues, duty_id: int, version: int, *, insists: bool = False
    ) -> DutyLine:
        """Give it back to everybody."""
        return await self._move(user, queues, duty_id, version, self._said(user, MoveKind.RELEASE, insists=insists))

    async def attempt(
        self,
        user: User,
        queues: Queues,
        duty_id: int,
        version: int,
        *,
        result: str,
        next_try_at: datetime | None,
        note: str = "",
        insists: bool = False,
    ) -> DutyLine:
        """Write down an attempt that this telephone system did not see, or when he wants to be called.

        :raises BadInput: there is no such result, the next try is in the past, or the note is too long.
        """
        if result not in list(Result):
            raise BadInput("there is no such result", details={"result": "unknown"})
        if next_try_at is not None and next_try_at <= self._clock.now():
            raise BadInput("the next try must be in the future", details={"next_try_at": "in the past"})
        if next_try_at is None and result == Result.LATER:
            raise BadInput("say when to call him", details={"next_try_at": "required"})
        said = self._said(user, MoveKind.ATTEMPT, note, insists=insists)
        said = replace(said, result=Result(result), next_try_at=next_try_at)
        return await self._move(user, queues, duty_id, version, said)

    async def close(
        self,
        user: User,
        queues: Queues,
        duty_id: int,
        version: int,
        *,
        closing: str,
        note: str = "",
        insists: bool = False,
    ) -> DutyLine:
        """End a duty with a reason.

        :raises BadInput: there is no such reason, or the note is too long.
        """
        if closing not in {one for one in Closing if one is not Closing.VOID}:
            raise BadInput("there is no such reason", details={"closing": "unknown"})
        said = replace(self._said(user, MoveKind.CLOSE, note, insists=insists), closing=Closing(closing))
        return await self._move(user, queues, duty_id, version, said)

    async def reopen(self, user: User, queues: Queues, duty_id: int, version: int) -> DutyLine:
        """Take back a closing.

        :raises Conflict: the citizen has a newer open duty (``callback-newer``).
        """
        return await self._move(user, queues, duty_id, version, self._said(user, MoveKind.REOPEN))

    async def look(self, citizens: Sequence[str]) -> tuple[int, ...]:
        """Fold the calls of these citizens again; return the duties that changed. Raises ``Unavailable``."""
        changed: list[int] = []
        for citizen in sorted(citizens):
            now = self._clock.now()
            async with self._db.begin() as session:
                done = await store.refold(session, citizen, self.limits, self._zone, now)
                if done.changed:
                    outbox.put_duty(session, DutyChanged(done.changed, now, done.new, done.states))
            for duty_id, state in done.states:  # not before it is committed: who reads the log may look at once
                log.info("duty %d is %s", duty_id, state)
            changed += done.changed
        if changed:
            await self._outbox.relay()
        return tuple(changed)

    async def unseen(self, since: datetime) -> set[str]:
        """Return whose calls since then the ledger has not taken into account."""
        async with self._db.begin() as session:
            return await store.unseen(session, since)

    async def named_in(self, appeal_id: int) -> set[str]:
        """Return who of those to whom something is owed is in an appeal."""
        async with self._db.begin() as session:
            return await store.owed_by_phone(session, appeal_id)

    def _said(self, user: User, kind: MoveKind, note: str = "", *, insists: bool = False) -> Move:
        note = note.strip()
        if len(note) > MAX_NOTE:
            raise BadInput("the note is too long", details={"note": f"at most {MAX_NOTE} characters"})
        return Move(kind, self._clock.now(), user.id, note=note, insists=insists)

    async def _move(self, user: User, queues: Queues, duty_id: int, version: int, move: Move) -> DutyLine:
        """Make a move.

        :raises NotFound: there is no such duty, or it is of a queue that is not his.
        :raises Conflict: it was changed since ``version`` (``stale-record``), a colleague has it in his hands
            (``callback-taken``), or its state does not allow this (``illegal-callback-move``).
        """
        async with self._db.begin() as session:
            citizen = await session.scalar(select(DutyRow.citizen).where(DutyRow.id == duty_id, *visible(queues)))
            if citizen is None:
                raise NotFound("there is no such duty", error_id="no-such-callback")
            await store.lock(session, citizen)
            row = await session.get_one(DutyRow, duty_id, populate_existing=True)
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            if move.kind is MoveKind.REOPEN:
                await _no_newer(session, row)
            # Moments of calls are Asterisk's, whose clock may be ahead: what is done now comes after all that is known.
            move = replace(move, at=max(one for one in (move.at, row.last_at, row.last_try_at, row.over_at) if one))
            step(store.duty_of(row), move, self.limits)
            session.add(
                DutyMoveRow(
                    citizen=citizen,
                    at=move.at,
                    kind=move.kind.value,
                    user_id=user.id,
                    result=move.result.value if move.result else None,
                    closing=move.closing.value if move.closing else None,
                    next_try_at=move.next_try_at,
                    note=move.note,
                    insists=move.insists,
                )
            )
            await session.flush()
            done = await store.refold(session, citizen, self.limits, self._zone, move.at)
            details = {"move": move.kind.value, "insists": move.insists}
            audit(session, "change", ("duty", duty_id), user_id=user.id, at=move.at, details=details)
            outbox.put_duty(session, DutyChanged(done.changed or (duty_id,), move.at, done.new, done.states))
            line = await self._one(session, user, queues, duty_id)
        await self._outbox.relay()
        return line

    async def _one(self, session: AsyncSession, user: User, queues: Queues, duty_id: int) -> DutyLine:
        row = (await session.execute(lines().where(DutyRow.id == duty_id, *visible(queues)))).first()
        if row is None:
            raise NotFound("there is no such duty", error_id="no-such-callback")
        return line_of(row, user, self._clock.now(), self.limits)


async def _no_newer(session: AsyncSession, row: DutyRow) -> None:
    newer = select(DutyRow.id).where(DutyRow.citizen == row.citizen, DutyRow.first_at > row.first_at).limit(1)
    if await session.scalar(newer) is not None:
        raise Conflict("the citizen has called again since", error_id="callback-newer")
