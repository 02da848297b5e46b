from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.cti import events as ev
from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Message
from hotline.cti.model import DeviceState
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
            ev.parse(replace(message, headers=rest))
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
        ev.parse(replace(message, headers=message.headers | {"Timestamp": value}))


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
        event = ev.parse(replace(message, headers=message.headers | {"CallerIDNum": value}))
        assert isinstance(event, ev.Newchannel)
        assert event.channel.caller is None


def test_our_own_variables_are_read_and_empty_ones_are_none() -> None:
    message = messages("abandon")[0]
    event = ev.parse(replace(message, repeated={"ChanVariable": ["CALL_ID=pbx1-1.1", "CARD_ID=", "X=1"]}))
    assert isinstance(event, ev.Newchannel)
    assert (event.channel.call_id, event.channel.card_id) == ("pbx1-1.1", None)


@pytest.mark.parametrize("number", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "99"])
def test_every_member_state_has_a_word(number: str) -> None:
    headers = {"Queue": "q", "Location": "PJSIP/101", "Name": "7", "Status": number, "Paused": "0"}
    event = ev.parse(Message({"Event": "QueueMember", "Timestamp": "1"} | headers))
    assert isinstance(event, ev.QueueMember)
    assert isinstance(event.state, DeviceState)
    assert (event.extension, event.member_name, event.present) == ("101", "7", True)
