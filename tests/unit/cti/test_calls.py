"""Captured conversations → the calls that must come out. The tables are what a real Asterisk said (captured.py)."""

from __future__ import annotations

import pytest

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.model import (
    Call,
    CallEvent,
    CallEventKind,
    Direction,
    EndedBy,
    EndSource,
    LegRole,
    Outcome,
    Phase,
    QueueChanged,
    VoiceChanged,
)
from tests.unit.cti.captured import events, fold, last_call, story

RECEIVED = ["started - started", "queued - queued", "offered 101 ringing"]
ANSWERED = [*RECEIVED, "answered 101 talking"]

STORIES = {
    "citizen_hangs_up": [*ANSWERED, "ended - ended"],
    "operator_hangs_up": [*ANSWERED, "ended - ended"],
    "abandon": [*RECEIVED, "offer_ended 101 queued", "ended - ended"],
    "refused": [*RECEIVED, "offer_ended 101 queued", "ended - ended"],
    "hold": [*ANSWERED, "held 101 held", "resumed 101 talking", "ended - ended"],
    "consult_complete": [
        *ANSWERED,
        "held 101 held",
        "consulting 102 consulting",
        "transferred 102 talking",
        "ended - ended",
    ],
    "consult_refused": [
        *ANSWERED,
        "held 101 held",
        "consulting 102 consulting",
        "offer_ended 102 consulting",
        "resumed 101 talking",
        "ended - ended",
    ],
    "consult_cancelled": [
        *ANSWERED,
        "held 101 held",
        "consulting 102 consulting",
        "resumed 101 talking",
        "ended - ended",
    ],
    "consult_unanswerable": [*ANSWERED, "held 101 held", "resumed 101 talking", "ended - ended"],
    "join": [
        *ANSWERED,
        "held 101 held",
        "consulting 102 consulting",
        "resumed 101 talking",
        "transferred 102 talking",
        "ended - ended",
    ],
    "operator_leg_dies": [
        *ANSWERED,
        "queued - queued",
        "offered 101 ringing",
        "offer_ended 101 queued",
        "ended - ended",
    ],
    "service_hangup": [*ANSWERED, "ended - ended"],
    "outgoing_answered": ["started - started", "answered 101 talking", "ended - ended"],
    "outgoing_busy": ["started - started", "ended - ended"],
    "internal": ["started - ringing", "offered 102 ringing", "answered 101 talking", "ended - ended"],
}

ENDS = {
    "citizen_hangs_up": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "operator_hangs_up": (Direction.IN, Outcome.ANSWERED, EndedBy.AGENT, "101"),
    "abandon": (Direction.IN, Outcome.ABANDONED_QUEUE, EndedBy.CALLER, None),
    "refused": (Direction.IN, Outcome.ABANDONED_QUEUE, EndedBy.CALLER, None),
    "hold": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "consult_complete": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "102"),
    "consult_refused": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "consult_cancelled": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "consult_unanswerable": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "join": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "102"),
    "operator_leg_dies": (Direction.IN, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "service_hangup": (Direction.IN, Outcome.ANSWERED, EndedBy.AGENT, "101"),
    "outgoing_answered": (Direction.OUT, Outcome.ANSWERED, EndedBy.CALLER, "101"),
    "outgoing_busy": (Direction.OUT, Outcome.BUSY, EndedBy.CALLER, "101"),
    "internal": (Direction.INTERNAL, Outcome.ANSWERED, EndedBy.AGENT, "101"),
}


def ended(scenario: str) -> Call:
    return last_call(fold(scenario)).call


@pytest.mark.parametrize("scenario", STORIES)
def test_story(scenario: str) -> None:
    assert story(fold(scenario)) == STORIES[scenario]


@pytest.mark.parametrize("scenario", ENDS)
def test_end(scenario: str) -> None:
    call = ended(scenario)
    assert (call.direction, call.outcome, call.ended_by, call.operator) == ENDS[scenario]
    assert (call.phase, call.end_source) == (Phase.ENDED, EndSource.AMI)


@pytest.mark.parametrize("scenario", STORIES)
def test_nothing_is_left_of_an_ended_call(scenario: str) -> None:
    tracker = CallTracker("pbx1")
    fold(scenario, tracker)
    assert tracker.calls == {}
    assert tracker.live_calls() == []
    assert tracker.orphans == 0


@pytest.mark.parametrize("scenario", STORIES)
def test_every_event_twice_tells_the_same_story(scenario: str) -> None:
    """Handlers set and never count: a snapshot and the events after it overlap (telephony.md 2)."""
    tracker = CallTracker("pbx1")
    facts = [fact for event in events(scenario) for _ in range(2) for fact in tracker.apply(event)]
    assert story(facts) == STORIES[scenario]
    assert last_call(facts).call == ended(scenario)


@pytest.mark.parametrize("scenario", STORIES)
def test_late_events_do_not_revive_an_ended_call(scenario: str) -> None:
    tracker = CallTracker("pbx1")
    fold(scenario, tracker)
    again = [fact for event in events(scenario) for fact in tracker.apply(event)]
    assert story(again) == []
    assert tracker.calls == {}


@pytest.mark.parametrize("scenario", STORIES)
def test_any_lost_event_neither_breaks_the_fold_nor_leaves_a_call_behind(scenario: str) -> None:
    """The link may be lost anywhere; only the loss of the end itself may leave the call open, for the snapshot."""
    all_events = events(scenario)
    for lost, event in enumerate(all_events):
        tracker = CallTracker("pbx1")
        for each in all_events[:lost] + all_events[lost + 1 :]:
            tracker.apply(each)
        if not isinstance(event, ev.Hangup):
            assert tracker.calls == {}, event


@pytest.mark.parametrize("scenario", STORIES)
def test_moments_are_in_order(scenario: str) -> None:
    facts = [fact for fact in fold(scenario) if isinstance(fact, CallEvent)]
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    call = facts[-1].call
    moments = [call.started_at, call.queued_at, call.offered_at, call.answered_at, call.ended_at]
    known = [moment for moment in moments if moment is not None]
    assert known == sorted(known)
    assert all(leg.ended_at is not None for leg in call.legs)
    assert all(span.ended_at is not None for span in call.holds)


def test_incoming_call_knows_who_called_where() -> None:
    call = ended("citizen_hangs_up")
    assert (call.caller, call.dialled, call.queue, call.recorded) == ("79280001122", "88001000000", "hotline", True)
    assert [(leg.role, leg.extension) for leg in call.legs] == [(LegRole.CALLER, None), (LegRole.AGENT, "101")]
    assert call.key == call.legs[0].uniqueid
    assert 11 < (call.queued_at - call.started_at).total_seconds() < 12 if call.queued_at else False
    assert call.ended_at is not None
    assert call.wait_s(call.ended_at) == pytest.approx(0.007, abs=0.01)


def test_transfer_keeps_one_call_and_its_hold() -> None:
    call = ended("consult_complete")
    assert [(leg.role, leg.extension) for leg in call.legs] == [
        (LegRole.CALLER, None),
        (LegRole.AGENT, "101"),
        (LegRole.AGENT, "102"),  # was consulted, then became the operator
    ]
    assert len(call.holds) == 1
    assert call.ended_at is not None
    assert call.hold_s(call.ended_at) == pytest.approx(0.5, abs=0.1)


def test_consulted_colleague_who_did_not_take_over_stays_a_consultant() -> None:
    call = ended("consult_cancelled")
    assert [leg.role for leg in call.legs] == [LegRole.CALLER, LegRole.AGENT, LegRole.CONSULT]


def test_waiting_line() -> None:
    lines = [fact for fact in fold("citizen_hangs_up") if isinstance(fact, QueueChanged)]
    assert [(line.queue, line.waiting, line.oldest_at is None) for line in lines] == [
        ("hotline", 1, False),
        ("hotline", 0, True),
    ]


def test_waiting_line_forgets_a_caller_whose_leaving_was_lost() -> None:
    tracker = CallTracker("pbx1")
    facts = []
    for event in events("abandon"):
        if not isinstance(event, ev.QueueCallerLeave):
            facts += tracker.apply(event)
    assert [fact.waiting for fact in facts if isinstance(fact, QueueChanged)] == [1, 0]


def test_two_calls_at_once_do_not_mix() -> None:
    tracker = CallTracker("pbx1")
    one, two = events("consult_complete"), events("operator_hangs_up")
    facts = []
    for index in range(max(len(one), len(two))):
        for stream in (one, two):
            if index < len(stream):
                facts += tracker.apply(stream[index])
    calls = [fact for fact in facts if isinstance(fact, CallEvent)]
    for scenario in ("consult_complete", "operator_hangs_up"):
        key = ended(scenario).key
        mine = [fact for fact in calls if fact.call.key == key]
        assert story(list(mine)) == STORIES[scenario]
        assert mine[-1].call == ended(scenario)


def test_recovered_browser_joins_its_call_without_becoming_one() -> None:
    """INVITE with Replaces (RFC 3891): a channel with a Linkedid of its own, until it enters the citizen's bridge."""
    tracker = CallTracker("pbx1")
    stream = events("citizen_hangs_up")
    talking = next(i for i, event in enumerate(stream) if isinstance(event, ev.HangupRequest))
    for event in stream[:talking]:
        tracker.apply(event)
    (call,) = tracker.calls.values()
    bridge = next(event for event in stream if isinstance(event, ev.BridgeEnter))
    agent = bridge.channel
    fresh = ev.Channel("PJSIP/101-000000ff", "pbx1-9.9", "pbx1-9.9", None, "internal", "recover", "4", None, None)
    joined = ev.Channel("PJSIP/101-000000ff", "pbx1-9.9", call.key, None, "internal", "recover", "6", None, None)
    facts = [
        *tracker.apply(ev.Newchannel(bridge.at, fresh)),
        *tracker.apply(ev.BridgeEnter(bridge.at, joined, bridge.bridge, holding=False)),
        *tracker.apply(ev.BridgeLeave(bridge.at, agent, bridge.bridge)),
        *tracker.apply(ev.Hangup(bridge.at, agent, 16)),
    ]
    assert story(facts) == []
    assert [fact.call_key for fact in facts if isinstance(fact, VoiceChanged)] == [call.key]
    assert list(tracker.calls) == [call.key]
    now = tracker.calls[call.key]
    assert (now.phase, now.operator) == (Phase.TALKING, "101")
    rest = [fact for event in stream[talking:] for fact in tracker.apply(event)]
    assert story(rest) == ["ended - ended"]
    assert last_call(rest).call.ended_by is EndedBy.CALLER


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("citizen_hangs_up", 0),
        ("hold", 0),
        ("consult_cancelled", 0),
        ("consult_refused", 0),
        ("internal", 0),
        ("consult_complete", 1),
        ("join", 1),
    ],
)
def test_the_recording_is_begun_anew_for_another_voice_only(scenario: str, changes: int) -> None:
    """The same operator after a hold is the same stream of sound; three are mixed, until one of them has left."""
    assert sum(isinstance(fact, VoiceChanged) for fact in fold(scenario)) == changes


def test_echo_test_is_no_call() -> None:
    tracker = CallTracker("pbx1")
    at = events("internal")[0].at
    echo = ev.Channel("PJSIP/101-00000001", "pbx1-1.1", "pbx1-1.1", None, "internal", "*43", "4", None, None)
    assert tracker.apply(ev.Newchannel(at, echo)) == []
    assert tracker.calls == {}
    assert tracker.apply(ev.Hangup(at, echo, 16)) == []
    assert tracker.live_calls() == []


def test_telephones_own_hold_is_a_hold() -> None:
    tracker = CallTracker("pbx1")
    stream = events("citizen_hangs_up")
    talking = next(i for i, event in enumerate(stream) if isinstance(event, ev.HangupRequest))
    for event in stream[:talking]:
        tracker.apply(event)
    agent = next(event for event in stream if isinstance(event, ev.BridgeEnter)).channel
    at = stream[talking].at
    facts = [*tracker.apply(ev.Hold(at, agent, on=True)), *tracker.apply(ev.Hold(at, agent, on=True))]
    assert story(facts) == ["held 101 held"]
    facts = [*tracker.apply(ev.Hold(at, agent, on=False)), *tracker.apply(ev.Hold(at, agent, on=False))]
    assert story(facts) == ["resumed 101 talking"]
    (call,) = tracker.calls.values()
    assert len(call.holds) == 1


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("OutOfHours", Outcome.OUT_OF_HOURS), ("VoicemailLeft", Outcome.VOICEMAIL), ("Other", Outcome.ABANDONED_IVR)],
)
def test_outcome_of_a_call_that_reached_nobody(name: str, outcome: Outcome) -> None:
    tracker = CallTracker("pbx1")
    first, *_ = events("abandon")
    assert isinstance(first, ev.Newchannel)
    key = first.channel.uniqueid
    facts = [
        *tracker.apply(first),
        *tracker.apply(ev.UserEvent(first.at, name, key, {})),
        *tracker.apply(ev.Hangup(first.at, first.channel, 16)),
    ]
    assert last_call(facts).kind is CallEventKind.ENDED
    assert last_call(facts).call.outcome is outcome


def test_a_ring_over_a_dead_connection_is_nobodys_fault() -> None:
    """The service ended it itself, so Asterisk's own word for it must not pause the operator (DAY-10)."""
    tracker = CallTracker("pbx1")
    facts: list[Fact] = []
    for event in events("refused"):
        facts += tracker.apply(event)
        for call in tracker.live_calls():
            for leg in call.legs.values():
                leg.unheard = True
    (end,) = [fact for fact in facts if isinstance(fact, CallEvent) and fact.kind is CallEventKind.OFFER_ENDED]
    assert end.reason == "CHANUNAVAIL"
    (plain,) = [
        fact for fact in fold("refused") if isinstance(fact, CallEvent) and fact.kind is CallEventKind.OFFER_ENDED
    ]
    assert plain.reason == "NOANSWER"
