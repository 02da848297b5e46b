"""The ledger of citizens not served: calls → duties, and the one door through which a duty changes. Pure.

The ledger is nothing but the fold of what happened, in order of time: the same calls and the same words of people give
the same duties, whoever folds them, how often, and however late a fact comes to light (DAY-14).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hotline.callbacks.model import (
    OVER,
    CallSeen,
    Duty,
    DutyState,
    IllegalMove,
    Limits,
    Move,
    MoveKind,
    Reason,
    Result,
)
from hotline.cti.model import Direction, EndedBy, EndSource, Outcome
from hotline.journal.deadlines import Calendar

ALONE = timedelta(seconds=1)
"""A citizen whose last partner left this much before the end was alone when the call ended."""

_REASONS: Mapping[Outcome, Reason] = {
    Outcome.ABANDONED_IVR: Reason.ABANDONED,
    Outcome.ABANDONED_QUEUE: Reason.ABANDONED,
    Outcome.CALLBACK: Reason.ASKED,
    Outcome.VOICEMAIL: Reason.VOICEMAIL,
    Outcome.OUT_OF_HOURS: Reason.OUT_OF_HOURS,
    Outcome.BUSY: Reason.FAILED,
    Outcome.NO_ANSWER: Reason.FAILED,
    Outcome.FAILED: Reason.FAILED,
}
_RESULTS = {Outcome.BUSY: Result.BUSY, Outcome.NO_ANSWER: Result.NO_ANSWER}
_LIVE = frozenset({DutyState.OPEN, DutyState.TAKEN, DutyState.ATTEMPTED})
_FROM: Mapping[MoveKind, frozenset[DutyState]] = {
    MoveKind.MISS: _LIVE,
    MoveKind.TRY: _LIVE,
    MoveKind.SERVE: _LIVE,
    MoveKind.TAKE: _LIVE,
    MoveKind.RELEASE: frozenset({DutyState.TAKEN}),
    MoveKind.ATTEMPT: _LIVE,
    MoveKind.CLOSE: _LIVE,
    MoveKind.REOPEN: frozenset({DutyState.CLOSED}),
}
_OF_THE_HOLDER = frozenset({MoveKind.TAKE, MoveKind.ATTEMPT, MoveKind.CLOSE})


def judge(call: CallSeen, limits: Limits) -> Move | None:
    """Return what a call means for the ledger; ``None``: nothing (yet)."""
    if call.direction == Direction.INTERNAL:
        return None
    if call.direction == Direction.OUT:
        return _attempt(call, limits)
    if call.answered_at is not None and not was_lost(call):
        return Move(MoveKind.SERVE, call.answered_at, call.operator_id, call.key)
    if call.ended_at is None:
        return None
    outcome = Outcome(call.outcome) if call.outcome else Outcome.FAILED
    reason = _REASONS.get(outcome, Reason.LOST)
    since = call.queued_at or call.started_at if reason is Reason.ASKED else None
    return Move(MoveKind.MISS, call.ended_at, None, call.key, call.queue or "", reason, since)


def was_lost(call: CallSeen) -> bool:
    """Tell whether an answered call broke off.

    Asterisk died in it, or nobody of ours was there any more when it ended, and we had not ended it.
    """
    if call.ended_at is None or call.ended_by == EndedBy.AGENT:
        return False
    if call.end_source == EndSource.RESTART:
        return True
    return call.last_partner_at is not None and call.ended_at - call.last_partner_at >= ALONE


def _attempt(call: CallSeen, limits: Limits) -> Move | None:
    if call.ended_at is None:
        return None
    if call.outcome == Outcome.ANSWERED and call.talk_s >= limits.served_s:
        return Move(MoveKind.SERVE, call.answered_at or call.ended_at, call.operator_id, call.key)
    outcome = Outcome(call.outcome) if call.outcome else Outcome.FAILED
    result = Result.SHORT if outcome is Outcome.ANSWERED else _RESULTS.get(outcome, Result.FAILED)
    again = call.ended_at + limits.place_pause
    return Move(MoveKind.TRY, call.ended_at, call.operator_id, call.key, result=result, next_try_at=again)


def fold(moves: Iterable[Move], limits: Limits) -> tuple[Duty, ...]:
    """Return the duties towards one citizen, oldest first; only the last can be open.

    What is not possible in its place (an answer when nothing is owed, a word that came too late) changes nothing.
    """
    duties: list[Duty] = []
    for move in sorted(moves, key=lambda one: one.order):
        last = duties[-1] if duties else None
        if move.kind is MoveKind.MISS and (last is None or last.state in OVER):
            duties.append(_begin(move))
        elif last is not None:
            try:
                duties[-1] = step(last, move, limits)
            except IllegalMove:
                continue
    return tuple(duties)


def step(duty: Duty, move: Move, limits: Limits) -> Duty:
    """The one door: return the duty after ``move``.

    :raises IllegalMove: its state does not allow that, or (``callback-taken``) a colleague has it in his hands.
    """
    if duty.state not in _FROM[move.kind]:
        raise IllegalMove(f"{move.kind} is not possible: {duty.state}", details={"state": str(duty.state)})
    holder = duty.holder(move.at)
    if move.kind in _OF_THE_HOLDER and holder not in {None, move.user_id} and not move.insists:
        raise IllegalMove("a colleague has it in his hands", error_id="callback-taken", details={"holder": holder})
    return _STEPS[move.kind](duty, move, limits)


def _begin(move: Move) -> Duty:
    empty = Duty(DutyState.OPEN, move.at, move.at, (), ())
    return _miss(empty, move, Limits())


def _miss(duty: Duty, move: Move, _: Limits) -> Duty:
    asked = move.reason is Reason.ASKED
    reasons = duty.reasons if move.reason is None or move.reason in duty.reasons else (*duty.reasons, move.reason)
    return replace(
        duty,
        last_at=move.at,
        calls=(*duty.calls, move.call_key),
        reasons=reasons,
        queue=move.queue or duty.queue,
        next_try_at=None,  # he has just shown that he can be reached
        asked_since=(duty.asked_since or move.since) if asked else duty.asked_since,
        place_tries=0 if asked else duty.place_tries,
        voicemail=move.call_key if move.reason is Reason.VOICEMAIL else duty.voicemail,
    )


def _try(duty: Duty, move: Move, _: Limits) -> Duty:
    return replace(
        duty,
        state=DutyState.ATTEMPTED,
        taken_by=None,
        taken_until=None,
        attempts=duty.attempts + 1,
        place_tries=duty.place_tries + 1,
        last_result=move.result,
        last_try_at=move.at,
        next_try_at=move.next_try_at,
    )


def _serve(duty: Duty, move: Move, _: Limits) -> Duty:
    return replace(
        _free(duty),
        state=DutyState.SERVED,
        over_at=move.at,
        over_by=move.user_id,
        served_call=move.call_key,
        served_appeal=move.appeal_id,
    )


def _take(duty: Duty, move: Move, limits: Limits) -> Duty:
    return replace(duty, state=DutyState.TAKEN, taken_by=move.user_id, taken_until=move.at + limits.hold)


def _release(duty: Duty, move: Move, _: Limits) -> Duty:
    if move.user_id != duty.taken_by and not move.insists:
        raise IllegalMove("a colleague has it in his hands", error_id="callback-taken")
    return replace(_free(duty), state=DutyState.ATTEMPTED if duty.attempts else DutyState.OPEN)


def _close(duty: Duty, move: Move, _: Limits) -> Duty:
    return replace(_free(duty), state=DutyState.CLOSED, over_at=move.at, over_by=move.user_id, closing=move.closing)


def _reopen(duty: Duty, _move: Move, _: Limits) -> Duty:
    state = DutyState.ATTEMPTED if duty.attempts else DutyState.OPEN
    return replace(duty, state=state, over_at=None, over_by=None, closing=None)


def _free(duty: Duty) -> Duty:
    return replace(duty, taken_by=None, taken_until=None, next_try_at=None)


_STEPS: Mapping[MoveKind, Callable[[Duty, Move, Limits], Duty]] = {
    MoveKind.MISS: _miss,
    MoveKind.TRY: _try,
    MoveKind.SERVE: _serve,
    MoveKind.TAKE: _take,
    MoveKind.RELEASE: _release,
    MoveKind.ATTEMPT: _try,
    MoveKind.CLOSE: _close,
    MoveKind.REOPEN: _reopen,
}


def due_at(first_at: datetime, limits: Limits, calendar: Calendar, zone: ZoneInfo) -> datetime:
    """Return until when he must be called back: the end of the working day on which he called (DAY-14).

    Who called after it, or on a day off, is called back on the next working day.
    """
    local = first_at.astimezone(zone)
    day = local.date()
    if not calendar.is_working(day) or local.time() >= limits.day_until:
        day = _next_working(day, calendar)
    return datetime.combine(day, limits.day_until, zone).astimezone(first_at.tzinfo)


def _next_working(day: date, calendar: Calendar) -> date:
    return calendar.next_working(day + timedelta(days=1))
