"""What SIPp wrote down of its calls (``-trace_msg``): who ended each of them, and when. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from tests.chaos.facts import By, Citizen

_MESSAGE = re.compile(
    r"^-{10,} (?P<at>\d{4}-\d\d-\d\d[\tT ]\d\d:\d\d:\d\d\.\d+).*\n"
    r"UDP message (?P<way>sent|received) ?\[\d+\] bytes ?:\s*\n+"
    r"(?P<first>\S.*)\n(?P<rest>(?:.+\n)*)",
    re.MULTILINE,
)
_CALL = re.compile(r"^Call-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_METHOD = re.compile(r"^CSeq:\s*\d+\s+(\w+)", re.MULTILINE | re.IGNORECASE)
_REASON = re.compile(r"^(?:Reason|X-Asterisk-HangupCause):\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)


def citizens(trace: str) -> list[Citizen]:
    """Return each call of the trace in the order of placing. SIPp writes the machine's time; the stand's is UTC."""
    found: dict[str, Citizen] = {}
    for message in _MESSAGE.finditer(trace.replace("\r\n", "\n")):
        call = _CALL.search(message["rest"])
        if call is None:
            continue
        at = datetime.fromisoformat(message["at"].replace("\t", " ")).replace(tzinfo=UTC)
        known = found.get(call[1])
        if known is None:
            if message["way"] == "sent" and message["first"].startswith("INVITE "):
                found[call[1]] = Citizen(call[1], at, answered=False, by=By.REFUSED)
            continue
        found[call[1]] = _after(known, message["way"], message["first"], message["rest"], at)
    return list(found.values())


def _after(one: Citizen, way: str, first: str, rest: str, at: datetime) -> Citizen:
    """Return what is known of a call after one more message of it."""
    method = _METHOD.search(rest)
    if way == "received" and method is not None and method[1] == "INVITE" and not one.answered:
        status = _status(first)
        if status == 200:
            return replace(one, answered=True, by=By.NOBODY)
        if status >= 300:
            return replace(one, ended_at=at, why=first.removeprefix("SIP/2.0 ").strip())
    if one.by is By.NOBODY and first.startswith("BYE "):
        reason = _REASON.search(rest)
        by = By.CITIZEN if way == "sent" else By.HOTLINE
        return replace(one, by=by, ended_at=at, why=reason[1] if reason else "")
    if way == "sent" and first.startswith("CANCEL ") and not one.answered:
        return replace(one, by=By.CITIZEN, ended_at=at)
    return one


def _status(first: str) -> int:
    words = first.split()
    return int(words[1]) if first.startswith("SIP/2.0 ") and words[1].isdigit() else 0
