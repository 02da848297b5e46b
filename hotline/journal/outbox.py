"""Facts leave the database only after their transaction did: written with the change, published later (ADR 0005)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Database
from hotline.events import Bus
from hotline.journal import webhook_facts
from hotline.journal.call_news import CallEnded
from hotline.journal.duty_news import DutyChanged
from hotline.journal.model import AppealChanged
from hotline.journal.notice_model import NoticeMade
from hotline.journal.person_model import PersonChanged
from hotline.journal.tables import OutboxRow
from hotline.webhooks.model import MessagesWait

_BATCH = 500
_PERSON = "person.changed"
_DUTY = "duty.changed"
_CALL = "call.ended"
_NOTICE = "notice."
"""Kinds of notices in the table begin so; all others are changes of appeals."""


def put(session: AsyncSession, fact: AppealChanged) -> None:
    """Write ``fact`` in the transaction of ``session``."""
    payload: dict[str, Any] = {
        "appeal_id": fact.appeal_id,
        "number": fact.number,
        "user_ids": list(fact.user_ids),
        "at": fact.at.isoformat(),
        "event": fact.event,
    }
    session.add(OutboxRow(kind=fact.kind, payload=payload, created_at=fact.at))


def put_notice(session: AsyncSession, fact: NoticeMade) -> None:
    """Write that people were told something, in the transaction of ``session``."""
    payload: dict[str, Any] = {
        "appeal_id": fact.appeal_id,
        "number": fact.number,
        "user_ids": list(fact.user_ids),
        "at": fact.at.isoformat(),
    }
    session.add(OutboxRow(kind=f"{_NOTICE}{fact.kind}", payload=payload, created_at=fact.at))


def put_person(session: AsyncSession, fact: PersonChanged) -> None:
    """Write that a dossier was changed, in the transaction of ``session``."""
    payload: dict[str, Any] = {"person_id": fact.person_id, "at": fact.at.isoformat()}
    session.add(OutboxRow(kind=_PERSON, payload=payload, created_at=fact.at))


def put_duty(session: AsyncSession, fact: DutyChanged) -> None:
    """Write that duties towards citizens were changed, in the transaction of ``session``."""
    payload: dict[str, Any] = {
        "duty_ids": list(fact.duty_ids),
        "new_ids": list(fact.new_ids),
        "states": [list(one) for one in fact.states],
        "at": fact.at.isoformat(),
    }
    session.add(OutboxRow(kind=_DUTY, payload=payload, created_at=fact.at))


def put_call(session: AsyncSession, fact: CallEnded) -> None:
    """Write that a call ended, in the transaction of ``session``."""
    payload: dict[str, Any] = {**asdict(fact), "at": fact.at.isoformat()}
    session.add(OutboxRow(kind=_CALL, payload=payload, created_at=fact.at))


class Outbox:
    """Publishes what was written. Every fact is published at least once, in order, as long as one process relays."""

    def __init__(self, db: Database, bus: Bus | None) -> None:
        self._db = db
        self._bus = bus

    async def relay(self) -> int:
        """Publish what waits and return how much it was. Called after every change, and once at the start."""
        if self._bus is None:
            return 0
        published = 0
        while batch := await self._relay_batch(self._bus):
            published += batch
        return published

    async def _relay_batch(self, bus: Bus) -> int:
        async with self._db.begin() as session:
            waiting = select(OutboxRow).order_by(OutboxRow.id).limit(_BATCH).with_for_update(skip_locked=True)
            rows = (await session.scalars(waiting)).all()
            # Published before the deletion commits: a crash in between repeats a fact, but never loses one.
            for row in rows:
                bus.publish(_fact(row))
            carried = bool(rows) and await webhook_facts.carry(session, rows, rows[-1].created_at)
            await session.execute(delete(OutboxRow).where(OutboxRow.id.in_([row.id for row in rows])))
        if carried:
            bus.publish(MessagesWait())
        return len(rows)


def _fact(row: OutboxRow) -> AppealChanged | CallEnded | DutyChanged | NoticeMade | PersonChanged:
    if row.kind == _PERSON:
        return PersonChanged(row.payload["person_id"], datetime.fromisoformat(row.payload["at"]))
    if row.kind == _CALL:
        return CallEnded(**{**row.payload, "at": datetime.fromisoformat(row.payload["at"])})
    if row.kind == _DUTY:
        return DutyChanged(tuple(row.payload["duty_ids"]), datetime.fromisoformat(row.payload["at"]))
    if row.kind.startswith(_NOTICE):
        return NoticeMade(
            kind=row.kind.removeprefix(_NOTICE),
            appeal_id=row.payload["appeal_id"],
            number=row.payload["number"],
            user_ids=tuple(row.payload["user_ids"]),
            at=datetime.fromisoformat(row.payload["at"]),
        )
    return AppealChanged(
        kind=row.kind,
        appeal_id=row.payload["appeal_id"],
        number=row.payload["number"],
        user_ids=tuple(row.payload["user_ids"]),
        at=datetime.fromisoformat(row.payload["at"]),
    )
