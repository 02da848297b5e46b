"""Two reports about the same call become one (pure): whatever comes in whatever order, the result is the same.

Reports come from the live link, from snapshots after a reconnect and from Asterisk's own logs. Later knowledge is
recognised by its content, not by the time of arrival: an end beats no end, a log beats what we saw, and of two equal
sources the one that knows more facts is the later one, because a call only ever gains facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from hotline.cti.model import Call, EndSource, Leg, Phase, Span
from hotline.journal import segmentmerge

_TRUST = {None: 0, EndSource.RESYNC: 1, EndSource.RESTART: 1, EndSource.AMI: 2, EndSource.LOG: 3}
_PROGRESS = {phase: place for place, phase in enumerate(Phase)}
_SET_ONCE = ("caller", "queue", "queued_at", "offered_at", "answered_at", "operator", "outcome", "ended_by")


def merge(stored: Call, new: Call) -> Call:
    """Return what is known after both reports. ``stored`` and ``new`` may be swapped.

    :raises ValueError: they are about different calls.
    """
    if stored.key != new.key:
        msg = f"calls {stored.key} and {new.key} cannot be merged"
        raise ValueError(msg)
    older, newer = sorted((stored, new), key=_knowledge)
    missing = {
        name: getattr(older, name)
        for name in _SET_ONCE
        if getattr(newer, name) is None and getattr(older, name) is not None
    }
    if newer.ended_at is None:
        missing.pop("outcome", None)
    return replace(
        newer,
        started_at=min(older.started_at, newer.started_at),
        legs=_legs(older.legs, newer.legs),
        holds=_holds(older.holds, newer.holds, over=newer.ended_at is not None),
        segments=segmentmerge.merge(older.segments, newer.segments, whole=newer.end_source is EndSource.LOG),
        recorded=older.recorded or newer.recorded,
        **missing,
    )


def _knowledge(call: Call) -> tuple[int, int, int, str]:
    """Order reports by how much they know. The text at the end makes the order total."""
    trust = _TRUST[call.end_source] if call.ended_at is not None else 0
    return trust, _facts(call), _PROGRESS[call.phase], repr(call)


def _facts(call: Call) -> int:
    moments: list[object] = [call.queued_at, call.offered_at, call.answered_at, call.ended_at]
    moments += [moment for leg in call.legs for moment in (leg.uniqueid, leg.answered_at, leg.ended_at, leg.cause)]
    moments += [moment for hold in call.holds for moment in (hold.started_at, hold.ended_at)]
    return sum(moment is not None for moment in moments)


def _legs(older: Iterable[Leg], newer: Iterable[Leg]) -> tuple[Leg, ...]:
    legs = {leg.uniqueid: leg for leg in older}
    for leg in newer:
        before = legs.get(leg.uniqueid)
        legs[leg.uniqueid] = leg if before is None else _leg(before, leg)
    return tuple(sorted(legs.values(), key=lambda leg: (leg.started_at, leg.uniqueid)))


def _leg(older: Leg, newer: Leg) -> Leg:
    missing = {f.name: getattr(older, f.name) for f in fields(Leg) if getattr(newer, f.name) is None}
    return replace(newer, **missing)


def _holds(older: Iterable[Span], newer: Iterable[Span], *, over: bool) -> tuple[Span, ...]:
    """``over``: the call has ended, and every hold with it.

    One that is still open then was begun before the eyes of a service that was killed in it: nobody saw its end, so it
    counts for nothing until Asterisk's log tells the whole of it. Any guess would outlive the log, because what two
    reports know is added up.
    """
    holds = {span.started_at: span for span in older}
    for span in newer:
        if span.ended_at is not None or span.started_at not in holds:
            holds[span.started_at] = span
    if over:
        holds = {start: span for start, span in holds.items() if span.ended_at is not None}
    joined: list[Span] = []
    for span in (holds[start] for start in sorted(holds)):
        last = joined[-1].ended_at if joined else None
        # A service that was started anew in a hold saw only the rest of it: the two overlap and are one.
        if last is not None and span.started_at < last and span.ended_at is not None:
            joined[-1] = Span(joined[-1].started_at, max(last, span.ended_at))
        else:
            joined.append(span)
    return tuple(joined)
