"""How an operator moves between states: pure, no clock of its own, no I/O. Drawn in docs/states.md (letters there).

An operator is a handful of facts (calls, pause, wrap-up, telephone). A happening changes facts; ``_settle`` derives the
state from them; the effects are the difference between the membership of the queues that the old and the new state
ask for. So there is one rule for each question, and "after the call" needs no memory of what was before it.

Requests of people may be refused (``IllegalMove``). What Asterisk reports is never refused: it has already happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from hotline.errors import BadInput, Conflict
from hotline.queue.model import (
    IN_CALL,
    AddMember,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallPart,
    CloseWrapUp,
    Decision,
    Effect,
    EndWork,
    ExtendWrapUp,
    Forced,
    GoReady,
    Happening,
    MemberEffect,
    Notice,
    Notify,
    OfferMissed,
    Operator,
    OperatorState,
    Pause,
    PauseMember,
    PhoneBack,
    PhoneGone,
    Policy,
    Reassign,
    RemoveMember,
    ServerGone,
    StartWork,
    Stretch,
    Supervises,
    TakePause,
    Tick,
    UnpauseMember,
)

S = OperatorState

ON_CALL = "oncall"  # the pause reasons that we give Asterisk ourselves (telephony rules: pause at the answer)
WRAPPING_UP = "wrap-up"
NO_PHONE = "lost"


class IllegalMove(Conflict):
    """The operator's state does not allow this. ``details``: ``state`` and the ``event`` refused."""

    default_id = "illegal-move"


def decide(operator: Operator, event: Happening, now: datetime, policy: Policy) -> Decision:
    """Return the operator after ``event`` and what must be done about it.

    :raises IllegalMove: a person asked for something that the present state does not allow.
    :raises BadInput: the pause reason is unknown or cannot be chosen.
    """
    legal, handler = TABLE[type(event)]
    if operator.state not in legal:
        raise _illegal(operator, event, f"not possible in the state “{operator.state}”")
    changed = handler(operator, event, now, policy)
    after = changed if changed.state is S.OFFLINE else _settle(changed, operator, now, policy)
    return Decision(after, (*_member_effects(operator, after), *_notices(operator, after, event)))


# --- From facts to a state ------------------------------------------------------------------------------------------


def _settle(facts: Operator, before: Operator, now: datetime, policy: Policy) -> Operator:
    state = _state_of(facts, now, policy)
    pause = facts.pause
    if state is S.PAUSE and pause is not None and pause.stretch is None:  # a planned pause begins
        limit = policy.pause_reasons[pause.reason].limit if pause.reason in policy.pause_reasons else None
        pause = replace(pause, stretch=Stretch(now, None if limit is None else now + limit))
    stretch = {S.PAUSE: pause.stretch if pause else None, S.WRAP_UP: facts.wrap_up}.get(state)
    after = replace(
        facts,
        state=state,
        pause=pause,
        reason=pause.reason if pause is not None and state is S.PAUSE else None,
        limit_at=stretch.limit_at if stretch else None,
        over_limit=bool(state is S.PAUSE and stretch and stretch.limit_at and now >= stretch.limit_at),
    )
    if stretch is not None:
        since = stretch.since
    elif state is S.LOST and facts.phone_lost_at is not None:
        since = facts.phone_lost_at
    elif state is before.state and after.call_key == before.call_key:
        since = before.since
    else:
        since = now
    return replace(after, since=since)


def _state_of(facts: Operator, now: datetime, policy: Policy) -> OperatorState:
    parts = {part for _, part in facts.calls}
    if CallPart.TALKING in parts or facts.supervising:
        return S.TALKING
    if CallPart.HELD in parts:
        return S.HOLD
    if CallPart.RINGING in parts:
        return S.RINGING
    # A call outweighs a lost telephone: its media does not pass through our socket and usually lives on (DAY-19).
    if facts.phone_lost_at is not None and now >= facts.phone_lost_at + policy.phone_grace:
        return S.LOST
    if facts.wrap_up is not None:
        return S.WRAP_UP
    return S.READY if facts.pause is None else S.PAUSE


# --- From a state to Asterisk's queues ------------------------------------------------------------------------------


def pause_reason(operator: Operator) -> str | None:
    """Why Asterisk must not offer calls to this operator at the moment; ``None`` when it may.

    He is paused from the answer until he is ready again, wrap-up included: Asterisk's own wrapuptime is unreliable
    (asterisk#607, asterisk#1006). While he rings nothing changes: one offer at a time is the queue's business.
    """
    if operator.state is S.RINGING:
        if operator.wrap_up is not None:
            return WRAPPING_UP
        pause = operator.pause
        return pause.reason if pause is not None and pause.stretch is not None else None
    return {
        S.TALKING: ON_CALL,
        S.HOLD: ON_CALL,
        S.LOST: NO_PHONE,
        S.WRAP_UP: WRAPPING_UP,
        S.PAUSE: operator.reason,
    }.get(operator.state)


def restore(operator: Operator, present: frozenset[str] = frozenset()) -> tuple[MemberEffect, ...]:
    """Everything that brings Asterisk to this operator's state, whatever it knew before (reconnect, failure).

    ``present`` are the queues that certainly have him: adding him again would cost him his place in their order.
    """
    if not operator.queues:  # level 2: reached by number only, so no queue can pause him
        return ()
    if operator.state is S.OFFLINE:
        return tuple(RemoveMember(queue, operator.extension) for queue in operator.queues)
    reason = pause_reason(operator)
    # The pause is always sent by itself as well: it carries the reason, and reaches members who are there already.
    pausing = UnpauseMember(operator.extension) if reason is None else PauseMember(operator.extension, reason)
    return (*(add for add in _additions(operator) if add.queue not in present), pausing)


def _member_effects(before: Operator, after: Operator) -> tuple[MemberEffect, ...]:
    was, is_ = before.state is not S.OFFLINE, after.state is not S.OFFLINE
    if was and is_ and _standing(before) != _standing(after):
        # Asterisk does not change a member who is there already: he leaves and comes again, also in the middle of a
        # call, which it does not touch.
        return (*(RemoveMember(queue, before.extension) for queue in before.queues), *restore(after))
    if not after.queues:
        return ()
    if was and not is_:
        return restore(after)
    if is_ and not was:
        reason = pause_reason(after)
        return (*_additions(after), *([PauseMember(after.extension, reason)] if reason is not None else []))
    old, new = pause_reason(before), pause_reason(after)
    if not is_ or old == new:
        return ()
    return (UnpauseMember(after.extension) if new is None else PauseMember(after.extension, new),)


def _additions(operator: Operator) -> tuple[AddMember, ...]:
    paused = pause_reason(operator) is not None
    name = str(operator.user_id)
    return tuple(AddMember(q, operator.extension, name, paused, place) for q, place in _standing(operator))


def _standing(operator: Operator) -> tuple[tuple[str, int], ...]:
    """Return the queues that he stands in, with his place in each."""
    places = operator.places or (operator.penalty,) * len(operator.queues)
    return tuple(zip(operator.queues, places, strict=True))


def _notices(before: Operator, after: Operator, event: Happening) -> tuple[Effect, ...]:
    found: list[Notice] = []
    if before.state is not S.LOST and after.state is S.LOST:
        found.append(Notice.PHONE_LOST)
    if before.state is S.LOST and isinstance(event, PhoneBack):
        found.append(Notice.PHONE_BACK)
    if isinstance(event, Tick) and before.state is S.WRAP_UP and after.state is not S.WRAP_UP and not after.wrap_up:
        found.append(Notice.WRAP_UP_OVER)
    if after.over_limit and not before.over_limit:
        found.append(Notice.PAUSE_OVER_LIMIT)
    if isinstance(event, OfferMissed) and before.state is S.RINGING and _missed(after, event):
        found.append(Notice.OFFER_MISSED)
    if isinstance(event, Tick) and before.state is S.LOST and after.state is S.OFFLINE:
        found.append(Notice.SIGNED_OFF)
    return tuple(Notify(notice) for notice in found)


def _missed(operator: Operator, event: OfferMissed) -> bool:
    """Whether he pauses because of this very offer."""
    pause = operator.pause
    return operator.state is S.PAUSE and pause is not None and pause.missed_call == event.call_key


# --- Happenings -----------------------------------------------------------------------------------------------------


def _start_work(operator: Operator, event: StartWork, now: datetime, policy: Policy) -> Operator:
    if not event.microphone:
        raise IllegalMove(
            "the microphone check did not pass: work cannot start without a microphone", error_id="no-microphone"
        )
    if operator.state is not S.OFFLINE:  # a second click, or the page was reloaded: the day goes on
        if event.extension != operator.extension:
            raise _illegal(operator, event, f"already at work with the number {operator.extension}")
        return operator
    return Operator(
        user_id=operator.user_id,
        extension=event.extension,
        since=now,
        state=S.READY,
        queues=event.queues,
        penalty=event.penalty,
        places=event.places,
        phone_lost_at=None if event.phone else now,
        supervising=operator.supervising,
    )


def _end_work(operator: Operator, event: EndWork | Tick, now: datetime, policy: Policy) -> Operator:
    if operator.state is S.OFFLINE:
        return operator
    return Operator(
        user_id=operator.user_id,
        extension=operator.extension,
        since=now,
        queues=operator.queues,
        penalty=operator.penalty,
        places=operator.places,
        supervising=operator.supervising,
    )


def _reassign(operator: Operator, event: Reassign, now: datetime, policy: Policy) -> Operator:
    return replace(operator, queues=event.queues, penalty=event.penalty, places=event.places)


def _go_ready(operator: Operator, event: GoReady, now: datetime, policy: Policy) -> Operator:
    return replace(operator, pause=None, wrap_up=operator.wrap_up if operator.state in IN_CALL else None)


def _take_pause(operator: Operator, event: TakePause, now: datetime, policy: Policy) -> Operator:
    reason = policy.pause_reasons.get(event.reason)
    if reason is None or reason.automatic:
        raise BadInput(
            f"no such pause reason: {event.reason!r}", error_id="unknown-pause-reason", details={"reason": event.reason}
        )
    if operator.state is S.PAUSE and operator.reason == event.reason:
        return operator  # asking again does not restart the clock
    # In a call the pause is only planned, and an unfinished card of an earlier call keeps its wrap-up.
    return replace(operator, pause=Pause(event.reason), wrap_up=operator.wrap_up if operator.state in IN_CALL else None)


def _extend_wrap_up(operator: Operator, event: ExtendWrapUp, now: datetime, policy: Policy) -> Operator:
    wrap_up = operator.wrap_up
    if wrap_up is None or wrap_up.limit_at is None:
        return operator
    latest = wrap_up.since + policy.longest_wrap_up
    if wrap_up.limit_at >= latest:
        raise _illegal(operator, event, "the wrap-up is at its longest already", "wrap-up-at-limit")
    limit_at = min(latest, max(wrap_up.limit_at, now) + policy.wrap_up_extension)
    return replace(operator, wrap_up=replace(wrap_up, limit_at=limit_at))


def _close_wrap_up(operator: Operator, event: CloseWrapUp, now: datetime, policy: Policy) -> Operator:
    return replace(operator, wrap_up=None)


def _forced(operator: Operator, event: Forced, now: datetime, policy: Policy) -> Operator:
    legal, handler = FORCIBLE[type(event.wish)]
    if operator.state not in legal:
        raise _illegal(operator, event, f"{type(event.wish).__name__} cannot be forced in “{operator.state}”")
    return handler(operator, event.wish, now, policy)


def _set_part(operator: Operator, key: str, part: CallPart | None) -> Operator:
    calls = dict(operator.calls)
    calls.pop(key, None)
    if part is not None:
        calls[key] = part
    return replace(operator, calls=tuple(calls.items()))


def _call_offered(operator: Operator, event: CallOffered, now: datetime, policy: Policy) -> Operator:
    return operator if operator.state is S.OFFLINE else _set_part(operator, event.call_key, CallPart.RINGING)


def _call_answered(operator: Operator, event: CallAnswered, now: datetime, policy: Policy) -> Operator:
    if operator.state is S.OFFLINE:
        return operator
    if operator.pause is not None and operator.pause.missed_call == event.call_key:
        operator = replace(operator, pause=None)  # so he was there after all
    return _set_part(operator, event.call_key, CallPart.TALKING)


def _call_held(operator: Operator, event: CallHeld, now: datetime, policy: Policy) -> Operator:
    return operator if operator.state is S.OFFLINE else _set_part(operator, event.call_key, CallPart.HELD)


def _call_ended(operator: Operator, event: CallEnded, now: datetime, policy: Policy) -> Operator:
    part = operator.part_in(event.call_key)
    operator = _set_part(operator, event.call_key, None)
    if not event.wrap_up or part not in {CallPart.TALKING, CallPart.HELD} or not policy.wrap_up:
        return operator
    return replace(operator, wrap_up=Stretch(now, now + policy.wrap_up), last_call=event.call_key)


def _offer_missed(operator: Operator, event: OfferMissed, now: datetime, policy: Policy) -> Operator:
    rang = operator.state is S.RINGING and operator.part_in(event.call_key) is CallPart.RINGING
    operator = _set_part(operator, event.call_key, None)
    if not rang or operator.wrap_up is not None or operator.pause is not None:
        return operator  # he was busy with something else, and is not offered calls from the queue anyway
    return replace(operator, pause=Pause(policy.missed_call, missed_call=event.call_key))


def _server_gone(operator: Operator, event: ServerGone, now: datetime, policy: Policy) -> Operator:
    """Take back the pause of a ring that ended as its Asterisk died: nobody has missed that one.

    An Asterisk that is told to stop hangs up all channels first, and reports the ring as not answered.
    """
    pause = operator.pause
    if pause is None or pause.missed_call is None or pause.missed_call.rpartition("-")[0] != event.asterisk:
        return operator
    begun = pause.stretch.since if pause.stretch is not None else now
    return operator if now - begun > policy.dying else replace(operator, pause=None)


def _supervises(operator: Operator, event: Supervises, now: datetime, policy: Policy) -> Operator:
    return replace(operator, supervising=event.on)


def _phone_gone(operator: Operator, event: PhoneGone, now: datetime, policy: Policy) -> Operator:
    if operator.state is S.OFFLINE or operator.phone_lost_at is not None:
        return operator
    return replace(operator, phone_lost_at=now)


def _phone_back(operator: Operator, event: PhoneBack, now: datetime, policy: Policy) -> Operator:
    return replace(operator, phone_lost_at=None)


def _tick(operator: Operator, event: Tick, now: datetime, policy: Policy) -> Operator:
    if operator.state is S.OFFLINE:
        return operator
    lost_at = operator.phone_lost_at
    if operator.state is S.LOST and lost_at is not None and now >= lost_at + policy.lost_limit:
        return _end_work(operator, event, now, policy)
    wrap_up = operator.wrap_up
    if wrap_up is not None and wrap_up.limit_at is not None and now >= wrap_up.limit_at:
        return replace(operator, wrap_up=None)
    return operator


def _illegal(operator: Operator, event: Happening, why: str, error_id: str | None = None) -> IllegalMove:
    name = type(event).__name__
    return IllegalMove(f"{name}: {why}", error_id=error_id, details={"state": str(operator.state), "event": name})


EVERYWHERE = frozenset(S)
AT_WORK = EVERYWHERE - {S.OFFLINE}

Handler = Callable[..., Operator]

FORCIBLE: Mapping[type[GoReady | TakePause | EndWork | CloseWrapUp], tuple[frozenset[OperatorState], Handler]] = {
    TakePause: (AT_WORK, _take_pause),
    GoReady: (frozenset({S.PAUSE, S.WRAP_UP}), _go_ready),
    EndWork: (AT_WORK - IN_CALL, _end_work),
    CloseWrapUp: (frozenset({S.WRAP_UP}), _close_wrap_up),
}
"""What a supervisor may do for an operator, and in which states."""

TABLE: Mapping[type[Happening], tuple[frozenset[OperatorState], Handler]] = {
    # people
    StartWork: (EVERYWHERE, _start_work),
    EndWork: (EVERYWHERE - IN_CALL, _end_work),
    Reassign: (EVERYWHERE, _reassign),
    GoReady: (AT_WORK - {S.LOST}, _go_ready),
    TakePause: (AT_WORK, _take_pause),
    ExtendWrapUp: (frozenset({S.WRAP_UP}), _extend_wrap_up),
    Forced: (AT_WORK, _forced),
    # Asterisk, the telephone's socket, time
    CallOffered: (EVERYWHERE, _call_offered),
    CallAnswered: (EVERYWHERE, _call_answered),
    CallHeld: (EVERYWHERE, _call_held),
    CallEnded: (EVERYWHERE, _call_ended),
    OfferMissed: (EVERYWHERE, _offer_missed),
    ServerGone: (EVERYWHERE, _server_gone),
    Supervises: (EVERYWHERE, _supervises),
    PhoneGone: (EVERYWHERE, _phone_gone),
    PhoneBack: (EVERYWHERE, _phone_back),
    Tick: (EVERYWHERE, _tick),
}
"""The one transition table: in which states a happening may occur, and which facts it changes."""
