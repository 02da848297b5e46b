"""Who hung up is read from the messages of the citizen's own telephone."""

from __future__ import annotations

import pytest

from tests.chaos.facts import By
from tests.chaos.trace import citizens

LINE = "-" * 47


def message(way: str, first: str, method: str, *, second: int, call: str = "1-42@127.0.0.2", more: str = "") -> str:
    body = f"{first}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n{more}Content-Length: 0\r\n\r\n"
    return (
        f"{LINE} 2026-11-22\t23:00:{second:02d}.500000\t1763852400.500000\nUDP message {way} [400] bytes:\n\n{body}\n"
    )


REFUSAL = message("received", "SIP/2.0 503 Service Unavailable", "INVITE", second=2)
INVITE = message("sent", "INVITE sip:88001000000@127.0.0.1:5060 SIP/2.0", "INVITE", second=1)
OK = message("received", "SIP/2.0 200 OK", "INVITE", second=2)
BYE = "BYE sip:79280001122@127.0.0.2 SIP/2.0"
GOODBYE = message("received", BYE, "BYE", second=9, more="Reason: Q.850;cause=16\r\n")


@pytest.mark.parametrize(
    ("trace", "answered", "by", "why"),
    [
        (INVITE, False, By.REFUSED, ""),
        (INVITE + REFUSAL, False, By.REFUSED, "503 Service Unavailable"),
        (INVITE + OK, True, By.NOBODY, ""),
        (INVITE + OK + message("sent", BYE, "BYE", second=9), True, By.CITIZEN, ""),
        (INVITE + OK + GOODBYE, True, By.HOTLINE, "Q.850;cause=16"),
        (INVITE + message("sent", "CANCEL sip:1@127.0.0.1 SIP/2.0", "CANCEL", second=2), False, By.CITIZEN, ""),
    ],
)
def test_who_ended_a_call(trace: str, *, answered: bool, by: By, why: str) -> None:
    [one] = citizens(trace)
    assert (one.answered, one.by, one.why) == (answered, by, why)


def test_the_first_goodbye_counts() -> None:
    """Both say BYE at once: whoever was first."""
    both = message("received", BYE, "BYE", second=8) + message("sent", BYE, "BYE", second=9)
    [one] = citizens(INVITE + OK + both)
    assert one.by is By.HOTLINE
    assert one.ended_at is not None
    assert one.ended_at.second == 8


def test_calls_are_told_apart() -> None:
    other = message("sent", "INVITE sip:8@127.0.0.1 SIP/2.0", "INVITE", second=3, call="2-42@127.0.0.2")
    found = citizens(INVITE + other + OK)
    assert [(one.call_id, one.answered) for one in found] == [("1-42@127.0.0.2", True), ("2-42@127.0.0.2", False)]
