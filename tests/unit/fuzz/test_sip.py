"""Fuzzer of what browsers send to the SIP proxy (issue 6): no error but ours, and no foreign From gets through."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from hotline.softphone import sip
from hotline.softphone.sip import SipError
from tests.unit.fuzz import bounded
from tests.unit.fuzz.mutations import damaged

OWN = "101"
HEAD = "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\nTo: <sip:102@h>\r\nCall-ID: c1\r\n"


def request(sender: str, method: str = "INVITE") -> str:
    return f"{method} sip:102@h SIP/2.0\r\n{HEAD}From: {sender}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"


SAMPLES = [
    request(f"<sip:{OWN}@h>;tag=a").encode(),
    request(f'"Анна" <sip:{OWN}@h;transport=ws>;tag=a', "BYE").encode(),
    request(f"sip:{OWN}@h;tag=a", "INFO").encode(),
    f"SIP/2.0 200 OK\r\n{HEAD}From: <sip:{OWN}@h>;tag=a\r\nCSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nbody".encode(),
]
DICTIONARY = [
    b"\r\n", b"\r\n\r\n", b"\r\n ", b"From: <sip:102@h>", b"f: <sip:102@h>\r\n", b"F : <sip:102@h>\r\n",
    b"<sip:102@h>", b"sip:102@h", b"102", b"%31%30%32", b";", b",", b"@", b"<", b">", b'"', b"Content-Length: 5\r\n",
    b"CSeq: 1 REFER\r\n", b"REFER", b"\xc2\xa0", b"\xe2\x80\xa8", b"\x85",
]  # fmt: skip
PIECES = st.sampled_from(
    ["sip:", "sips:", "SIP:", "tel:", "101", "102", "%3102", "1%301", "@", "h", "<", ">", '"', "\\", ";", ",", ":", " ",
     "tag=a", "user=phone", "\t", "А", "101:pw", "?"]
)  # fmt: skip


def admitted(text: str) -> sip.SipMessage | None:
    """What the proxy would pass on of a frame; any other error than its own fails the test."""
    try:
        message = sip.parse(text)
        sip.check_from_browser(message, OWN)
    except SipError:
        return None
    return message


def users(value: str) -> set[str]:
    """Everybody whom a lax reader could see in a From: each SIP URI in it, wherever it stands."""
    return {unquote(user).split(":")[0] for user in re.findall(r"(?i)sips?:([^@>;,?\s<\"]*)@", value)}


@bounded
@given(frame=damaged(SAMPLES, DICTIONARY))
def test_no_frame_breaks_the_parser_or_carries_another_name(frame: bytes) -> None:
    """Issue 6; telephony.md 4: what is passed on is from this extension however it is read, and answers can be made."""
    text = frame.decode("utf-8", "replace")
    message = admitted(text)
    if message is None or not message.is_request:
        return
    lines = re.split(r"\r\n(?![ \t])", text.partition("\r\n\r\n")[0])
    senders = [line.partition(":")[2] for line in lines if re.match(r"(?i)(from|f)[ \t]*:", line)]
    assert len(senders) == 1
    assert users(senders[0]) == {OWN}
    assert message.method in sip.BROWSER_METHODS
    again = sip.parse(message.text())
    assert (again.method, again.from_user, again.body) == (message.method, OWN, message.body)
    assert sip.parse(sip.respond(message, 403, "no", to_tag="proxy").text()).status == 403


@bounded
@given(sender=st.lists(PIECES, max_size=14).map("".join))
def test_a_from_that_can_be_read_in_two_ways_is_refused(sender: str) -> None:
    """Quotes, brackets, commas, escapes and parameters in any order."""
    if admitted(request(sender)) is not None:
        quoted_away = re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", sender)
        assert users(quoted_away) == {OWN}


@bounded
@given(text=st.text(max_size=400))
def test_any_text_is_refused_in_words_or_read(text: str) -> None:
    admitted(text)
    sip.is_keep_alive(text)
    sip.user_of(text)
    sip.parameter(text, "tag")
