"""Pure: the parts of a call from two reports become one list (``callmerge``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hotline.cti.model import Segment, SegmentKind, SegmentResult

_ONE_AT_A_TIME = frozenset({SegmentKind.WAIT, SegmentKind.TALK})
_SECOND = timedelta(seconds=1)


def merge(older: Sequence[Segment], newer: Sequence[Segment], *, whole: bool) -> tuple[Segment, ...]:
    """Return what is known after both reports.

    :param whole: ``newer`` is Asterisk's own log: it has every part, but queue_log knows whole seconds only, so moments
        of waits become finer by what was seen live.
    """
    if whole and newer:
        return tuple(_finer(segment, older) for segment in newer)
    parts = sorted({*older, *newer}, key=_order)
    joined: list[Segment] = []
    for part in parts:
        place = next((at for at, known in enumerate(joined) if _same(known, part)), None)
        if place is None:
            joined.append(part)
        else:
            joined[place] = _both(joined[place], part)
    return tuple(_closed(joined))


def _order(part: Segment) -> tuple[object, ...]:
    return part.started_at, part.kind, part.ended_at is not None, part.ended_at or part.started_at, repr(part)


def _same(known: Segment, part: Segment) -> bool:
    """A service that was started anew saw only the rest of a part: the two overlap and are one."""
    who = (known.queue, None) if part.kind is SegmentKind.WAIT else (None, known.extension)
    mine = (part.queue, None) if part.kind is SegmentKind.WAIT else (None, part.extension)
    if known.kind is not part.kind or who != mine:
        return False
    return known.started_at == part.started_at or known.ended_at is None or part.started_at < known.ended_at


def _both(known: Segment, part: Segment) -> Segment:
    knows_more = part if part.ended_at is not None else known
    ends = [one.ended_at for one in (known, part) if one.ended_at is not None]
    return replace(
        knows_more,
        started_at=min(known.started_at, part.started_at),
        ended_at=max(ends) if ends else None,
        by=known.by or part.by,
        again=known.again,
    )


def _closed(parts: Sequence[Segment]) -> list[Segment]:
    """End the waits and talks whose end nobody saw where the next one begins."""
    closed: list[Segment] = []
    for place, part in enumerate(parts):
        following = next((one for one in parts[place + 1 :] if one.kind in _ONE_AT_A_TIME), None)
        if part.ended_at is None and part.kind in _ONE_AT_A_TIME and following is not None:
            answered = part.kind is SegmentKind.WAIT and following.kind is SegmentKind.TALK
            closed.append(
                replace(
                    part,
                    ended_at=following.started_at,
                    result=SegmentResult.ANSWERED if answered else part.result,
                    extension=following.extension if answered else part.extension,
                )
            )
        else:
            closed.append(part)
    return closed


def _finer(segment: Segment, seen: Sequence[Segment]) -> Segment:
    """Return a wait of the log with the moments of the same wait as it was seen live."""
    if segment.kind is not SegmentKind.WAIT:
        return segment
    waits = [one for one in seen if one.kind is SegmentKind.WAIT and one.queue == segment.queue]
    live = next((one for one in waits if _within(segment.started_at, one.started_at)), None)
    if live is None:
        return segment
    end = segment.ended_at
    if segment.result is live.result is SegmentResult.LEFT and end and live.ended_at and _within(end, live.ended_at):
        end = live.ended_at
    return replace(segment, started_at=live.started_at, ended_at=max(end, live.started_at) if end else None)


def _within(second: datetime, moment: datetime) -> bool:
    return timedelta() <= moment - second < _SECOND
