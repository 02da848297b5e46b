"""Reads of the archive."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Text, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.archive.chain import Event, Seal
from hotline.archive.coverage import Conversation, Stretch
from hotline.archive.model import Mark
from hotline.archive.retention import Kept
from hotline.archive.tables import RecordingPauseRow, RecordingRow, RecordingSealRow
from hotline.cti.model import Direction
from hotline.journal.tables import AppealCallRow, AppealRecord
from hotline.journal.tables_call import CallRecord


def seal_of(row: RecordingSealRow) -> Seal:
    """Return a seal as the pure rules know it."""
    return Seal(
        row.number, Event(row.event), row.call_key, row.file, row.size, row.sha256, row.at, row.previous, row.hash
    )


def not_encoded() -> Select[str]:
    """Keys of what is still a WAV file, oldest first."""
    waiting = (RecordingRow.deleted_at.is_(None), RecordingRow.format == "wav")
    return select(RecordingRow.call_key).where(*waiting).order_by(RecordingRow.stored_at)


async def marks(session: AsyncSession, row: RecordingRow) -> tuple[Mark, ...]:
    """Return the pauses of a recording as places in its sound."""
    found = await session.scalars(
        select(RecordingPauseRow)
        .where(RecordingPauseRow.call_key == row.call_key)
        .order_by(RecordingPauseRow.started_at)
    )

    def place(moment: datetime | None) -> float:
        if moment is None:
            return row.seconds
        return round(min(max(0.0, (moment - row.recorded_at).total_seconds()), row.seconds), 2)

    return tuple(Mark(place(pause.started_at), place(pause.ended_at), pause.field) for pause in found)


async def kept(session: AsyncSession, before: datetime) -> list[Kept]:
    """Return the recordings on disk that began before a moment, with what may keep them, oldest first."""
    needed = (
        select(AppealCallRow.call_key)
        .join(AppealRecord, AppealRecord.id == AppealCallRow.appeal_id)
        .where(AppealCallRow.call_key == RecordingRow.call_key, AppealRecord.is_open)
        .exists()
    )
    found = await session.execute(
        select(RecordingRow.call_key, CallRecord.queue, RecordingRow.recorded_at, RecordingRow.hold_reason, needed)
        .outerjoin(CallRecord, CallRecord.key == RecordingRow.call_key)
        .where(RecordingRow.deleted_at.is_(None), RecordingRow.recorded_at <= before)
        .order_by(RecordingRow.recorded_at)
    )
    return [Kept(key, queue, at, bool(reason), is_needed) for key, queue, at, reason, is_needed in found]


async def conversations(
    session: AsyncSession, *which: ColumnElement[bool], settled: datetime | None = None
) -> list[Conversation]:
    """Return calls with citizens that were talked in and have ended, with their recordings and pauses.

    :param which: what limits them.
    :param settled: a call without a recording that ended later is left out: its file is still being taken over.
    """
    talked = (
        CallRecord.ended_at.is_not(None),
        CallRecord.answered_at.is_not(None),
        CallRecord.direction != Direction.INTERNAL.value,
    )
    if settled is not None:
        which = (*which, or_(RecordingRow.call_key.is_not(None), CallRecord.ended_at <= settled))
    calls = await session.execute(
        select(
            CallRecord.key,
            CallRecord.answered_at,
            CallRecord.ended_at,
            RecordingRow.recorded_at,
            RecordingRow.seconds,
        )
        .outerjoin(RecordingRow, RecordingRow.call_key == CallRecord.key)
        .where(*talked, *which)
        .order_by(CallRecord.ended_at)
    )
    pauses: dict[str, list[Stretch]] = {}
    found = list(calls)
    # One array: years of calls are more than a statement may have parameters.
    keys = literal([key for key, *_ in found], ARRAY(Text))
    rows = await session.scalars(select(RecordingPauseRow).where(RecordingPauseRow.call_key == any_(keys)))
    ends = {key: ended for key, _, ended, *_ in found}
    for row in rows:
        end = row.ended_at or ends[row.call_key] or row.started_at
        pauses.setdefault(row.call_key, []).append(Stretch(row.started_at, end))
    return [
        Conversation(key, Stretch(answered, ended), _recorded(began, seconds), tuple(pauses.get(key, ())))
        for key, answered, ended, began, seconds in found
        if answered is not None and ended is not None
    ]


def _recorded(began: datetime | None, seconds: float | None) -> Stretch | None:
    # An outer join: both are there, or neither is.
    return None if began is None or seconds is None else Stretch(began, began + timedelta(seconds=seconds))
