"""The dialplan on a real Asterisk with real calls: greeting, queue, recording, voice mail, outgoing calls."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotline.stand.rendering import CEL_FIELDS
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_answers, citizen_calls
from hotline.stand.tones import hear_by_second, seconds_of_tone
from tests.calls.asterisk import Event, Events, ami
from tests.calls.operators import Operator, operator
from tests.calls.records import closed

pytestmark = pytest.mark.calls

NEVER = ["00:00-00:01,mon,1,jan"]
CITIZEN_HZ, OPERATOR_HZ, COLLEAGUE_HZ = 440.0, 700.0, 1000.0


def queue_log(stand: Stand, call: str) -> list[list[str]]:
    text = (stand.asterisk.settings.log_dir / "queue_log").read_text()
    return [fields for line in text.splitlines() if (fields := line.split("|"))[1] == call]


async def cel(stand: Stand, call: str) -> list[dict[str, str]]:
    """Return what CEL has of a call that is over, once its end is in the file: AMI tells of a hangup before that."""
    path = stand.asterisk.settings.log_dir / "cel/events.csv"
    async with asyncio.timeout(15):
        while True:
            with path.open(newline="") as file:
                rows = [dict(zip(CEL_FIELDS, row, strict=True)) for row in csv.reader(file)]
            found = [row for row in rows if row["LinkedID"] == call]
            if any(row["EventEnum"] == "LINKEDID_END" for row in found):
                return found
            await stand.asterisk.cli("core show uptime")  # takes its time; nothing tells when a file grows


def recording(stand: Stand, call: str, leg: str = "") -> Path:
    return stand.asterisk.settings.recording_dir / f"{call}{leg}.wav"


@asynccontextmanager
async def on_duty(events: Events, who: Operator, queue: str = "hotline") -> AsyncIterator[None]:
    """Make an operator a member of the queue."""
    added = await events.send(
        "QueueAdd", Queue=queue, Interface=who.interface, MemberName="7", StateInterface=who.interface
    )
    assert added["Response"] == "Success", added
    try:
        yield
    finally:
        await events.send("QueueRemove", Queue=queue, Interface=who.interface)


async def answered(events: Events) -> Event:
    """Wait until an operator talks to a citizen; ``Channel`` is the citizen's, ``DestChannel`` the operator's."""
    connected = await events.wait("AgentConnect")
    await events.wait("BridgeEnter", Uniqueid=connected["Uniqueid"])
    await events.wait("BridgeEnter", Uniqueid=connected["DestUniqueid"])
    return connected


async def consult(events: Events, talk: Event, extension: str) -> None:
    await events.send("Setvar", Channel=talk["DestChannel"], Variable="CITIZEN", Value=talk["Channel"])
    redirected = await events.send(
        "Redirect",
        Channel=talk["Channel"],
        Context="hold",
        Exten="s",
        Priority="1",
        ExtraChannel=talk["DestChannel"],
        ExtraContext="consult",
        ExtraExten=extension,
        ExtraPriority="1",
    )
    assert redirected["Response"] == "Success", redirected


async def bridged(events: Events, after: int, first: str, second: str) -> None:
    """Wait until two channels are in one bridge, counting only events from the ``after``-th on."""
    while True:
        bridges: dict[str, str] = {}
        for event in events.seen[after:]:
            if event.get("Event") == "BridgeEnter":
                bridges[event["Channel"]] = event["BridgeUniqueid"]
            elif event.get("Event") == "BridgeLeave":
                bridges.pop(event["Channel"], None)
        if first in bridges and bridges.get(first) == bridges.get(second):
            return
        await events.more()


def test_configuration_loads_without_complaint(stand: Stand) -> None:
    complaints = [line for line in stand.asterisk.output().splitlines() if "ERROR" in line or "WARNING" in line]
    assert complaints == []


async def test_citizen_is_greeted_queued_recorded_and_gives_up(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        citizen_calls(stand, caller="+79280001122", did="88001000000", sound=CITIZEN_HZ) as citizen,
    ):
        entry = await events.wait("UserEvent", UserEvent="CallEntered")
        call = entry["CallId"]
        assert call.startswith("pbx1-")
        assert call == entry["Uniqueid"] == entry["Linkedid"]
        assert (entry["Did"], entry["CallerIDNum"]) == ("88001000000", "+79280001122")
        await events.wait("UserEvent", UserEvent="CallGreeted", CallId=call)
        joined = await events.wait("QueueCallerJoin", Uniqueid=call)
        assert (joined["Queue"], joined["Position"]) == ("hotline", "1")
        music = await events.wait("MusicOnHoldStart", Uniqueid=call)
        assert music["Class"] == "hotline"
        await citizen.hang_up()
        await events.wait("QueueCallerAbandon", Uniqueid=call)
        await events.wait("Hangup", Uniqueid=call)
    assert [fields[4] for fields in queue_log(stand, call)] == ["ENTERQUEUE", "ABANDON"]
    kinds = [row["UserDefType"] or row["EventEnum"] for row in await cel(stand, call)]
    assert kinds == ["CHAN_START", "CallEntered", "ANSWER", "CallGreeted", "HANGUP", "CHAN_END", "LINKEDID_END"]
    assert all(recording(stand, call, leg).exists() for leg in ("", "-in", "-out"))


async def test_a_citizen_whose_number_is_an_internal_number_is_still_a_citizen(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ),
        citizen_calls(stand, caller="101") as citizen,
    ):
        entry = await events.wait("UserEvent", UserEvent="CallEntered")
        assert entry["Channel"].startswith("PJSIP/trunk-")
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=entry["CallId"])


async def test_what_was_dialled_cannot_forge_events(stand: Stand) -> None:
    async with ami(stand.asterisk.settings) as events:
        await events.send("Originate", Channel="Local/88,Evil: 1@from-trunk/n", Application="Echo", Async="true")
        entry = await events.wait("UserEvent", UserEvent="CallEntered")
        assert "Evil" not in entry
        assert entry["Did"] == "881"
        await events.send("Hangup", Channel=entry["Channel"])
        await events.wait("Hangup", Uniqueid=entry["CallId"])


async def test_operator_answers_and_both_legs_are_recorded(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ, hold_s=3) as who,
        on_duty(events, who),
        citizen_calls(stand, sound=CITIZEN_HZ) as citizen,
    ):
        talk = await answered(events)
        call = talk["Uniqueid"]
        invite = who.phone.messages()
        assert f"X-Call-Id: {call}" in invite
        assert "X-Call-Role: queue" in invite
        assert "X-Queue: hotline" in invite
        # The operator hangs up after three seconds; the service would say that the conversation is over.
        await events.send("Setvar", Channel=talk["Channel"], Variable="OPERATOR_ENDED", Value="1")
        await events.wait("UserEvent", UserEvent="CitizenAlone", CallId=call)
        await events.wait("Hangup", Uniqueid=call)
        assert (await citizen.wait()).ok
    fields = {line[4]: line[3] for line in queue_log(stand, call)}
    assert fields["CONNECT"] == "7"  # the member's name: the user's id
    await closed(stand.asterisk, *(recording(stand, call, leg) for leg in ("", "-in", "-out")))
    assert seconds_of_tone(recording(stand, call, "-in"), CITIZEN_HZ) >= 2.5
    assert seconds_of_tone(recording(stand, call, "-out"), OPERATOR_HZ) >= 2.0
    assert seconds_of_tone(recording(stand, call, "-in"), OPERATOR_HZ) == 0
    mixed = recording(stand, call)
    assert any(block.is_tone(share=0.3) for block in hear_by_second(mixed, CITIZEN_HZ))
    assert any(block.is_tone(share=0.3) for block in hear_by_second(mixed, OPERATOR_HZ))


async def test_a_citizen_left_alone_goes_to_the_head_of_the_queue(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ, hold_s=1) as who,
        citizen_calls(stand) as citizen,
    ):
        async with on_duty(events, who):
            call = (await answered(events))["Uniqueid"]
        alone = await events.wait("UserEvent", UserEvent="CitizenAlone", CallId=call)
        del events.seen[: events.seen.index(alone) + 1]  # what came behind it may have been read already
        again = await events.wait("QueueCallerJoin", Uniqueid=call)
        assert again["Position"] == "1"
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=call)


@pytest.mark.parametrize(("colleague", "status"), [("202", "BUSY"), ("203", "CHANUNAVAIL")], ids=["busy", "nobody"])
async def test_consultation_refused_brings_the_operator_back(stand: Stand, colleague: str, status: str) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ) as who,
        operator(stand, "202", sound=COLLEAGUE_HZ, busy=True),
        on_duty(events, who),
        citizen_calls(stand) as citizen,
    ):
        talk = await answered(events)
        mark = len(events.seen)
        await consult(events, talk, colleague)
        ended = await events.wait("UserEvent", UserEvent="ConsultEnd", CallId=talk["Uniqueid"])
        assert ended["Status"] == status
        await bridged(events, mark, talk["Channel"], talk["DestChannel"])
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])


async def test_consultation_completed_when_the_first_operator_leaves(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ) as who,
        operator(stand, "202", sound=COLLEAGUE_HZ) as colleague,
        on_duty(events, who),
        citizen_calls(stand) as citizen,
    ):
        talk = await answered(events)
        mark = len(events.seen)
        await consult(events, talk, "202")
        dialled = await events.wait("DialEnd", Channel=talk["DestChannel"], DialStatus="ANSWER")
        assert "X-Call-Role: consult" in colleague.phone.messages()
        assert dialled["DestLinkedid"] == talk["Linkedid"]
        await bridged(events, mark, talk["DestChannel"], dialled["DestChannel"])
        await events.send("Hangup", Channel=talk["DestChannel"])
        await bridged(events, mark, talk["Channel"], dialled["DestChannel"])
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])
        await events.wait("Hangup", Uniqueid=dialled["DestUniqueid"])


@pytest.mark.parametrize("early", [False, True], ids=["in his bridge", "on his way"])
async def test_three_talk_together(stand: Stand, early: bool) -> None:
    """Also when the citizen is sent to a colleague who has not reached his bridge yet."""
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ) as who,
        operator(stand, "202", sound=COLLEAGUE_HZ),
        on_duty(events, who),
        citizen_calls(stand) as citizen,
    ):
        talk = await answered(events)
        mark = len(events.seen)
        await consult(events, talk, "202")
        colleague = (await events.wait("DialBegin", Channel=talk["DestChannel"]))["DestChannel"]
        if not early:
            await bridged(events, mark, talk["DestChannel"], colleague)
        await events.send("Setvar", Channel=talk["Channel"], Variable="CONSULTCHAN", Value=colleague)
        await events.send("Redirect", Channel=talk["Channel"], Context="join", Exten="s", Priority="1")
        await bridged(events, mark, talk["Channel"], talk["DestChannel"])
        await bridged(events, mark, talk["Channel"], colleague)
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])


def at(event: Event) -> float:
    """When Asterisk says that it happened, in seconds."""
    return float(event["Timestamp"])


async def hold(events: Events, talk: Event) -> Event:
    """Put the citizen on hold as the service does; return the event of his being there."""
    await events.send("Setvar", Channel=talk["DestChannel"], Variable="__CITIZEN", Value=talk["Channel"])
    await events.send(
        "Redirect",
        Channel=talk["Channel"],
        Context="hold",
        Exten="s",
        Priority="1",
        ExtraChannel=talk["DestChannel"],
        ExtraContext="hold",
        ExtraExten="operator",
        ExtraPriority="1",
    )
    return await events.wait("BridgeEnter", Uniqueid=talk["Uniqueid"], BridgeTechnology="holding_bridge")


async def test_hold_and_the_operator_hangs_up(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ) as who,
        on_duty(events, who),
        citizen_calls(stand) as citizen,
    ):
        talk = await answered(events)
        await events.send("Setvar", Channel=talk["Channel"], Variable="OPERATOR_ENDED", Value="1")
        await hold(events, talk)
        await events.send("Hangup", Channel=talk["DestChannel"])
        await events.wait("UserEvent", UserEvent="CitizenAlone", CallId=talk["Uniqueid"])
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])
        assert (await citizen.wait()).ok


async def test_hold_and_the_citizen_hangs_up(stand: Stand) -> None:
    """Nobody is held any more: the operator's telephone is released at once, with no service to help."""
    async with (
        ami(stand.asterisk.settings) as events,
        operator(stand, "101", sound=OPERATOR_HZ) as who,
        on_duty(events, who),
        citizen_calls(stand) as citizen,
    ):
        talk = await answered(events)
        await hold(events, talk)
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])
        await events.wait("Hangup", Uniqueid=talk["DestUniqueid"], timeout_s=5)
        assert not [event for event in events.seen if event.get("UserEvent") == "CitizenAlone"]
    assert "channel not found" not in stand.asterisk.output().lower()


async def test_nobody_is_held_longer_than_allowed() -> None:
    async with (
        Stand(database=False, asterisk={"greeting": "beep", "hold_s": 5}) as short,
        ami(short.asterisk.settings) as events,
        operator(short, "101", sound=OPERATOR_HZ) as who,
        citizen_calls(short) as citizen,
    ):
        async with on_duty(events, who):
            talk = await answered(events)
        held = await hold(events, talk)
        await events.wait("Hangup", Uniqueid=talk["DestUniqueid"])
        alone = await events.wait("UserEvent", UserEvent="CitizenAlone", CallId=talk["Uniqueid"])
        assert 3.5 < at(alone) - at(held) < 8
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=talk["Uniqueid"])


async def test_outgoing_number_is_normalised_and_the_call_recorded_on_the_citizens_channel(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        citizen_answers(stand, ring_s=0.1, hold_s=3, sound=CITIZEN_HZ) as citizen,
    ):
        await events.send(
            "Originate", Channel="Local/89280001122@internal/n", Application="Echo", Async="true", ActionID="out"
        )
        started = await events.wait("UserEvent", UserEvent="OutgoingStarted")
        assert started["Number"] == "79280001122"
        call = started["CallId"]
        monitored = await events.wait("MixMonitorStart")
        assert monitored["Channel"].startswith("PJSIP/trunk-")
        assert (await citizen.wait()).ok
        assert "INVITE sip:79280001122@" in citizen.messages()
        await events.wait("Hangup", Uniqueid=monitored["Uniqueid"])
        await closed(stand.asterisk, *(recording(stand, call, leg) for leg in ("-in", "-out")))
    assert seconds_of_tone(recording(stand, call, "-in"), CITIZEN_HZ) >= 2.0
    assert seconds_of_tone(recording(stand, call, "-out"), CITIZEN_HZ) >= 2.0  # the echo


async def test_out_of_hours_a_voice_message_is_kept() -> None:
    overrides = {"business_hours": NEVER, "voicemail_max_s": 5}
    async with (
        Stand(database=False, asterisk=overrides | {"out_of_hours": "beep", "leave_message": "beep"}) as closed,
        ami(closed.asterisk.settings) as events,
        citizen_calls(closed, hold_s=4, sound=CITIZEN_HZ) as citizen,
    ):
        outside = await events.wait("UserEvent", UserEvent="OutOfHours")
        left = await events.wait("UserEvent", UserEvent="VoicemailLeft")
        assert left["CallId"] == outside["CallId"]
        assert 1 <= int(left["Seconds"]) <= 4
        assert seconds_of_tone(Path(left["File"]), CITIZEN_HZ) >= 1.0
        assert (await citizen.wait()).ok
        await events.wait("Hangup", Uniqueid=left["CallId"])
        assert "ENTERQUEUE" not in {fields[4] for fields in queue_log(closed, left["CallId"])}


async def test_asterisk_comes_back_on_the_same_ports_after_a_crash() -> None:
    async with Stand(database=False, asterisk={"greeting": "beep"}) as one:
        before = one.asterisk.settings
        await one.asterisk.kill()
        assert one.asterisk.pid is None
        await one.asterisk.start()
        assert one.asterisk.settings == before
        async with ami(before) as events, citizen_calls(one) as citizen:
            await events.wait("QueueCallerJoin")
            await citizen.hang_up()
