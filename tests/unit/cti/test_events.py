from __future__ import annotations

import pytest

from hotline.cti import events as ev
from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Framer, Message
from hotline.cti.model import DeviceState
from tests.bench.traffic import as_sent
from tests.unit.cti.captured import DATA, messages

SCENARIOS = sorted(path.stem for path in DATA.glob("*.tsv"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_captured_event_is_understood(scenario: str) -> None:
    wanted = [message for message in messages(scenario) if message.event in ev.WANTED]
    assert wanted
    assert all(ev.parse(message) is not None for message in wanted)


@pytest.mark.parametrize("name", sorted({m.event for s in SCENARIOS for m in messages(s) if m.event in ev.WANTED}))
def test_missing_header_is_an_error_that_names_it(name: str) -> None:
    message = next(m for s in SCENARIOS for m in messages(s) if m.event == name)
    refused: dict[str, MalformedEvent] = {}
    for header in message.headers.keys() - {"Event"}:
        rest = {key: value for key, value in message.headers.items() if key != header}
        try:
            ev.parse(Message(rest, message.repeated))
        except MalformedEvent as error:
            refused[header] = error
    assert "Timestamp" in refused
    for header, raised in refused.items():
        assert raised.details["event"] == name
        assert header in raised.message


@pytest.mark.parametrize("value", ["", "yesterday", "1e99"])
def test_broken_time_is_an_error(value: str) -> None:
    message = messages("abandon")[0]
    with pytest.raises(MalformedEvent):
        ev.parse(Message(message.headers | {"Timestamp": value}, message.repeated))


def test_unknown_event_is_none() -> None:
    assert ev.parse(Message({"Event": "VarSet", "Timestamp": "1"})) is None
    assert ev.parse(Message({"Response": "Success"})) is None


@pytest.mark.parametrize(
    ("device", "extension"),
    [
        ("PJSIP/101", "101"),
        ("PJSIP/101-0000002a", "101"),
        ("PJSIP/trunk-00000001", None),
        ("PJSIP/trunk", None),
        ("Local/101@internal-00000001;1", None),
        ("Queue:hotline_pause_PJSIP/101", None),
        ("PJSIP/101-0000002a\n", None),
        ("PJSIP/1", None),
        ("", None),
    ],
)
def test_extension_of(device: str, extension: str | None) -> None:
    assert ev.extension_of(device) == extension


def test_withheld_number_is_none() -> None:
    message = messages("abandon")[0]
    for value in ("<unknown>", "", "anonymous"):
        event = ev.parse(Message(message.headers | {"CallerIDNum": value}, message.repeated))
        assert isinstance(event, ev.Newchannel)
        assert event.channel.caller is None


def test_our_own_variables_are_read_and_empty_ones_are_none() -> None:
    message = messages("abandon")[0]
    event = ev.parse(Message(message.headers, {"ChanVariable": ["CALL_ID=pbx1-1.1", "CARD_ID=", "X=1"]}))
    assert isinstance(event, ev.Newchannel)
    assert (event.channel.call_id, event.channel.card_id) == ("pbx1-1.1", None)


@pytest.mark.parametrize("number", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "99"])
def test_every_member_state_has_a_word(number: str) -> None:
    headers = {"Queue": "q", "Location": "PJSIP/101", "Name": "7", "Status": number, "Paused": "0"}
    event = ev.parse(Message({"Event": "QueueMember", "Timestamp": "1"} | headers))
    assert isinstance(event, ev.QueueMember)
    assert isinstance(event.state, DeviceState)
    assert (event.extension, event.member_name, event.present) == ("101", "7", True)


def off_the_wire(data: bytes) -> list[Message]:
    framer = Framer(ev.WANTED)
    return framer.feed(b"Asterisk Call Manager/11.0.0\r\n" + data)


def untouched(message: Message) -> bool:
    """Whether the message was read without cutting it into headers."""
    return message._headers is None


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_reading_a_text_gives_what_reading_its_headers_gives(scenario: str) -> None:
    for message in off_the_wire(b"".join(as_sent(message) for message in messages(scenario))):
        quick = ev.parse(message)
        assert untouched(message) or message.event == "UserEvent"
        assert quick is not None
        assert quick == ev.parse(Message(message.headers, message.repeated))


def test_events_of_asterisk_22_are_read_without_cutting_them() -> None:
    """``raw.ami`` is what Asterisk 22.10 sent for a call, byte for byte."""
    seen = off_the_wire((DATA / "raw.ami").read_bytes())
    assert {message.event for message in seen} >= {"Newchannel", "Hangup", "DeviceStateChange", "QueueMemberAdded"}
    for message in seen:
        quick = ev.parse(message)
        assert untouched(message) or message.event == "UserEvent"
        assert quick == ev.parse(Message(message.headers, message.repeated))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Context: from-trunk\r\nExten: 88001000000", b"Exten: 88001000000\r\nContext: from-trunk"),
        (b"Linkedid: ", b"TenantID: 1\r\nLinkedid: "),
        (b"ChanVariable: CALL_ID=", b"ChanVariable: X=1\r\nChanVariable: CALL_ID="),
        (b"ChanVariable: CARD_ID=", b"ChanVariable: CARD_ID=\r\nChanVariable: X=1"),
        (b"ChanVariable: CARD_ID=\r\n", b""),
        (b"Uniqueid: ", b"rubbish\r\nUniqueid: "),
        (b"Exten: 88001000000", "Exten: Ёж: и: ёжик".encode()),
    ],
    ids=["order", "new header", "other variable", "variable at the end", "no variable", "rubbish", "colons"],
)
def test_another_form_of_a_channel_is_understood_too(old: bytes, new: bytes) -> None:
    data = next(as_sent(m) for m in messages("abandon") if m.event == "Newchannel")
    assert old in data
    (message,) = off_the_wire(data.replace(old, new))
    event = ev.parse(message)
    assert isinstance(event, ev.Newchannel)
    assert event == ev.parse(Message(message.headers, message.repeated))
    assert event.channel.context == "from-trunk"
    assert event.channel.uniqueid == event.channel.linkedid != ""


def test_what_stands_later_in_a_message_cannot_change_what_came_first() -> None:
    data = next(as_sent(m) for m in messages("abandon") if m.event == "Newchannel")
    (message,) = off_the_wire(data.removesuffix(b"\r\n") + b"Uniqueid: forged\r\nTimestamp: 1\r\n\r\n")
    (honest,) = off_the_wire(data)
    assert ev.parse(message) == ev.parse(honest) == ev.parse(Message(message.headers, message.repeated))


def test_text_without_a_header_is_an_error_that_names_it() -> None:
    (message,) = off_the_wire(b"Event: DeviceStateChange\r\nTimestamp: 1.5\r\nDevice: PJSIP/101\r\n\r\n")
    with pytest.raises(MalformedEvent, match="State"):
        ev.parse(message)
