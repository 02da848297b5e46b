"""Pure state machine of the transfers (telephony.md 6, "design S"). It takes what happened and says what to do.

Warm: the operator asks a colleague while the citizen waits.

::

    STARTING   -redirected-> RINGING            both channels have left for the dialplan
    STARTING   -redirect failed-> REFUSED
    RINGING    -target answers-> CONSULTING
    RINGING    -busy, no answer, unreachable-> REFUSED      the dialplan brings the operator back to the citizen
    RINGING, CONSULTING -cancel-> CANCELLED     the target is hung up; the dialplan brings the operator back
    CONSULTING -complete-> COMPLETING           the operator is hung up; the dialplan joins target and citizen
    CONSULTING -join-> CONFERENCE               the citizen joins the two: three talk
    CONFERENCE -complete, operator gone-> COMPLETING; -cancel, target gone-> CANCELLED; -join failed-> CONSULTING
    RINGING, CONSULTING -operator gone-> COMPLETING         his hang-up completes, too
    COMPLETING -target meets citizen-> DONE
    any        -citizen gone-> CANCELLED        a colleague who is still being asked is let go

Given (blind transfer, parked or ringing call taken): the citizen is sent to a colleague without asking him first.

::

    STARTING   -redirected-> RINGING
    RINGING    -target answers-> COMPLETING -target meets citizen-> DONE
    RINGING    -busy, no answer-> REFUSED       the dialplan rings whoever gave him, then goes to the queue

If we are down meanwhile, the dialplan alone finishes; the states only mirror it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.cti.callstate import LiveCall
from hotline.cti.model import LegRole, Phase
from hotline.errors import Conflict


class TransferState(StrEnum):
    """Where a warm transfer stands."""

    STARTING = "starting"
    RINGING = "ringing"
    CONSULTING = "consulting"
    CONFERENCE = "conference"
    COMPLETING = "completing"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class TransferKind(StrEnum):
    """How the citizen gets to the colleague. The values of those after ``WARM`` are roles in ``X-Call-Role``."""

    WARM = "warm"
    BLIND = "transfer"
    TAKEN = "parked"  # taken out of the parking by the colleague himself
    PICKED_UP = "pickup"  # taken while it rang at somebody else's


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
    JOIN = "join asked"
    JOIN_FAILED = "join failed"
    OPERATOR_GONE = "operator gone"
    JOINED = "target joined the citizen"
    CITIZEN_GONE = "citizen gone"


class Effect(StrEnum):
    """What the service must do."""

    HANG_UP_TARGET = "hang up target"
    HANG_UP_OPERATOR = "hang up operator"
    JOIN_CITIZEN = "join citizen"
    TELL_END = "tell everybody that it is over"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer of one call.

    :ivar operator: channel of who gives the citizen away; ``""`` when nobody talks with him (parked, ringing).
    """

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
    kind: TransferKind = TransferKind.WARM


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
    (_S.STARTING, _H.TARGET_GONE): _S.REFUSED,
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
    (_S.CONSULTING, _H.JOIN): _S.CONFERENCE,
    (_S.CONFERENCE, _H.JOIN_FAILED): _S.CONSULTING,
    (_S.CONFERENCE, _H.BACK): _S.CONFERENCE,  # citizen and operator talk again, the colleague with them
    (_S.CONFERENCE, _H.COMPLETE): _S.COMPLETING,
    (_S.CONFERENCE, _H.CANCEL): _S.CONFERENCE,
    (_S.CONFERENCE, _H.OPERATOR_GONE): _S.COMPLETING,
    (_S.CONFERENCE, _H.TARGET_GONE): _S.CANCELLED,
    (_S.CONFERENCE, _H.JOINED): _S.DONE,
    **{(state, _H.CITIZEN_GONE): _S.CANCELLED for state in _S if state not in FINAL},
}

_GIVEN: dict[tuple[TransferState, Happening], TransferState] = {
    (_S.STARTING, _H.REDIRECTED): _S.RINGING,
    (_S.STARTING, _H.REDIRECT_FAILED): _S.REFUSED,
    (_S.STARTING, _H.RANG): _S.RINGING,
    (_S.STARTING, _H.TARGET_GONE): _S.REFUSED,
    (_S.RINGING, _H.REDIRECTED): _S.RINGING,
    (_S.RINGING, _H.RANG): _S.RINGING,
    (_S.RINGING, _H.ANSWERED): _S.COMPLETING,
    (_S.COMPLETING, _H.REDIRECTED): _S.COMPLETING,
    (_S.RINGING, _H.TARGET_GONE): _S.REFUSED,
    (_S.RINGING, _H.JOINED): _S.DONE,
    (_S.COMPLETING, _H.JOINED): _S.DONE,
    (_S.COMPLETING, _H.TARGET_GONE): _S.CANCELLED,
    **{(state, _H.CITIZEN_GONE): _S.CANCELLED for state in (_S.STARTING, _S.RINGING, _S.COMPLETING)},
}

_ASKED = frozenset({Happening.CANCEL, Happening.COMPLETE, Happening.JOIN})


def step(
    transfer: Transfer, happening: Happening, *, target: str | None = None, reason: str = ""
) -> tuple[Transfer, tuple[Effect, ...]]:
    """Move a transfer on.

    :param target: channel of the colleague, when it became known.
    :param reason: Asterisk's DIALSTATUS, or why the redirect failed.
    :returns: the new transfer and what must be done now. An event that means nothing in this state changes nothing.
    :raises IllegalStep: somebody asked for what this state does not allow.
    """
    table = _TABLE if transfer.kind is TransferKind.WARM else _GIVEN
    state = table.get((transfer.state, happening))
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
    return moved, _effects(transfer, moved, happening)


def _effects(transfer: Transfer, moved: Transfer, happening: Happening) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    if happening is _H.CITIZEN_GONE and transfer.kind is TransferKind.WARM:
        # One conversation, one end: the operator's dialplan ends when the colleague has gone.
        effects.append(Effect.HANG_UP_TARGET)
    if happening is _H.CANCEL or (moved.cancelling and happening is _H.RANG):
        # Cancelled before the colleague's channel existed: hang it up as soon as it does.
        effects.append(Effect.HANG_UP_TARGET)
    if happening is _H.COMPLETE:
        effects.append(Effect.HANG_UP_OPERATOR)
    if happening is _H.JOIN:
        effects.append(Effect.JOIN_CITIZEN)
    if moved.state in FINAL and transfer.state not in FINAL:
        effects.append(Effect.TELL_END)
    return tuple(effects)


def found_running(call: LiveCall) -> Transfer | None:
    """Return the transfer that runs in a call, as its channels tell it; ``None`` when there is none.

    For a service that was started anew in the middle of one.
    """
    party = call.party
    if party is None or party.ended_at is not None or (call.operator is None and party.place[0] != "give"):
        return None
    helper = next((leg for leg in call.legs.values() if leg.role is LegRole.CONSULT and leg.ended_at is None), None)
    if helper is None or helper.extension is None:
        return None
    giver, kind, state = call.operator or "", TransferKind.WARM, TransferState.CONSULTING
    own = next((leg for leg in call.legs.values() if leg.extension == giver and leg.ended_at is None), None)
    if party.place[0] == "give" and not party.holding:
        to, _, rest = party.place[1].partition("*")
        back, _, why = rest.partition("*")
        if to != helper.extension or why not in {kind.value for kind in TransferKind}:
            return None
        giver, kind, state, own = back or to, TransferKind(why), TransferState.RINGING, None
    elif call.phase is Phase.CONSULTING:
        state = TransferState.CONSULTING if helper.answered_at else TransferState.RINGING
    elif len(call.partners()) > 1:
        state = TransferState.CONFERENCE
    else:
        return None
    if own is None and kind is TransferKind.WARM:
        return None
    return Transfer(
        call_key=call.key,
        from_extension=giver,
        to_extension=helper.extension,
        citizen=party.channel,
        operator=own.channel if own is not None else "",
        card_id=call.card_id,
        started_at=helper.started_at,
        state=state,
        target=helper.channel,
        kind=kind,
    )
