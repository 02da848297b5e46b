"""Facts of the outbox as other systems are told them: ids, phases and times, no personal data (DAY-29)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.tables import AppealRecord, OutboxRow
from hotline.webhooks import desk
from hotline.webhooks.model import Event, EventKind

_CREATED, _OVERDUE = "appeal.created", "appeal.overdue"


async def carry(session: AsyncSession, rows: Sequence[OutboxRow], now: datetime) -> bool:
    """Write messages for what leaves the outbox, in the same transaction; tell whether there are any."""
    appeals = {row.payload["appeal_id"] for row in rows if row.kind.startswith("appeal.")}
    told = any(row.kind == "call.ended" or row.kind.startswith(("appeal.", "duty.")) for row in rows)
    if not told or not await desk.anybody(session):
        return False
    phases: dict[int, tuple[str, int]] = {}
    if appeals:
        found = await session.execute(
            select(AppealRecord.id, AppealRecord.phase, AppealRecord.version).where(AppealRecord.id.in_(appeals))
        )
        phases = {appeal_id: (phase, version) for appeal_id, phase, version in found}
    events = [event for row in rows for event in _events(row, phases)]
    return await desk.put(session, events, now) > 0


def _events(row: OutboxRow, phases: dict[int, tuple[str, int]]) -> Iterator[Event]:
    at = datetime.fromisoformat(row.payload["at"])
    name = f"evt-{row.id}"
    if row.kind.startswith("appeal."):
        appeal_id = row.payload["appeal_id"]
        phase, version = phases.get(appeal_id, ("", 0))
        moved = str(row.payload.get("event", ""))
        data: dict[str, Any] = {"id": appeal_id, "number": row.payload["number"], "phase": phase, "version": version}
        yield Event(name, _kind(row.kind, moved), at, {**data, "event": moved} if moved else data)
    elif row.kind == "call.ended":
        names = ("key", "direction", "queue", "outcome", "wait_s", "talk_s")
        yield Event(name, EventKind.CALL_ENDED, at, {one: row.payload[one] for one in names})
    elif row.kind == "duty.changed":
        new = set(row.payload.get("new_ids", ()))
        states = {int(duty_id): state for duty_id, state in row.payload.get("states", ())}
        for duty_id in row.payload["duty_ids"]:
            kind = EventKind.DUTY_CREATED if duty_id in new else EventKind.DUTY_CHANGED
            yield Event(f"{name}-{duty_id}", kind, at, {"id": duty_id, "phase": states.get(duty_id, "")})


def _kind(kind: str, moved: str) -> EventKind:
    if kind == _CREATED:
        return EventKind.APPEAL_CREATED
    if kind == _OVERDUE:
        return EventKind.APPEAL_OVERDUE
    return EventKind.APPEAL_MOVED if moved else EventKind.APPEAL_CHANGED
