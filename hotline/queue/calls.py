"""From what happened to a call to what that means for one operator. Pure.

The state of the call *after* the event decides, not the kind of the event: a repeated, late or lost event then cannot
leave an operator "in a call" for ever.
"""

from __future__ import annotations

from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, LegRole, Phase
from hotline.queue.model import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallPart,
    Happening,
    OfferMissed,
    Operator,
)

NOT_HIS_FAULT = frozenset({"", "ANSWER", "CANCEL", "CHANUNAVAIL"})
"""DIALSTATUS of an offer that ended because the citizen left, a colleague answered or the telephone was not there."""

CONNECTED = frozenset({Phase.TALKING, Phase.HELD, Phase.CONSULTING})


def part_of(call: Call, extension: str) -> CallPart | None:
    """Return what ``extension`` does in ``call`` now; ``None`` when it is not, or no longer, part of it."""
    if call.phase is Phase.ENDED:
        return None
    own = [leg for leg in call.legs if leg.extension == extension]
    live = [leg for leg in own if leg.ended_at is None]
    # Whoever dials is busy from the first tone, answered or not.
    talks = any(leg.answered_at is not None or leg.role is LegRole.CALLER for leg in live)
    if not own:  # a call found in a snapshot may know its operator, but not his leg
        talks = call.operator == extension and call.phase in CONNECTED
    if talks:
        return CallPart.HELD if call.phase is Phase.HELD and call.operator == extension else CallPart.TALKING
    # A channel that stopped ringing lives on for a moment, so an unanswered leg is no proof of a ring.
    return CallPart.RINGING if extension in call.ringing else None


def extensions_in(event: CallEvent) -> set[str]:
    """Return every internal number that the event may concern."""
    call = event.call
    named = {leg.extension for leg in call.legs} | {call.operator, event.extension} | set(call.ringing)
    return {extension for extension in named if extension is not None}


def happening_from(operator: Operator, event: CallEvent) -> Happening | None:
    """Return what the event means for this operator; ``None`` when nothing changes for him."""
    call = event.call
    had, has = operator.part_in(call.key), part_of(call, operator.extension)
    if has is had:
        return None
    match has:
        case CallPart.RINGING:
            return CallOffered(call.key)
        case CallPart.TALKING:
            return CallAnswered(call.key)
        case CallPart.HELD:
            return CallHeld(call.key)
        case None:
            pass
    if had is CallPart.RINGING and _missed(operator, event):
        return OfferMissed(call.key)
    return CallEnded(call.key, wrap_up=is_written_down(call, operator.extension))


def _missed(operator: Operator, event: CallEvent) -> bool:
    """Whether he did not take the call although the citizen still waits (DAY-10)."""
    return (
        event.kind is CallEventKind.OFFER_ENDED
        and event.extension == operator.extension
        and event.reason not in NOT_HIS_FAULT
        and event.call.queue is not None
        and event.call.phase in {Phase.QUEUED, Phase.RINGING}
    )


def is_written_down(call: Call, extension: str) -> bool:
    """Whether this operator needs time for a card afterwards.

    Not after an internal call, not for a colleague who was only consulted, not after an outgoing call that nobody took.
    """
    if call.direction is Direction.INTERNAL or call.answered_at is None:
        return False
    roles = {leg.role for leg in call.legs if leg.extension == extension}
    return call.operator == extension or bool(roles - {LegRole.CONSULT})
