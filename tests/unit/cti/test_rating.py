"""A citizen who is asked how it was has no call any more, whoever looks at it and when (DAY-37)."""

from __future__ import annotations

from dataclasses import replace

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker
from hotline.cti.model import CallEvent, CallEventKind, EndedBy, Outcome, Phase, RatingGiven
from hotline.cti.restore import SeenChannel, restore
from tests.unit.cti.captured import events
from tests.unit.cti.test_restore import AT, CITIZEN, seen, snapshot

TALK = "operator_hangs_up"


def talking() -> tuple[CallTracker, list[ev.Event], str]:
    """A captured conversation up to its first talk, and the events that followed."""
    tracker = CallTracker("pbx1")
    rest = list(events(TALK))
    while not any(call.phase is Phase.TALKING for call in tracker.calls.values()):
        tracker.apply(rest.pop(0))
    (key,) = tracker.calls
    return tracker, rest, key


def asked(tracker: CallTracker, key: str) -> list[CallEvent]:
    facts = tracker.apply(ev.UserEvent(AT, "RatingAsked", key, {}))
    return [fact for fact in facts if isinstance(fact, CallEvent)]


def test_the_question_ends_the_call_for_the_operator_who_hung_up() -> None:
    tracker, _, key = talking()
    (fact,) = asked(tracker, key)
    assert (fact.kind, fact.call.ended_at, fact.call.outcome) == (CallEventKind.ENDED, AT, Outcome.ANSWERED)
    assert fact.call.ended_by is EndedBy.AGENT
    assert tracker.calls == {}


def test_what_asterisk_says_afterwards_makes_no_second_call() -> None:
    tracker, rest, key = talking()
    asked(tracker, key)
    later = [fact for event in rest for fact in tracker.apply(event)]
    assert [fact for fact in later if isinstance(fact, CallEvent)] == []
    assert tracker.calls == {}
    assert asked(tracker, key) == []


def test_an_answer_is_told_though_the_call_is_unknown() -> None:
    tracker = CallTracker("pbx1")
    assert tracker.apply(ev.UserEvent(AT, "RatingGiven", "pbx1-1.1", {})) == [RatingGiven("pbx1", "pbx1-1.1", AT)]


def test_a_restart_finds_no_call_of_a_citizen_who_is_being_asked() -> None:
    citizen = seen(CITIZEN._replace(context="rating"), application="Read")
    tracker = CallTracker("pbx1")

    def found(channel: SeenChannel) -> list[CallEventKind]:
        facts = restore(tracker, snapshot(channel), rebooted=False)
        return [fact.kind for fact in facts if isinstance(fact, CallEvent)]

    assert found(citizen) == []
    assert tracker.calls == {}
    assert found(replace(citizen, channel=CITIZEN)) == [CallEventKind.RECOVERED], "elsewhere in the dialplan it is one"
    assert found(citizen) == [CallEventKind.ENDED]
