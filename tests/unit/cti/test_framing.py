from __future__ import annotations

import random

import pytest

from hotline.cti.framing import Framer

WANTED = {"Newchannel", "UserEvent"}
NEWCHANNEL = "Event: Newchannel\r\nChannel: PJSIP/1\r\nCallerIDName: Щербакова\r\n\r\n".encode()
VARSET = b"Event: VarSet\r\nVariable: X\r\n\r\n"


def framer(**options: int) -> Framer:
    made = Framer(WANTED, **options)
    made.feed(b"Asterisk Call Manager/11.0.0\r\n")
    return made


def test_banner_gives_the_version_and_is_no_message() -> None:
    made = Framer(WANTED)
    assert made.feed(b"Asterisk Call Man") == []
    assert made.counts.messages == 0
    messages = made.feed(b"ager/11.0.0\r\nResponse: Success\r\n\r\n")
    assert made.version == "11.0.0"
    assert [m.response for m in messages] == ["Success"]


def test_peer_without_a_banner_is_read_all_the_same() -> None:
    made = Framer(WANTED)
    assert [m.event for m in made.feed(NEWCHANNEL)] == ["Newchannel"]
    assert made.version is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_letters_cut_across_reads_are_whole(size: int) -> None:
    made = framer()
    data = NEWCHANNEL * 3
    got = [m for at in range(0, len(data), size) for m in made.feed(data[at : at + size])]
    assert [m.headers["CallerIDName"] for m in got] == ["Щербакова"] * 3
    assert made.counts.replaced == 0


def test_any_cutting_gives_the_same_messages() -> None:
    data = (NEWCHANNEL + VARSET + b"Response: Success\r\nActionID: 1\r\n\r\n") * 20
    whole = [(m.headers, m.repeated) for m in framer().feed(data)]
    chance = random.Random(1)
    for _ in range(50):
        made, got, at = framer(), [], 0
        while at < len(data):
            step = chance.randint(1, 200)
            got += made.feed(data[at : at + step])
            at += step
        assert [(m.headers, m.repeated) for m in got] == whole


def test_unwanted_events_are_skipped_unless_they_answer_an_action() -> None:
    made = framer()
    answer = b"Event: VarSet\r\nActionID: 7\r\nVariable: X\r\n\r\n"
    got = made.feed(VARSET + answer + NEWCHANNEL)
    assert [(m.event, m.action_id) for m in got] == [("VarSet", "7"), ("Newchannel", "")]
    assert made.counts.skipped == 1


def test_surplus_empty_line_does_not_smuggle_an_unwanted_event_in() -> None:
    made = framer()
    assert [m.event for m in made.feed(b"\r\n" + VARSET + b"\r\n" + NEWCHANNEL)] == ["Newchannel"]
    assert made.counts.broken == 0


def test_repeated_headers_are_all_kept() -> None:
    (message,) = framer().feed(b"Event: UserEvent\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nX: y\r\n\r\n")
    assert message.all("ChanVariable") == ["A=1", "B=2"]
    assert message.all("X") == ["y"]
    assert message.all("Absent") == []
    assert message.headers["ChanVariable"] == "A=1"


def test_bytes_that_are_not_utf8_cost_one_letter_and_are_counted() -> None:
    made = framer()
    (message,) = made.feed(b"Event: UserEvent\r\nName: \xff\xfeA\r\n\r\n")
    assert message.headers["Name"] == "\ufffd\ufffdA"
    assert made.counts.replaced == 1


@pytest.mark.parametrize(
    "block",
    [b"nonsense", b"Key: value", b"\x00\x01\x02", b": no key", b"Event : x"],
    ids=["no colon", "neither event nor response", "binary", "no key", "space in key"],
)
def test_broken_block_is_counted_and_the_next_message_is_not_lost(block: bytes) -> None:
    made = framer()
    assert [m.event for m in made.feed(block + b"\r\n\r\n" + NEWCHANNEL)] == ["Newchannel"]
    assert made.counts.broken >= 1
    assert made.last_broken == block


def test_broken_line_costs_only_itself() -> None:
    made = framer()
    (message,) = made.feed(b"Event: UserEvent\r\nrubbish\r\nA:1\r\nB: 2\r\n\r\n")
    assert message.headers == {"Event": "UserEvent", "A": "1", "B": "2"}
    assert made.counts.broken == 1


def test_oversized_message_is_dropped_whole_and_memory_stays_bounded() -> None:
    made = framer(limit=1000)
    got = []
    for _ in range(100):
        got += made.feed(b"Event: UserEvent\r\nX: " + b"a" * 500)
    got += made.feed(b"\r\n\r\n" + NEWCHANNEL)
    assert [m.event for m in got] == ["Newchannel"]
    assert made.counts.oversized == 1


def test_oversized_message_that_comes_in_one_read_is_dropped() -> None:
    made = framer(limit=1000)
    got = made.feed(b"Event: UserEvent\r\nX: " + b"a" * 2000 + b"\r\n\r\n" + NEWCHANNEL)
    assert [m.event for m in got] == ["Newchannel"]
    assert made.counts.oversized == 1


def test_end_mark_of_an_oversized_message_may_be_cut_too() -> None:
    made = framer(limit=100)
    made.feed(b"Event: UserEvent\r\nX: " + b"a" * 200 + b"\r\n")
    assert [m.event for m in made.feed(b"\r\n" + NEWCHANNEL)] == ["Newchannel"]


def test_random_bytes_never_raise() -> None:
    chance = random.Random(2)
    made = framer(limit=200)
    for _ in range(300):
        made.feed(bytes(chance.choice(b"\r\n: EventABC\xff\x00") for _ in range(chance.randint(0, 300))))
    made.feed(b"\r\n\r\n")
    assert [m.event for m in made.feed(NEWCHANNEL)] == ["Newchannel"]
