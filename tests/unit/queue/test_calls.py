"""What a change of a call means for one operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hotline.cti.calls import CallTracker
from hotline.cti.events import Channel, DialBegin, DialEnd, Newchannel, QueueCallerJoin
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Leg, LegRole, Phase
from hotline.queue.calls import extensions_in, happening_from, is_written_down, part_of
from hotline.queue.model import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallPart,
    OfferMissed,
    Operator,
    OperatorState,
)

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
KEY = "pbx1-1.1"
K = CallEventKind


def leg(extension: str | None, role: LegRole = LegRole.AGENT, *, answered: bool = True, ended: bool = False) -> Leg:
    return Leg(
        f"pbx1-{extension}",
        f"PJSIP/{extension}-1",
        role,
        extension,
        NOW,
        NOW if answered else None,
        NOW if ended else None,
    )


CITIZEN = leg(None, LegRole.CALLER)


def call(phase: Phase, *legs: Leg, **facts: object) -> Call:
    base = Call(KEY, "pbx1", Direction.IN, phase, "+79280001122", "112", NOW, queue="hotline", queued_at=NOW)
    base = replace(base, legs=(CITIZEN, *legs), answered_at=NOW if phase is not Phase.RINGING else None)
    return replace(base, **facts)  # type: ignore[arg-type]  # facts are named fields of Call


def operator(part: CallPart | None, extension: str = "101") -> Operator:
    state = OperatorState.READY if part is None else OperatorState.TALKING
    return Operator(7, extension, NOW, state=state, calls=() if part is None else ((KEY, part),))


RINGING = call(Phase.RINGING, leg("101", answered=False), ringing=("101",))
TALKING = call(Phase.TALKING, leg("101"), operator="101")
HELD = call(Phase.HELD, leg("101"), operator="101")
ENDED = call(Phase.ENDED, leg("101", ended=True), operator="101")
CONSULTING = call(
    Phase.CONSULTING, leg("101"), leg("202", LegRole.CONSULT, answered=False), operator="101", ringing=("202",)
)
CONSULTED = call(Phase.CONSULTING, leg("101"), leg("202", LegRole.CONSULT), operator="101")
TRANSFERRED = call(Phase.TALKING, leg("101", ended=True), leg("202"), operator="202")
DIALLING = call(Phase.RINGING, leg("101", LegRole.CALLER, answered=False), direction=Direction.OUT, operator="101")

PARTS = [
    ("rings", RINGING, "101", CallPart.RINGING),
    ("rings elsewhere", RINGING, "102", None),
    ("talks", TALKING, "101", CallPart.TALKING),
    ("citizen held", HELD, "101", CallPart.HELD),
    ("consults: he talks to the colleague", CONSULTING, "101", CallPart.TALKING),
    ("is asked", CONSULTING, "202", CallPart.RINGING),
    ("is consulted", CONSULTED, "202", CallPart.TALKING),
    ("handed over", TRANSFERRED, "101", None),
    ("took over", TRANSFERRED, "202", CallPart.TALKING),
    ("dials out, nobody answered yet", DIALLING, "101", CallPart.TALKING),
    ("ended", ENDED, "101", None),
    ("ended, legs not closed", replace(TALKING, phase=Phase.ENDED), "101", None),
    ("known only as the operator", call(Phase.TALKING, operator="101"), "101", CallPart.TALKING),
    ("operator before the queue again", call(Phase.QUEUED, operator="101"), "101", None),
    ("rings without a leg", call(Phase.RINGING, ringing=("101",)), "101", CallPart.RINGING),
]


@pytest.mark.parametrize(("one", "extension", "expected"), [p[1:] for p in PARTS], ids=[p[0] for p in PARTS])
def test_part_of(one: Call, extension: str, expected: CallPart | None) -> None:
    assert part_of(one, extension) is expected


R, T, H = CallPart.RINGING, CallPart.TALKING, CallPart.HELD
QUEUED_AGAIN = call(Phase.QUEUED, leg("101", answered=False), answered_at=None)  # its channel is about to go
MEANINGS = [
    ("ring", None, CallEvent(K.OFFERED, RINGING, NOW, "101"), CallOffered(KEY)),
    ("ring twice", R, CallEvent(K.OFFERED, RINGING, NOW, "101"), None),
    ("answer", R, CallEvent(K.ANSWERED, TALKING, NOW, "101"), CallAnswered(KEY)),
    ("answer whose ring was not seen", None, CallEvent(K.ANSWERED, TALKING, NOW, "101"), CallAnswered(KEY)),
    ("hold", T, CallEvent(K.HELD, HELD, NOW, "101"), CallHeld(KEY)),
    ("resume", H, CallEvent(K.RESUMED, TALKING, NOW, "101"), CallAnswered(KEY)),
    ("end", T, CallEvent(K.ENDED, ENDED, NOW), CallEnded(KEY, wrap_up=True)),
    ("end of a call of others", None, CallEvent(K.ENDED, ENDED, NOW), None),
    ("handed over", T, CallEvent(K.TRANSFERRED, TRANSFERRED, NOW, "202"), CallEnded(KEY, wrap_up=True)),
    ("no answer", R, CallEvent(K.OFFER_ENDED, QUEUED_AGAIN, NOW, "101", "NOANSWER"), OfferMissed(KEY)),
    ("declined", R, CallEvent(K.OFFER_ENDED, QUEUED_AGAIN, NOW, "101", "BUSY"), OfferMissed(KEY)),
    ("citizen left", R, CallEvent(K.OFFER_ENDED, QUEUED_AGAIN, NOW, "101", "CANCEL"), CallEnded(KEY, wrap_up=True)),
    (
        "no telephone",
        R,
        CallEvent(K.OFFER_ENDED, QUEUED_AGAIN, NOW, "101", "CHANUNAVAIL"),
        CallEnded(KEY, wrap_up=True),
    ),
    (
        "a colleague's miss, his own ring unnoticed over",
        R,
        CallEvent(K.OFFER_ENDED, QUEUED_AGAIN, NOW, "102", "NOANSWER"),
        CallEnded(KEY, wrap_up=True),
    ),
    (
        "no answer to a call past the queue",
        R,
        CallEvent(K.OFFER_ENDED, replace(QUEUED_AGAIN, phase=Phase.RINGING, queue=None), NOW, "101", "NOANSWER"),
        CallEnded(KEY, wrap_up=True),
    ),
    (
        "a colleague was quicker",
        R,
        CallEvent(K.OFFER_ENDED, call(Phase.TALKING, leg("102"), operator="102"), NOW, "101", "NOANSWER"),
        CallEnded(KEY, wrap_up=False),
    ),
    (
        "found again after an outage, over for him",
        R,
        CallEvent(K.RECOVERED, QUEUED_AGAIN, NOW),
        CallEnded(KEY, wrap_up=True),
    ),
]


@pytest.mark.parametrize(("part", "event", "expected"), [m[1:] for m in MEANINGS], ids=[m[0] for m in MEANINGS])
def test_happening(part: CallPart | None, event: CallEvent, expected: object) -> None:
    found = happening_from(operator(part), event)

    if isinstance(expected, CallEnded) and part is R:
        expected = replace(expected, wrap_up=is_written_down(event.call, "101"))  # irrelevant before the answer
    assert found == expected


def test_a_refused_consultation_is_no_missed_call_of_the_queue() -> None:
    back = call(Phase.TALKING, leg("101"), leg("202", LegRole.CONSULT, answered=False, ended=True), operator="101")
    event = CallEvent(K.OFFER_ENDED, back, NOW, "202", "NOANSWER")

    assert happening_from(operator(R, "202"), event) == CallEnded(KEY, wrap_up=False)


@pytest.mark.parametrize(
    ("one", "extension", "expected"),
    [
        (ENDED, "101", True),
        (replace(ENDED, direction=Direction.INTERNAL), "101", False),
        (replace(DIALLING, answered_at=None), "101", False),
        (replace(DIALLING, answered_at=NOW), "101", True),
        (CONSULTED, "202", False),
        (TRANSFERRED, "101", True),
        (TRANSFERRED, "202", True),
    ],
    ids=["queue", "internal", "nobody answered", "outgoing", "only consulted", "handed over", "took over"],
)
def test_which_calls_need_a_card(one: Call, extension: str, expected: bool) -> None:
    assert is_written_down(one, extension) is expected


def test_extensions_in() -> None:
    assert extensions_in(CallEvent(K.TRANSFERRED, TRANSFERRED, NOW, "303")) == {"101", "202", "303"}


@pytest.mark.parametrize(("status", "missed"), [("NOANSWER", True), ("BUSY", True), ("CANCEL", False)])
def test_the_call_tracker_says_why_an_offer_ended(status: str, missed: bool) -> None:
    """The agreement with ``cti``: a miss must not be confused with a citizen who left (DAY-10)."""
    citizen = Channel("PJSIP/trunk-1", KEY, KEY, "+79280001122", "from-trunk", "112", "4", KEY, None)
    agent = Channel("PJSIP/101-1", "pbx1-1.2", KEY, "101", "internal", "", "5", KEY, None)
    tracker = CallTracker("pbx1")
    stream = (
        Newchannel(NOW, citizen),
        QueueCallerJoin(NOW, citizen, "hotline", 1),
        DialBegin(NOW, citizen, agent),
        DialEnd(NOW, citizen, agent, status),
    )
    facts = [fact for event in stream for fact in tracker.apply(event) if isinstance(fact, CallEvent)]

    assert [fact.kind for fact in facts][-2:] == [K.OFFERED, K.OFFER_ENDED]
    assert isinstance(happening_from(operator(R), facts[-1]), OfferMissed) is missed
