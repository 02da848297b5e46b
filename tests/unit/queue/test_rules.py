"""Every row of the transition table: what an operator becomes, what is refused, what Asterisk is told."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from hotline.errors import Conflict
from hotline.queue.model import (
    IN_CALL,
    MISSED_CALL,
    AddMember,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    EndWork,
    ExtendWrapUp,
    Forced,
    GoReady,
    Happening,
    Notice,
    Notify,
    OfferMissed,
    OperatorState,
    PauseMember,
    PhoneBack,
    PhoneGone,
    Reassign,
    RemoveMember,
    ServerGone,
    StartWork,
    Supervises,
    TakePause,
    Tick,
    UnpauseMember,
)
from hotline.queue.rules import TABLE, IllegalMove, decide, pause_reason, restore
from tests.unit.queue.operators import NOW, POLICY, START, A, B, S, operator

# Letters are those of docs/states.md.
MOVES = [
    ("A start", S.OFFLINE, START, S.READY),
    ("A again", S.READY, START, S.READY),
    ("A after a reload, in a pause", S.PAUSE, START, S.PAUSE),
    ("A after a reload, in a call", S.TALKING, START, S.TALKING),
    ("A other queues, ready", S.READY, Reassign(("second",), 3), S.READY),
    ("A other queues, in a call", S.TALKING, Reassign((), 0), S.TALKING),
    ("A other queues, not at work", S.OFFLINE, Reassign(("second",), 0), S.OFFLINE),
    ("B end from ready", S.READY, EndWork(), S.OFFLINE),
    ("B end from wrap-up", S.WRAP_UP, EndWork(), S.OFFLINE),
    ("B end from pause", S.PAUSE, EndWork(), S.OFFLINE),
    ("B end from lost", S.LOST, EndWork(), S.OFFLINE),
    ("B again", S.OFFLINE, EndWork(), S.OFFLINE),
    ("C ring", S.READY, CallOffered(A), S.RINGING),
    ("C ring in a pause (internal)", S.PAUSE, CallOffered(B), S.RINGING),
    ("C ring in wrap-up (consult)", S.WRAP_UP, CallOffered(B), S.RINGING),
    ("C ring on a telephone thought lost", S.LOST, CallOffered(B), S.RINGING),
    ("C second ring while talking", S.TALKING, CallOffered(B), S.TALKING),
    ("C while offline", S.OFFLINE, CallOffered(A), S.OFFLINE),
    ("D answer", S.RINGING, CallAnswered(A), S.TALKING),
    ("D dial out", S.READY, CallAnswered(A), S.TALKING),
    ("D answer seen only in a snapshot", S.PAUSE, CallAnswered(B), S.TALKING),
    ("D while offline", S.OFFLINE, CallAnswered(A), S.OFFLINE),
    ("E hold", S.TALKING, CallHeld(A), S.HOLD),
    ("E while offline", S.OFFLINE, CallHeld(A), S.OFFLINE),
    ("E found held in a snapshot", S.READY, CallHeld(A), S.HOLD),
    ("F resume", S.HOLD, CallAnswered(A), S.TALKING),
    ("G end of a call with a card", S.TALKING, CallEnded(A, wrap_up=True), S.WRAP_UP),
    ("G end on hold", S.HOLD, CallEnded(A, wrap_up=True), S.WRAP_UP),
    ("H end of an internal call", S.TALKING, CallEnded(A, wrap_up=False), S.READY),
    ("H the citizen left before the answer", S.RINGING, CallEnded(A, wrap_up=False), S.READY),
    ("H nothing to write down before the answer", S.RINGING, CallEnded(A, wrap_up=True), S.READY),
    ("H somebody else's call ends", S.TALKING, CallEnded(B, wrap_up=True), S.TALKING),
    ("H ends when ready", S.READY, CallEnded(A, wrap_up=True), S.READY),
    ("H ends when offline", S.OFFLINE, CallEnded(A, wrap_up=True), S.OFFLINE),
    ("I missed", S.RINGING, OfferMissed(A), S.PAUSE),
    ("I missed a second ring while talking", S.TALKING, OfferMissed(B), S.TALKING),
    ("I late news of a miss", S.READY, OfferMissed(A), S.READY),
    ("J ready after wrap-up", S.WRAP_UP, GoReady(), S.READY),
    ("J ready after a pause", S.PAUSE, GoReady(), S.READY),
    ("J ready already", S.READY, GoReady(), S.READY),
    ("J in a call", S.TALKING, GoReady(), S.TALKING),
    ("K pause", S.READY, TakePause("P01"), S.PAUSE),
    ("K pause instead of the rest of a wrap-up", S.WRAP_UP, TakePause("P01"), S.PAUSE),
    ("K another reason", S.PAUSE, TakePause("P01"), S.PAUSE),
    ("K planned while ringing", S.RINGING, TakePause("P01"), S.RINGING),
    ("K planned while talking", S.TALKING, TakePause("P01"), S.TALKING),
    ("K planned on hold", S.HOLD, TakePause("P01"), S.HOLD),
    ("K while lost", S.LOST, TakePause("P01"), S.LOST),
    ("L more time", S.WRAP_UP, ExtendWrapUp(), S.WRAP_UP),
    ("M telephone gone, in its grace", S.READY, PhoneGone(), S.READY),
    ("M telephone gone in a call", S.TALKING, PhoneGone(), S.TALKING),
    ("M telephone gone when offline", S.OFFLINE, PhoneGone(), S.OFFLINE),
    ("N telephone back", S.LOST, PhoneBack(), S.READY),
    ("N telephone back when offline", S.OFFLINE, PhoneBack(), S.OFFLINE),
    ("U listens to somebody", S.READY, Supervises(on=True), S.TALKING),
    ("U listens instead of a pause", S.PAUSE, Supervises(on=True), S.TALKING),
    ("U his own call outweighs the end of it", S.TALKING, Supervises(on=False), S.TALKING),
    ("U while offline", S.OFFLINE, Supervises(on=True), S.OFFLINE),
    ("V the link to Asterisk is gone", S.READY, ServerGone("pbx1"), S.READY),
    ("V in a pause of his own", S.PAUSE, ServerGone("pbx1"), S.PAUSE),
    ("O time, nothing due: ready", S.READY, Tick(), S.READY),
    ("O time, nothing due: wrap-up", S.WRAP_UP, Tick(), S.WRAP_UP),
    ("O time, nothing due: offline", S.OFFLINE, Tick(), S.OFFLINE),
    ("O time, nothing due: talking", S.TALKING, Tick(), S.TALKING),
]


@pytest.mark.parametrize(("before", "event", "expected"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES])
def test_move(before: OperatorState, event: Happening, expected: OperatorState) -> None:
    decision = decide(operator(before), event, NOW, POLICY)

    assert decision.operator.state is expected
    if expected is not before:
        assert decision.operator.since == NOW


ILLEGAL = [
    *[(state, EndWork()) for state in sorted(IN_CALL)],
    (S.OFFLINE, GoReady()),
    (S.LOST, GoReady()),
    (S.OFFLINE, TakePause("P01")),
    *[(state, ExtendWrapUp()) for state in S if state is not S.WRAP_UP],
    *[(state, replace(START, extension="102")) for state in S if state is not S.OFFLINE],
    *[(state, replace(START, microphone=False)) for state in S],
]


@pytest.mark.parametrize(("before", "event"), ILLEGAL, ids=[f"{s}-{type(e).__name__}" for s, e in ILLEGAL])
def test_illegal_move(before: OperatorState, event: Happening) -> None:
    with pytest.raises(IllegalMove) as caught:
        decide(operator(before), event, NOW, POLICY)

    assert isinstance(caught.value, Conflict)
    assert caught.value.status == 409


def test_table_names_every_happening_and_refuses_only_people() -> None:
    assert set(TABLE) == set(get_args(Happening))
    refusable = {kind for kind, (legal, _) in TABLE.items() if legal != frozenset(S)}
    assert refusable == {EndWork, GoReady, TakePause, ExtendWrapUp, Forced}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize(
    "event",
    [
        *[kind(B) for kind in (CallOffered, CallAnswered, CallHeld, OfferMissed)],
        *[CallEnded(key, wrap_up=w) for key in (A, B) for w in (True, False)],
        *[PhoneGone(), PhoneBack(), Tick(), ServerGone("pbx1"), Supervises(on=True), Supervises(on=False)],
    ],
    ids=repr,
)
def test_facts_are_never_refused_and_saying_them_twice_changes_nothing(state: OperatorState, event: Happening) -> None:
    once = decide(operator(state), event, NOW, POLICY).operator
    twice = decide(once, event, NOW, POLICY)

    assert twice.operator == once
    assert twice.effects == ()


# --- Asterisk's queues ----------------------------------------------------------------------------------------------


def test_start_adds_to_every_queue_unpaused() -> None:
    decision = decide(
        operator(S.OFFLINE), StartWork("101", ("hotline", "second"), microphone=True, penalty=2), NOW, POLICY
    )

    assert decision.effects == (
        AddMember("hotline", "101", "7", paused=False, penalty=2),
        AddMember("second", "101", "7", paused=False, penalty=2),
    )


def test_end_removes_from_every_queue() -> None:
    decision = decide(operator(S.READY, queues=("hotline", "second")), EndWork(), NOW, POLICY)

    assert decision.effects == (RemoveMember("hotline", "101"), RemoveMember("second", "101"))


def test_level_two_works_outside_the_queues_and_asks_nothing_of_asterisk() -> None:
    started = decide(operator(S.OFFLINE), replace(START, queues=()), NOW, POLICY)
    assert (started.operator.state, started.effects) == (S.READY, ())

    talking = decide(started.operator, CallAnswered(A), NOW, POLICY)
    paused = decide(started.operator, TakePause("P02"), NOW, POLICY)
    assert talking.effects == paused.effects == ()
    assert restore(started.operator) == ()


EFFECTS = [
    ("paused at the answer", S.RINGING, CallAnswered(A), [PauseMember("101", "oncall")]),
    ("nothing on ring", S.READY, CallOffered(A), []),
    ("hold is still the call", S.TALKING, CallHeld(A), []),
    ("still paused in wrap-up", S.TALKING, CallEnded(A, wrap_up=True), [PauseMember("101", "wrap-up")]),
    ("calls again only when ready", S.WRAP_UP, GoReady(), [UnpauseMember("101")]),
    ("after an internal call", S.TALKING, CallEnded(A, wrap_up=False), [UnpauseMember("101")]),
    ("pause", S.READY, TakePause("P02"), [PauseMember("101", "P02")]),
    ("other reason", S.PAUSE, TakePause("P01"), [PauseMember("101", "P01")]),
    ("a ring in a pause opens no door", S.PAUSE, CallOffered(B), []),
    ("a ring in wrap-up opens no door", S.WRAP_UP, CallOffered(B), []),
    ("telephone back", S.LOST, PhoneBack(), [UnpauseMember("101"), Notify(Notice.PHONE_BACK)]),
    ("miss", S.RINGING, OfferMissed(A), [PauseMember("101", MISSED_CALL), Notify(Notice.OFFER_MISSED)]),
    ("no call for who listens to another's", S.READY, Supervises(on=True), [PauseMember("101", "oncall")]),
]


@pytest.mark.parametrize(("before", "event", "expected"), [e[1:] for e in EFFECTS], ids=[e[0] for e in EFFECTS])
def test_effects(before: OperatorState, event: Happening, expected: list[object]) -> None:
    assert list(decide(operator(before), event, NOW, POLICY).effects) == expected


@pytest.mark.parametrize("state", list(S))
def test_restore_says_everything(state: OperatorState) -> None:
    one = operator(state)
    reason = pause_reason(one)

    if state is S.OFFLINE:
        assert restore(one) == (RemoveMember("hotline", "101"),)
    elif reason is None:
        assert restore(one) == (AddMember("hotline", "101", "7", paused=False, penalty=0), UnpauseMember("101"))
    else:
        assert restore(one) == (AddMember("hotline", "101", "7", paused=True, penalty=0), PauseMember("101", reason))
    assert (reason is None) == (state in {S.OFFLINE, S.READY, S.RINGING})


@pytest.mark.parametrize(
    ("state", "event", "effects"),
    [
        pytest.param(
            S.READY,
            Reassign(("hotline",), 5),
            (RemoveMember("hotline", "101"), AddMember("hotline", "101", "7", False, 5), UnpauseMember("101")),
            id="another place in the queue",
        ),
        pytest.param(
            S.TALKING,
            Reassign(("hotline",), 5),
            (RemoveMember("hotline", "101"), AddMember("hotline", "101", "7", True, 5), PauseMember("101", "oncall")),
            id="in the middle of a call he stays paused",
        ),
        pytest.param(S.READY, Reassign((), 0), (RemoveMember("hotline", "101"),), id="out of the queue"),
        pytest.param(S.OFFLINE, Reassign((), 0), (), id="not at work: nobody to tell"),
    ],
)
def test_an_administrators_change_of_queues_is_told_to_asterisk_at_once(
    state: OperatorState, event: Reassign, effects: tuple[object, ...]
) -> None:
    assert decide(operator(state), event, NOW, POLICY).effects == effects
