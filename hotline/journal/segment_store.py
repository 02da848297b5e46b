"""Writes and reads the parts of calls: as JSON while a call lives, as rows of their own once it has ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.cti.model import Call, Segment, SegmentKind, SegmentResult, Span
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_segment import CallSegmentRow


def dump(segments: Iterable[Segment]) -> list[list[Any]]:
    """Return what the column of the call holds: a list of the fields of each part, in their order."""
    return [
        [
            one.kind.value,
            one.started_at.isoformat(),
            one.ended_at.isoformat() if one.ended_at else None,
            one.queue,
            one.extension,
            one.by,
            one.result.value,
            one.again,
        ]
        for one in segments
    ]


def load(stored: Iterable[list[Any]]) -> tuple[Segment, ...]:
    """Return the parts that :func:`dump` wrote."""
    return tuple(
        Segment(
            SegmentKind(kind),
            datetime.fromisoformat(started),
            datetime.fromisoformat(ended) if ended else None,
            queue,
            extension,
            by,
            SegmentResult(result),
            again,
        )
        for kind, started, ended, queue, extension, by, result, again in stored
    )


def hold_s(talk: Segment, holds: Iterable[Span], end: datetime) -> float:
    """Return how many seconds of a talk of an ended call the citizen spent on hold.

    Two reports may know one hold by moments that differ, so each second counts once. A hold that is open in a call that
    has ended is what a service saw that was killed in it: whoever saw its end has it as well.
    """
    until = talk.ended_at or end
    total, counted = 0.0, talk.started_at
    for span in sorted(holds, key=lambda span: span.started_at):
        if span.ended_at is not None:
            begin, stop = max(span.started_at, counted), min(span.ended_at, until)
            if stop > begin:
                total += (stop - begin).total_seconds()
                counted = stop
    return total


async def write_rows(session: AsyncSession, row: CallRecord, call: Call, *, known: bool) -> None:
    """Replace the rows of an ended call. Who had an extension then is what the legs of the call say.

    :param known: the call was known to have ended before, so it may have rows.
    """
    if call.ended_at is None:
        return
    if known:
        await session.execute(delete(CallSegmentRow).where(CallSegmentRow.call_id == row.id))
    await write_all(session, [(row, call)])


async def write_all(session: AsyncSession, calls: Iterable[tuple[CallRecord, Call]]) -> None:
    """Write the rows of calls that have ended and have none yet."""
    values = [one for row, call in calls for one in _rows(row, call)]
    if values:
        await session.execute(insert(CallSegmentRow), values)


def _rows(row: CallRecord, call: Call) -> list[dict[str, Any]]:
    end = call.ended_at or call.started_at
    people = {leg.extension: leg.user_id for leg in row.legs if leg.extension and leg.user_id is not None}
    return [
        {
            "call_id": row.id,
            "direction": call.direction.value,
            "kind": one.kind.value,
            "queue": one.queue,
            "extension": one.extension,
            "user_id": people.get(one.extension) if one.extension else None,
            "by_extension": one.by,
            "by_id": people.get(one.by) if one.by else None,
            "started_at": one.started_at,
            "seconds": one.seconds(end),
            "hold_s": hold_s(one, call.holds, end) if one.kind is SegmentKind.TALK else 0.0,
            "result": one.result.value,
            "again": one.again,
        }
        for one in call.segments
    ]
