"""What calls, pauses and lost telephones interrupt, and what time alone does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.errors import BadInput
from hotline.queue.model import (
    MISSED_CALL,
    CallAnswered,
    CallEnded,
    CallOffered,
    Decision,
    ExtendWrapUp,
    GoReady,
    Notice,
    Notify,
    OfferMissed,
    OperatorState,
    PauseMember,
    PhoneBack,
    PhoneGone,
    Policy,
    RemoveMember,
    ServerGone,
    Supervises,
    TakePause,
    Tick,
    UnpauseMember,
)
from hotline.queue.rules import IllegalMove, decide
from tests.unit.queue.operators import EARLIER, NOW, POLICY, START, A, B, S, after, notices, operator, seconds

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


@pytest.mark.parametrize(
    ("server", "later_s", "state"),
    [("pbx1", 0, S.READY), ("pbx1", 5, S.READY), ("pbx1", 6, S.PAUSE), ("pbx2", 0, S.PAUSE)],
    ids=["it died with the ring", "a while after", "long after: a miss", "another server"],
)
def test_a_ring_that_ended_because_asterisk_died_was_missed_by_nobody(
    server: str, later_s: int, state: OperatorState
) -> None:
    """DAY-10: an Asterisk that is stopped hangs up every channel first, and calls that "not answered"."""
    missed = after(S.RINGING, OfferMissed(A))
    gone = decide(missed, ServerGone(server), NOW + seconds(later_s), POLICY)

    assert gone.operator.state is state
    assert gone.effects == ((UnpauseMember("101"),) if state is S.READY else ())


def test_whoever_listens_to_anothers_call_goes_back_to_what_he_was_in() -> None:
    """DAY-15: busy from the ring of his own telephone to the end, also when he begins to work meanwhile."""
    back = after(S.PAUSE, Supervises(on=True), Supervises(on=False))
    assert (back.state, back.reason, back.since) == (S.PAUSE, "P02", EARLIER)

    begun = after(S.OFFLINE, Supervises(on=True), START)
    assert (begun.state, begun.call_key) == (S.TALKING, None)

    taken = after(S.READY, Supervises(on=True), CallAnswered(B), Supervises(on=False))
    assert (taken.state, taken.call_key) == (S.TALKING, B)


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
