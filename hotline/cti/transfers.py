"""Pure state machine of the warm transfer (telephony.md 6, "design S"). It takes what happened and says what to do.

::

    STARTING   -redirected-> RINGING            both channels have left for the dialplan
    STARTING   -redirect failed-> REFUSED
    RINGING    -target answers-> CONSULTING
    RINGING    -busy, no answer, unreachable-> REFUSED      the dialplan brings the operator back to the citizen
    RINGING, CONSULTING -cancel-> CANCELLED     the target is hung up; the dialplan brings the operator back
    CONSULTING -complete-> COMPLETING           the operator is hung up; the dialplan joins target and citizen
    RINGING, CONSULTING -operator gone-> COMPLETING         his hang-up completes, too
    COMPLETING -target meets citizen-> DONE
    any        -citizen gone-> CANCELLED

If we are down meanwhile, the dialplan alone finishes; the states only mirror it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.errors import Conflict


class TransferState(StrEnum):
    """Where a warm transfer stands."""

    STARTING = "starting"
    RINGING = "ringing"
    CONSULTING = "consulting"
    COMPLETING = "completing"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"


FINAL = frozenset({TransferState.DONE, TransferState.CANCELLED, TransferState.REFUSED})


class Happening(StrEnum):
    """What can happen to a transfer."""

    REDIRECTED = "redirected"
    REDIRECT_FAILED = "redirect failed"
    RANG = "rang"
    ANSWERED = "answered"
    TARGET_GONE = "target gone"
    BACK = "operator back with the citizen"
    CANCEL = "cancel asked"
    COMPLETE = "complete asked"
    OPERATOR_GONE = "operator gone"
    JOINED = "target joined the citizen"
    CITIZEN_GONE = "citizen gone"


class Effect(StrEnum):
    """What the service must do."""

    HANG_UP_TARGET = "hang up target"
    HANG_UP_OPERATOR = "hang up operator"
    TELL_END = "tell everybody that it is over"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One warm transfer of one call."""

    call_key: str
    from_extension: str
    to_extension: str
    citizen: str  # channel names
    operator: str
    card_id: str | None
    started_at: datetime
    state: TransferState = TransferState.STARTING
    target: str | None = None
    reason: str = ""
    cancelling: bool = False


class IllegalStep(Conflict):
    """The transfer is in a state that does not allow this."""

    default_id = "illegal-transfer-step"


_S = TransferState
_H = Happening

_TABLE: dict[tuple[TransferState, Happening], TransferState] = {
    (_S.STARTING, _H.REDIRECTED): _S.RINGING,
    (_S.STARTING, _H.REDIRECT_FAILED): _S.REFUSED,
    # Asterisk's events may overtake the answer to Redirect.
    (_S.STARTING, _H.RANG): _S.RINGING,
    (_S.RINGING, _H.REDIRECTED): _S.RINGING,
    (_S.CONSULTING, _H.REDIRECTED): _S.CONSULTING,
    (_S.RINGING, _H.RANG): _S.RINGING,
    (_S.RINGING, _H.ANSWERED): _S.CONSULTING,
    (_S.RINGING, _H.TARGET_GONE): _S.REFUSED,
    (_S.CONSULTING, _H.TARGET_GONE): _S.CANCELLED,
    (_S.RINGING, _H.BACK): _S.REFUSED,
    (_S.CONSULTING, _H.BACK): _S.CANCELLED,
    (_S.RINGING, _H.CANCEL): _S.RINGING,
    (_S.CONSULTING, _H.CANCEL): _S.CONSULTING,
    (_S.CONSULTING, _H.COMPLETE): _S.COMPLETING,
    (_S.RINGING, _H.OPERATOR_GONE): _S.CANCELLED,
    (_S.CONSULTING, _H.OPERATOR_GONE): _S.COMPLETING,
    (_S.COMPLETING, _H.OPERATOR_GONE): _S.COMPLETING,
    (_S.CONSULTING, _H.JOINED): _S.DONE,
    (_S.COMPLETING, _H.JOINED): _S.DONE,
    (_S.COMPLETING, _H.TARGET_GONE): _S.CANCELLED,
    (_S.COMPLETING, _H.BACK): _S.CANCELLED,
    **{(state, _H.CITIZEN_GONE): _S.CANCELLED for state in _S if state not in FINAL},
}

_ASKED = frozenset({Happening.CANCEL, Happening.COMPLETE})


def step(
    transfer: Transfer, happening: Happening, *, target: str | None = None, reason: str = ""
) -> tuple[Transfer, tuple[Effect, ...]]:
    """Move a transfer on.

    :param target: channel of the colleague, when it became known.
    :param reason: Asterisk's DIALSTATUS, or why the redirect failed.
    :returns: the new transfer and what must be done now. An event that means nothing in this state changes nothing.
    :raises IllegalStep: somebody asked for what this state does not allow.
    """
    state = _TABLE.get((transfer.state, happening))
    if state is None:
        if happening in _ASKED:
            msg = f"the transfer is {transfer.state}: {happening} is not possible"
            raise IllegalStep(msg, details={"state": transfer.state.value})
        return transfer, ()
    if state is _S.REFUSED and transfer.cancelling:
        state = _S.CANCELLED  # the target went because we hung it up
    moved = replace(
        transfer,
        state=state,
        target=target or transfer.target,
        reason=reason or transfer.reason,
        cancelling=transfer.cancelling or happening is _H.CANCEL,
    )
    effects: list[Effect] = []
    if happening is _H.CANCEL or (moved.cancelling and happening is _H.RANG):
        # Cancelled before the colleague's channel existed: hang it up as soon as it does.
        effects.append(Effect.HANG_UP_TARGET)
    if happening is _H.COMPLETE:
        effects.append(Effect.HANG_UP_OPERATOR)
    if state in FINAL and transfer.state not in FINAL:
        effects.append(Effect.TELL_END)
    return moved, tuple(effects)
