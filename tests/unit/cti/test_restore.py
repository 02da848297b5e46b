"""A snapshot in the middle of a captured conversation must give the same picture as its events did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker
from hotline.cti.framing import Message
from hotline.cti.model import (
    CallEventKind,
    DeviceChanged,
    DeviceState,
    Direction,
    EndedBy,
    EndSource,
    LegRole,
    MemberChanged,
    Phase,
    QueueChanged,
    VoiceChanged,
)
from hotline.cti.restore import SeenChannel, Snapshot, Waiting, restore
from hotline.cti.snapshot import build
from tests.unit.cti.captured import events, last_call, story

AT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


def channel(name: str, uniqueid: str, linkedid: str, **other: str) -> ev.Channel:
    return ev.Channel(
        name,
        uniqueid,
        linkedid,
        other.get("caller"),
        "c",
        other.get("exten", "s"),
        other.get("state", "6"),
        linkedid,
        None,
    )


def seen(made: ev.Channel, bridge: str | None = None, application: str = "AppQueue") -> SeenChannel:
    return SeenChannel(made, AT - timedelta(seconds=60), bridge, application)


CITIZEN = channel("PJSIP/trunk-00000001", "pbx1-1.1", "pbx1-1.1", caller="79280001122")
AGENT = channel("PJSIP/101-00000002", "pbx1-1.2", "pbx1-1.1")
COLLEAGUE = channel("PJSIP/102-00000003", "pbx1-1.3", "pbx1-1.1")


def snapshot(*channels: SeenChannel, waiting: tuple[Waiting, ...] = ()) -> Snapshot:
    return Snapshot(AT, "boot", None, ("hotline",), waiting, (), (), channels)


def test_waiting_citizen_is_found() -> None:
    tracker = CallTracker("pbx1")
    since = AT - timedelta(seconds=30)
    facts = restore(
        tracker,
        snapshot(seen(CITIZEN, application="Queue"), waiting=(Waiting("hotline", "pbx1-1.1", since),)),
        rebooted=False,
    )
    assert story(facts) == ["recovered - queued"]
    (call,) = tracker.calls.values()
    assert (call.queue, call.queued_at, call.caller) == ("hotline", since, "79280001122")
    assert [(f.waiting, f.oldest_at) for f in facts if isinstance(f, QueueChanged)] == [(1, since)]


def test_ringing_call_is_found() -> None:
    ringing = channel("PJSIP/101-00000002", "pbx1-1.2", "pbx1-1.1", state="5")
    waiting = (Waiting("hotline", "pbx1-1.1", AT),)
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(CITIZEN), seen(ringing), waiting=waiting), rebooted=False)
    assert story(facts) == ["recovered - ringing"]
    assert last_call(facts).call.ringing == ("101",)


def test_conversation_is_found_and_its_end_is_told() -> None:
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1")), rebooted=False)
    assert story(facts) == ["recovered 101 talking"]
    call = last_call(facts).call
    # Nobody knows which voice was recorded before.
    assert [fact.call_key for fact in facts if isinstance(fact, VoiceChanged)] == [call.key]
    assert (call.direction, call.operator) == (Direction.IN, "101")
    assert [leg.role for leg in call.legs] == [LegRole.CALLER, LegRole.AGENT]
    facts = [*tracker.apply(ev.HangupRequest(AT, CITIZEN)), *tracker.apply(ev.Hangup(AT, CITIZEN, 16))]
    assert story(facts) == ["ended - ended"]
    assert last_call(facts).call.ended_by is EndedBy.CALLER


def test_consultation_is_found() -> None:
    tracker = CallTracker("pbx1")
    # Asterisk lists channels in any order, and all began within one second.
    rows = (seen(COLLEAGUE, "b2"), seen(AGENT, "b2"), seen(CITIZEN, "hold", "BridgeWait"))
    facts = restore(tracker, snapshot(*rows), rebooted=False)
    assert story(facts) == ["recovered 101 consulting"]
    call = last_call(facts).call
    assert [leg.role for leg in call.legs] == [LegRole.CALLER, LegRole.AGENT, LegRole.CONSULT]
    facts = [
        *tracker.apply(ev.BridgeLeave(AT, CITIZEN, "hold")),
        *tracker.apply(ev.BridgeEnter(AT, CITIZEN, "b3", holding=False)),
        *tracker.apply(ev.BridgeEnter(AT, COLLEAGUE, "b3", holding=False)),
    ]
    assert story(facts) == ["transferred 102 talking"]


def test_hold_is_found() -> None:
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(CITIZEN, "hold", "BridgeWait"), seen(AGENT)), rebooted=False)
    assert story(facts) == ["recovered 101 held"]


def test_a_talk_after_a_hold_is_no_hold() -> None:
    """Asterisk goes on showing BridgeWait for a citizen whom his operator has taken back with Bridge()."""
    tracker = CallTracker("pbx1")
    rows = (seen(CITIZEN, "b3", "BridgeWait"), seen(AGENT, "b3", "Bridge"))
    assert story(restore(tracker, snapshot(*rows), rebooted=False)) == ["recovered 101 talking"]


def test_outgoing_call_is_found() -> None:
    first = channel("PJSIP/101-00000002", "pbx1-1.1", "pbx1-1.1", exten="79280001122")
    trunk = channel("PJSIP/trunk-00000001", "pbx1-1.2", "pbx1-1.1")
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(first, "b1"), seen(trunk, "b1")), rebooted=False)
    assert story(facts) == ["recovered 101 talking"]
    assert last_call(facts).call.direction is Direction.OUT


def test_lone_channel_of_our_own_is_no_call() -> None:
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(channel("PJSIP/101-1a", "pbx1-1.1", "pbx1-1.1"))), rebooted=False)
    assert story(facts) == []
    assert tracker.calls == {}


def test_vanished_call_is_closed_provisionally() -> None:
    tracker = CallTracker("pbx1")
    restore(tracker, snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1")), rebooted=False)
    facts = restore(tracker, snapshot(), rebooted=False)
    assert story(facts) == ["ended - ended"]
    call = last_call(facts).call
    assert (call.end_source, call.ended_by, call.ended_at) == (EndSource.RESYNC, EndedBy.SYSTEM, AT)
    assert tracker.calls == {}


def test_restarted_asterisk_has_none_of_the_old_calls() -> None:
    tracker = CallTracker("pbx1")
    restore(tracker, snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1")), rebooted=False)
    facts = restore(tracker, snapshot(), rebooted=True)
    assert last_call(facts).call.end_source is EndSource.RESTART


def test_running_call_is_kept_and_an_equal_picture_says_nothing() -> None:
    tracker = CallTracker("pbx1")
    picture = snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1"))
    restore(tracker, picture, rebooted=False)
    before = tracker.calls
    assert restore(tracker, picture, rebooted=False) == []
    assert tracker.calls == before


def test_operator_who_vanished_leaves_his_call_open() -> None:
    tracker = CallTracker("pbx1")
    restore(tracker, snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1")), rebooted=False)
    restore(tracker, snapshot(seen(CITIZEN, application="Wait")), rebooted=False)
    (call,) = tracker.calls.values()
    assert call.legs[1].ended_at == AT


@pytest.mark.parametrize("scenario", ["citizen_hangs_up", "consult_complete", "operator_hangs_up", "internal"])
def test_snapshot_in_the_middle_of_a_conversation_changes_nothing_of_its_end(scenario: str) -> None:
    """Live until the first bridge, then resynchronised from exactly what is there, then live again."""
    stream = events(scenario)
    cut = max(i for i, event in enumerate(stream[:-1]) if isinstance(event, ev.BridgeEnter) and not event.holding) + 1
    plain, resynced = CallTracker("pbx1"), CallTracker("pbx1")
    for event in stream[:cut]:
        plain.apply(event)
        resynced.apply(event)
    (live,) = resynced.live_calls()
    rows = [
        SeenChannel(channel(leg.channel, leg.uniqueid, live.key), leg.started_at, leg.bridge, "AppDial")
        for leg in live.legs.values()
        if leg.ended_at is None
    ]
    assert story(restore(resynced, snapshot(*rows), rebooted=False)) == []
    one = [fact for event in stream[cut:] for fact in plain.apply(event)]
    other = [fact for event in stream[cut:] for fact in resynced.apply(event)]
    assert story(other) == story(one)
    assert last_call(other).call == last_call(one).call


def test_board_tells_only_what_differs() -> None:
    tracker = CallTracker("pbx1")
    member = ev.QueueMember(AT, "hotline", "PJSIP/101", "7", True, False, "", DeviceState.IDLE, False)
    device = ev.DeviceStateChange(AT, "PJSIP/101", DeviceState.IDLE)
    first = Snapshot(AT, "b", None, ("hotline",), (), (member,), (device,), ())
    told = restore(tracker, first, rebooted=False)
    assert [type(fact) for fact in told] == [QueueChanged, MemberChanged, DeviceChanged]
    assert restore(tracker, first, rebooted=False) == []
    gone = restore(tracker, Snapshot(AT, "b", None, ("hotline",), (), (), (device,), ()), rebooted=False)
    assert [(f.extension, f.present) for f in gone if isinstance(f, MemberChanged)] == [("101", False)]
    assert tracker.board.device("101") is DeviceState.IDLE
    assert tracker.board.device("199") is DeviceState.UNKNOWN


def test_snapshot_is_built_of_asterisks_answers() -> None:
    core = Message({"Response": "Success", "CoreStartupDate": "2026-11-22", "CoreStartupTime": "06:12:24"})
    queues = [
        Message({"Event": "QueueParams", "Queue": "hotline"}),
        Message({"Event": "QueueEntry", "Queue": "hotline", "Uniqueid": "pbx1-1.1", "Wait": "90"}),
    ]
    row = {
        "Event": "CoreShowChannel",
        "Channel": CITIZEN.name,
        "Uniqueid": "pbx1-1.1",
        "Linkedid": "pbx1-1.1",
        "CallerIDNum": "79280001122",
        "Context": "hotline-queue",
        "Exten": "s",
        "ChannelState": "6",
        "Application": "Queue",
        "Duration": "01:02:03",
        "BridgeId": "",
    }
    made = build(AT, None, core, [], queues, [Message(row)])
    assert (made.boot_id, made.queues) == ("2026-11-22 06:12:24", ("hotline",))
    assert made.waiting[0].since == AT - timedelta(seconds=90)
    assert made.channels[0].started_at == AT - timedelta(hours=1, minutes=2, seconds=3)
    assert made.channels[0].bridge is None


def test_kinds_of_a_found_call() -> None:
    tracker = CallTracker("pbx1")
    facts = restore(tracker, snapshot(seen(CITIZEN, "b1"), seen(AGENT, "b1")), rebooted=False)
    assert last_call(facts).kind is CallEventKind.RECOVERED
    assert last_call(facts).call.phase is Phase.TALKING
