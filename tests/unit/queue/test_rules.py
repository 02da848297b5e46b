"""Every row of the transition table: what an operator becomes, what is refused, what Asterisk is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from hotline.errors import BadInput, Conflict
from hotline.queue.model import (
    IN_CALL,
    MISSED_CALL,
    AddMember,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOffered,
    CallPart,
    Decision,
    EndWork,
    ExtendWrapUp,
    GoReady,
    Happening,
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
    RemoveMember,
    StartWork,
    Stretch,
    TakePause,
    Tick,
    UnpauseMember,
)
from hotline.queue.rules import TABLE, IllegalMove, decide, pause_reason, restore

S = OperatorState
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=3)
POLICY = Policy()
START = StartWork("101", ("hotline",), microphone=True)
A, B = "pbx1-1.1", "pbx1-2.1"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def operator(state: OperatorState, **facts: object) -> Operator:
    """An operator who came into ``state`` the ordinary way, three minutes ago."""
    base = Operator(7, "101", EARLIER, queues=("hotline",), state=state)
    match state:
        case S.RINGING:
            base = replace(base, calls=((A, CallPart.RINGING),))
        case S.TALKING:
            base = replace(base, calls=((A, CallPart.TALKING),))
        case S.HOLD:
            base = replace(base, calls=((A, CallPart.HELD),))
        case S.WRAP_UP:
            limit = NOW + seconds(30)
            base = replace(base, wrap_up=Stretch(EARLIER, limit), limit_at=limit, last_call=A)
        case S.PAUSE:
            limit = NOW + seconds(600)
            base = replace(base, pause=Pause("P02", Stretch(EARLIER, limit)), reason="P02", limit_at=limit)
        case S.LOST:
            base = replace(base, phone_lost_at=EARLIER)
        case _:
            pass
    return replace(base, **facts)  # type: ignore[arg-type]  # facts are named fields of Operator


def after(state: OperatorState, *events: Happening) -> Operator:
    result = operator(state)
    for event in events:
        result = decide(result, event, NOW, POLICY).operator
    return result


def notices(decision: Decision) -> list[Notice]:
    return [effect.notice for effect in decision.effects if isinstance(effect, Notify)]


# Letters are those of docs/states.md.
MOVES = [
    ("A start", S.OFFLINE, START, S.READY),
    ("A again", S.READY, START, S.READY),
    ("A after a reload, in a pause", S.PAUSE, START, S.PAUSE),
    ("A after a reload, in a call", S.TALKING, START, S.TALKING),
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
    *[(state, EndWork()) for state in IN_CALL],
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
    assert refusable == {EndWork, GoReady, TakePause, ExtendWrapUp}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize(
    "event",
    [
        *[kind(B) for kind in (CallOffered, CallAnswered, CallHeld, OfferMissed)],
        *[CallEnded(key, wrap_up=w) for key in (A, B) for w in (True, False)],
        *[PhoneGone(), PhoneBack(), Tick()],
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


# --- Calls and what they interrupt ----------------------------------------------------------------------------------


def test_a_pause_goes_on_after_a_call_that_interrupted_it() -> None:
    back = after(S.PAUSE, CallOffered(B), CallAnswered(B), CallEnded(B, wrap_up=False))

    assert (back.state, back.reason, back.since) == (S.PAUSE, "P02", EARLIER)
    assert back.limit_at == operator(S.PAUSE).limit_at


def test_a_wrap_up_goes_on_after_a_consultation_that_was_refused() -> None:
    back = after(S.WRAP_UP, CallOffered(B), OfferMissed(B))

    assert (back.state, back.since, back.limit_at) == (S.WRAP_UP, EARLIER, NOW + seconds(30))
    assert back.call_key == A


def test_a_planned_pause_begins_when_the_wrap_up_is_over() -> None:
    wrapping = after(S.TALKING, TakePause("P02"), CallEnded(A, wrap_up=True))
    assert wrapping.state is S.WRAP_UP

    later = NOW + seconds(60)
    paused = decide(wrapping, Tick(), later, POLICY)
    assert (paused.operator.state, paused.operator.reason, paused.operator.since) == (S.PAUSE, "P02", later)
    assert paused.operator.limit_at == later + timedelta(minutes=45)
    assert PauseMember("101", "P02") in paused.effects


def test_ready_takes_a_planned_pause_back() -> None:
    assert after(S.TALKING, TakePause("P02"), GoReady(), CallEnded(A, wrap_up=False)).state is S.READY


def test_ready_in_a_call_does_not_shorten_its_wrap_up() -> None:
    assert after(S.WRAP_UP, CallAnswered(B), GoReady(), CallEnded(B, wrap_up=False)).state is S.WRAP_UP


def test_a_pause_planned_during_the_ring_outweighs_the_automatic_one() -> None:
    assert after(S.RINGING, TakePause("P02"), OfferMissed(A)).reason == "P02"


def test_an_answer_that_was_taken_for_a_miss_ends_the_automatic_pause() -> None:
    ready = after(S.RINGING, OfferMissed(A), CallAnswered(A), CallEnded(A, wrap_up=False))

    assert ready.state is S.READY


def test_asking_for_the_same_pause_again_does_not_restart_its_clock() -> None:
    assert after(S.PAUSE, TakePause("P02")) == operator(S.PAUSE)


def test_two_calls_the_first_end_leaves_the_other() -> None:
    both = after(S.TALKING, CallAnswered(B))
    assert both.call_key == A

    rest = decide(both, CallEnded(A, wrap_up=True), NOW, POLICY).operator
    assert (rest.state, rest.call_key) == (S.TALKING, B)
    assert decide(rest, CallEnded(B, wrap_up=False), NOW, POLICY).operator.state is S.WRAP_UP


def test_no_wrap_up_when_the_policy_has_none() -> None:
    policy = Policy(wrap_up=seconds(0))

    assert decide(operator(S.TALKING), CallEnded(A, wrap_up=True), NOW, policy).operator.state is S.READY


@pytest.mark.parametrize("reason", ["P99", "", MISSED_CALL])
def test_a_pause_needs_a_reason_that_exists_and_may_be_chosen(reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        decide(operator(S.READY), TakePause(reason), NOW, POLICY)

    assert caught.value.error_id == "unknown-pause-reason"


# --- Time -----------------------------------------------------------------------------------------------------------


def test_wrap_up_ends_at_its_limit_and_not_before() -> None:
    wrapping = after(S.TALKING, CallEnded(A, wrap_up=True))
    assert wrapping.limit_at == NOW + POLICY.wrap_up

    almost = decide(wrapping, Tick(), NOW + POLICY.wrap_up - seconds(0.001), POLICY)
    assert almost.operator == wrapping
    over = decide(wrapping, Tick(), NOW + POLICY.wrap_up, POLICY)
    assert over.operator.state is S.READY
    assert over.effects == (UnpauseMember("101"), Notify(Notice.WRAP_UP_OVER))


def test_wrap_up_can_be_extended_up_to_the_maximum() -> None:
    one = after(S.TALKING, CallEnded(A, wrap_up=True))
    limits = []
    for _ in range(4):
        one = decide(one, ExtendWrapUp(), NOW, POLICY).operator
        assert one.limit_at is not None
        limits.append(one.limit_at - NOW)

    assert limits == [seconds(120), seconds(180), seconds(240), seconds(300)]
    with pytest.raises(IllegalMove) as caught:
        decide(one, ExtendWrapUp(), NOW, POLICY)
    assert caught.value.error_id == "wrap-up-at-limit"


def test_a_pause_over_its_limit_is_marked_once_and_does_not_end() -> None:
    paused = after(S.READY, TakePause("P01"))
    over = decide(paused, Tick(), NOW + timedelta(minutes=10), POLICY)
    assert over.operator.state is S.PAUSE
    assert over.operator.over_limit
    assert notices(over) == [Notice.PAUSE_OVER_LIMIT]

    still = decide(over.operator, Tick(), NOW + timedelta(minutes=11), POLICY)
    assert still == Decision(over.operator)
    assert not decide(still.operator, GoReady(), NOW, POLICY).operator.over_limit


def test_the_automatic_pause_has_no_limit() -> None:
    assert after(S.RINGING, OfferMissed(A)).limit_at is None


def test_a_lost_telephone_shows_after_its_grace() -> None:
    gone = after(S.READY, PhoneGone())
    assert decide(gone, Tick(), NOW + seconds(14.9), POLICY).operator.state is S.READY

    lost = decide(gone, Tick(), NOW + seconds(15), POLICY)
    assert (lost.operator.state, lost.operator.since) == (S.LOST, NOW)
    assert lost.effects == (PauseMember("101", "lost"), Notify(Notice.PHONE_LOST))


def test_a_second_report_of_the_loss_does_not_prolong_the_grace() -> None:
    gone = after(S.READY, PhoneGone())
    again = decide(gone, PhoneGone(), NOW + seconds(10), POLICY).operator

    assert decide(again, Tick(), NOW + seconds(15), POLICY).operator.state is S.LOST


def test_a_loss_during_the_wrap_up_does_not_claim_that_it_is_over() -> None:
    gone = after(S.WRAP_UP, PhoneGone())

    assert notices(decide(gone, Tick(), NOW + seconds(15), POLICY)) == [Notice.PHONE_LOST]


def test_a_miss_is_told_once() -> None:
    missed = after(S.RINGING, OfferMissed(A))

    assert notices(decide(missed, OfferMissed(B), NOW, POLICY)) == []


def test_a_telephone_that_comes_back_in_time_was_never_lost() -> None:
    back = after(S.READY, PhoneGone(), PhoneBack())

    assert decide(back, Tick(), NOW + seconds(60), POLICY) == Decision(operator(S.READY))


@pytest.mark.parametrize("state", [S.PAUSE, S.WRAP_UP])
def test_what_the_loss_interrupted_goes_on(state: OperatorState) -> None:
    gone = after(state, PhoneGone())
    lost = decide(gone, Tick(), NOW + seconds(20), POLICY).operator
    assert lost.state is S.LOST

    back = decide(lost, PhoneBack(), NOW + seconds(25), POLICY).operator
    assert back == operator(state)


def test_a_lost_telephone_ends_no_call_but_shows_after_it() -> None:
    gone = decide(operator(S.TALKING), PhoneGone(), NOW, POLICY).operator
    talking = decide(gone, Tick(), NOW + seconds(60), POLICY).operator
    assert talking.state is S.TALKING

    ended = decide(talking, CallEnded(A, wrap_up=True), NOW + seconds(61), POLICY).operator
    assert ended.state is S.LOST
    back = decide(ended, PhoneBack(), NOW + seconds(62), POLICY).operator
    assert back.state is S.WRAP_UP


def test_nobody_is_lost_for_ever() -> None:
    lost_at = NOW - POLICY.lost_limit
    almost = decide(operator(S.LOST, phone_lost_at=lost_at + seconds(1)), Tick(), NOW, POLICY)
    assert almost.operator.state is S.LOST

    over = decide(operator(S.LOST, phone_lost_at=lost_at), Tick(), NOW, POLICY)
    assert over.operator.state is S.OFFLINE
    assert over.effects == (RemoveMember("hotline", "101"), Notify(Notice.SIGNED_OFF))


def test_starting_without_a_connected_telephone_has_the_same_grace() -> None:
    started = decide(operator(S.OFFLINE), replace(START, phone=False), NOW, POLICY).operator

    assert started.state is S.READY
    assert decide(started, Tick(), NOW + seconds(15), POLICY).operator.state is S.LOST
