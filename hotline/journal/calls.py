"""The journal's memory of calls: every call once, complete, whatever order its reports arrive in (S002-01)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from hotline.clock import Clock
from hotline.cti.model import (
    Call,
    CallEvent,
    Direction,
    EndedBy,
    EndSource,
    Leg,
    LegRole,
    Outcome,
    Phase,
    Span,
)
from hotline.db import Database
from hotline.errors import NotFound
from hotline.events import Bus
from hotline.journal import dispositions, identifiers, outbox, queries_calls, segment_store
from hotline.journal.call_news import CallEnded, OutboxWaits
from hotline.journal.callmerge import merge
from hotline.journal.model import CallRow
from hotline.journal.person_model import CallWritten
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.staff.model import User
from hotline.staff.tables import UserRow


@dataclass(frozen=True, slots=True)
class Batch:
    """What the calls of one transaction share: their rows, who has which extension, what an ending speaks for."""

    rows: dict[str, CallRecord]
    people: dict[str, int | None]
    choices: dispositions.Choices


class CallJournal:
    """Writes call rows. Nothing here knows Asterisk; ``app.py`` subscribes :meth:`on_event` to the bus."""

    def __init__(self, db: Database, clock: Clock, bus: Bus | None = None) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus

    async def on_event(self, event: CallEvent) -> None:
        """Record the state that an event carries."""
        await self.record(event.call)

    async def record_all(self, calls: Sequence[Call], session: AsyncSession) -> None:
        """Record what the logs told of many calls, in an open transaction; what they share is read once."""
        rows = await self._all_locked(session, {call.key for call in calls})
        batch = Batch(rows, {}, await dispositions.closing_choices(session))
        new = {call.key: call for call in reversed(calls) if call.key not in rows and call.ended_at is not None}
        made = await self._begin_all(session, [replace(call, card_id=None) for call in new.values()])
        batch.rows.update(made)
        ended = [(row, new[key]) for key, row in made.items()]
        for row, call in ended:
            await self._map_people(session, row, None, call, batch.people)
        await session.flush()
        await segment_store.write_all(session, ended)
        registered = await dispositions.registered_of(session, made.keys())
        for row, call in ended:
            await dispositions.close_by_itself(session, row, call, self._clock, batch.choices, registered)
            _tell_end(session, row)
        await session.flush()
        for row, _ in ended:
            fact = dispositions.fact_about(row)
            if self._bus is not None and fact is not None:
                self._bus.publish(fact)
        for call in calls:
            if call is not new.get(call.key) or call.key not in made:
                await self.record(call, session, batch)

    async def record(self, call: Call, session: AsyncSession | None = None, batch: Batch | None = None) -> None:
        """Insert or complete the row of ``call``. Idempotent; reports may come in any order and from any source.

        A final state is never replaced by an older one; Asterisk's own logs may correct it.

        :param session: an open transaction to join; ``None`` opens one.
        :param batch: what :meth:`record_all` has read in it.
        """
        fact = None
        # What a call carries is no part of its row: ``call_backs`` keeps what it is about.
        call = replace(call, card_id=None)
        async with self._transaction(session) as tx:
            row = await self._locked(tx, call.key) if batch is None else batch.rows.get(call.key)
            if row is None:
                row, before = await self._begin(tx, call)
            else:
                before = _call(row)
            after = call if before is None else merge(before, call)
            if after == before:
                return
            for name, value in _values(after).items():
                setattr(row, name, value)
            if batch is not None:
                batch.rows[call.key] = row
            await self._map_people(tx, row, before, after, {} if batch is None else batch.people)
            if after.ended_at is not None:
                await tx.flush()
                known = before is not None and before.ended_at is not None
                await segment_store.write_rows(tx, row, after, known=known)
                await dispositions.close_by_itself(tx, row, after, self._clock, batch.choices if batch else None)
                if not known:
                    _tell_end(tx, row)
                fact = dispositions.fact_about(row)
        if self._bus is None:
            return
        if fact is not None:
            self._bus.publish(fact)
        if session is None and (before is None or before.phase is not after.phase):
            self._bus.publish(CallWritten(call.key))
            if after.ended_at is not None:
                self._bus.publish(OutboxWaits())

    async def open(self, asterisk: str) -> tuple[Call, ...]:
        """Return the calls of one Asterisk server that have not ended as far as the journal knows."""
        statement = (
            select(CallRecord)
            .where(CallRecord.asterisk == asterisk, CallRecord.ended_at.is_(None))
            .options(selectinload(CallRecord.legs))
            .order_by(CallRecord.id)
        )
        async with self._db.begin() as session:
            return tuple(_call(row) for row in await session.scalars(statement))

    async def get(self, user: User, key: str) -> CallRow:
        """Return one call as the list shows it.

        :raises NotFound: there is none, or ``user`` may not see it.
        """
        async with self._db.begin() as session:
            page = await queries_calls.calls(session, user, key=key, after=None, limit=1)
        if not page.rows:
            raise NotFound("there is no such call", error_id="no-such-call")
        return page.rows[0]

    async def citizen(self, user: User, key: str) -> str | None:
        """Return the number of the citizen of a call, for looking up whose it is. It may be hidden from ``user``.

        :raises NotFound: there is no such call, or ``user`` may not see it.
        """
        try:
            async with self._db.begin() as session:
                return await queries_calls.citizen(session, user, key)
        except NoResultFound as error:
            raise NotFound("there is no such call", error_id="no-such-call") from error

    @asynccontextmanager
    async def _transaction(self, session: AsyncSession | None) -> AsyncIterator[AsyncSession]:
        if session is not None:
            yield session
            await session.flush()
            return
        async with self._db.begin() as own:
            yield own

    async def _begin(self, session: AsyncSession, call: Call) -> tuple[CallRecord, Call | None]:
        """Insert the row of a call; return it, and what whoever was quicker has written into it."""
        created: CallRecord | None = await session.scalar(
            insert(CallRecord)
            .values(_values(call) | {"key": call.key})
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(CallRecord)
        )
        if created is not None:
            set_committed_value(created, "legs", [])  # a new row has none: nothing to ask for
            return created, None
        row = await self._locked(session, call.key)
        assert row is not None  # noqa: S101 - inserted just now by whoever we waited for
        return row, _call(row)

    @staticmethod
    async def _locked(session: AsyncSession, key: str) -> CallRecord | None:
        statement = (
            select(CallRecord)
            .where(CallRecord.key == key)
            .options(selectinload(CallRecord.legs))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found: CallRecord | None = await session.scalar(statement)
        return found

    @staticmethod
    async def _begin_all(session: AsyncSession, calls: Sequence[Call]) -> dict[str, CallRecord]:
        """Insert the rows of calls that nobody knew; whoever was quicker keeps his row, and it is not returned."""
        if not calls:
            return {}
        found = await session.scalars(
            insert(CallRecord).on_conflict_do_nothing(index_elements=["key"]).returning(CallRecord),
            [_values(call) | {"key": call.key} for call in calls],
        )
        made = {row.key: row for row in found}
        for row in made.values():
            set_committed_value(row, "legs", [])
        return made

    @staticmethod
    async def _all_locked(session: AsyncSession, keys: Collection[str]) -> dict[str, CallRecord]:
        statement = (
            select(CallRecord)
            .where(CallRecord.key.in_(keys))
            .options(selectinload(CallRecord.legs))
            .order_by(CallRecord.key)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return {row.key: row for row in await session.scalars(statement)}

    @staticmethod
    async def _map_people(
        session: AsyncSession, row: CallRecord, before: Call | None, after: Call, people: dict[str, int | None]
    ) -> None:
        """Write the changed legs, and who had the extensions. A user once found stays: extensions change hands.

        :param people: who has which extension, as far as that was asked in this transaction; more is put in.
        """
        known = {leg.uniqueid: leg for leg in before.legs} if before else {}
        changed = [leg for leg in after.legs if known.get(leg.uniqueid) != leg]
        extensions = {leg.extension for leg in changed if leg.extension}
        new_operator = after.operator and (
            row.operator_id is None or before is None or before.operator != after.operator
        )
        if new_operator and after.operator:
            extensions.add(after.operator)
        if unknown := extensions - people.keys():
            found = await session.execute(
                select(UserRow.extension, UserRow.id).where(UserRow.extension.in_(unknown), UserRow.active)
            )
            people |= dict.fromkeys(unknown)
            people |= {extension: user_id for extension, user_id in found if extension}
        if new_operator and after.operator:
            row.operator_id = people.get(after.operator)
        rows = {leg.uniqueid: leg for leg in row.legs}
        for leg in changed:
            target = rows.get(leg.uniqueid)
            if target is None:
                target = CallLegRow(call_id=row.id, uniqueid=leg.uniqueid)
                row.legs.append(target)
            target.channel = leg.channel
            target.role = leg.role
            target.extension = leg.extension
            target.started_at = leg.started_at
            target.answered_at = leg.answered_at
            target.ended_at = leg.ended_at
            target.cause = leg.cause
            if target.user_id is None and leg.extension:
                target.user_id = people.get(leg.extension)


def _tell_end(session: AsyncSession, row: CallRecord) -> None:
    assert row.ended_at is not None  # noqa: S101 - asked by the caller
    outbox.put_call(
        session,
        CallEnded(row.key, row.ended_at, row.direction, row.queue, row.outcome, row.wait_s, row.talk_s),
    )


def _values(call: Call) -> dict[str, Any]:
    end = call.ended_at or call.started_at
    return {
        "asterisk": call.asterisk,
        "direction": call.direction.value,
        "phase": call.phase.value,
        "from_raw": call.caller,
        "from_e164": identifiers.phone(call.caller),
        "dialled": call.dialled,
        "queue": call.queue,
        "started_at": call.started_at,
        "queued_at": call.queued_at,
        "offered_at": call.offered_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "operator": call.operator,
        # Running times of live calls are computed where they are shown; stored ones are final.
        "wait_s": call.wait_s(end),
        "talk_s": call.talk_s(end),
        "hold_s": call.hold_s(end) if call.ended_at else 0.0,
        "holds": [[span.started_at.isoformat(), _iso(span.ended_at)] for span in call.holds],
        "ringing": list(call.ringing),
        "segments": segment_store.dump(call.segments),
        "outcome": call.outcome.value if call.outcome else None,
        "ended_by": call.ended_by.value if call.ended_by else None,
        "end_source": call.end_source.value if call.end_source else None,
        "recorded": call.recorded,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _call(row: CallRecord) -> Call:
    return Call(
        key=row.key,
        asterisk=row.asterisk,
        direction=Direction(row.direction),
        phase=Phase(row.phase),
        caller=row.from_raw,
        dialled=row.dialled,
        started_at=row.started_at,
        queue=row.queue,
        queued_at=row.queued_at,
        offered_at=row.offered_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        operator=row.operator,
        ringing=tuple(row.ringing),
        legs=tuple(_leg(leg) for leg in sorted(row.legs, key=lambda leg: (leg.started_at, leg.uniqueid))),
        holds=tuple(
            Span(datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
            for start, end in row.holds
        ),
        outcome=Outcome(row.outcome) if row.outcome else None,
        ended_by=EndedBy(row.ended_by) if row.ended_by else None,
        end_source=EndSource(row.end_source) if row.end_source else None,
        recorded=row.recorded,
        segments=segment_store.load(row.segments),
    )


def _leg(row: CallLegRow) -> Leg:
    return Leg(
        uniqueid=row.uniqueid,
        channel=row.channel,
        role=LegRole(row.role),
        extension=row.extension,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        cause=row.cause,
    )
