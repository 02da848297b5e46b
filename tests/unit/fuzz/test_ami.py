"""Fuzzer of the AMI stream (issue 6): any bytes, cut anywhere, give the same messages, no error and bounded memory."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from hotline.cti import events
from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Framer, Message
from tests.unit.fuzz import bounded
from tests.unit.fuzz.mutations import damaged

LIMIT = 450
WANTED = {*events.__dict__["_PARSERS"]}
CHANNEL = (
    "Channel: PJSIP/101-0000002a\r\nChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: +79280001122\r\n"
    "CallerIDName: Щербакова\r\nConnectedLineNum: 1\r\nConnectedLineName: <unknown>\r\nLanguage: ru\r\n"
    "AccountCode: \r\nContext: queue\r\nExten: s\r\nPriority: 1\r\nUniqueid: pbx1-1.2\r\nLinkedid: pbx1-1.1\r\n"
)
SAMPLES = [
    f"Asterisk Call Manager/11.0.0\r\nEvent: {name}\r\nTimestamp: 1763791234.17\r\n{CHANNEL}{more}\r\n".encode()
    for name, more in (
        ("Newchannel", "ChanVariable: CALL_ID=pbx1-1.1\r\nChanVariable: CARD_ID=\r\n"),
        ("Hangup", "Cause: 16\r\n"),
        ("QueueCallerJoin", "Queue: hotline\r\nPosition: 1\r\n"),
        ("BridgeEnter", "BridgeUniqueid: b1\r\nBridgeTechnology: holding_bridge\r\n"),
        ("UserEvent", "UserEvent: CallEntered\r\nCallId: pbx1-1.1\r\n"),
        ("QueueMemberStatus", "Interface: PJSIP/101\r\nMemberName: 7\r\nQueue: hotline\r\nPaused: 1\r\nStatus: 1\r\n"),
        ("VarSet", "ActionID: 5\r\nResponse: Success\r\nMessage: x\r\n"),
    )
]
DICTIONARY = [
    b"\r\n\r\n", b"Event: ", b"Response: ", b"ActionID: 1\r\n", b": ", b"Timestamp: nan\r\n", b"Timestamp: 1e300\r\n",
    b"Timestamp: -1\r\n", b"x" * 250, b"Cause: \xd9\xa1\r\n", b"Asterisk Call Manager/",
    b"Position: 99999999999999999999\r\n", b"Timestamp: 1e15\r\n",
]  # fmt: skip


def read(pieces: list[bytes]) -> tuple[list[object], Framer]:
    """What a stream gives, with every header of every message looked at."""
    framer = Framer(WANTED, limit=LIMIT)
    found: list[Message] = []
    for piece in pieces:
        found += framer.feed(piece)
        assert framer.unfinished <= LIMIT + 5  # the greeting, too, is bounded
    told: list[object] = [
        (one.event, one.action_id, dict(one.headers), {k: list(v) for k, v in one.repeated.items()}) for one in found
    ]
    for one in found:
        with contextlib.suppress(MalformedEvent):  # the only word for a bad event; whoever reads it counts it
            events.parse(one)
    return told, framer


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(at % (len(data) + 1) for at in places), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@bounded
@given(data=damaged([b"".join(SAMPLES), *SAMPLES], DICTIONARY), places=st.lists(st.integers(0, 20_000), max_size=12))
def test_any_stream_cut_anywhere_gives_the_same_messages(data: bytes, places: list[int]) -> None:
    """Issue 6: what Asterisk (or who sits in its place) sends neither raises nor depends on the network's packets."""
    whole, _ = read([data])
    pieces, _ = read(cut(data, places))
    one_by_one, _ = read([data[at : at + 1] for at in range(len(data))])
    assert pieces == whole
    assert one_by_one == whole


@bounded
@given(data=st.binary(max_size=2000), places=st.lists(st.integers(0, 2000), max_size=8))
def test_noise_is_no_message_and_no_error(data: bytes, places: list[int]) -> None:
    whole, _ = read([data])
    assert read(cut(data, places))[0] == whole


@bounded
@given(noise=st.lists(st.binary(min_size=1, max_size=300), max_size=30))
def test_after_noise_the_next_message_is_read(noise: list[bytes]) -> None:
    """A broken or endless message costs itself only: the one behind the next end mark is whole."""
    good = b"Event: Hangup\r\nTimestamp: 1.5\r\n" + CHANNEL.encode() + b"Cause: 16\r\n\r\n"
    framer = Framer(WANTED, limit=LIMIT + len(good))
    for piece in noise:
        framer.feed(piece)
    framer.feed(b"\r\n\r\n")
    assert [one.event for one in framer.feed(good)][-1:] == ["Hangup"]
