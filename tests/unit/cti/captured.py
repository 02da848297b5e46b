"""Loads what the real Asterisk 22.10 said: tables of events, one line each, captured on the stand.

Columns: Timestamp, event, channel, dialled channel, our channel variables, other headers as ``Name=value``. A channel
is ``name|Uniqueid|Linkedid|ChannelState|CallerIDNum|Context|Exten``.
"""

from __future__ import annotations

from pathlib import Path

from hotline.cti.calls import CallTracker, Fact
from hotline.cti.events import Event, parse
from hotline.cti.framing import Message
from hotline.cti.model import CallEvent

DATA = Path(__file__).parent / "data"
_FIELDS = ("Channel", "Uniqueid", "Linkedid", "ChannelState", "CallerIDNum", "Context", "Exten")


def message(line: str) -> Message:
    """Make the message that one line of a table stands for."""
    timestamp, name, channel, dest, variables, *others = line.split("\t")
    headers = {"Event": name, "Timestamp": timestamp}
    repeated: dict[str, list[str]] = {}
    for prefix, text in (("", channel), ("Dest", dest)):
        if text != "-":
            headers |= {prefix + field: value for field, value in zip(_FIELDS, text.split("|"), strict=True)}
            repeated[prefix + "ChanVariable"] = variables.split(";")
    for other in others:
        key, _, value = other.partition("=")
        headers[key] = value
    return Message(headers, repeated)


def messages(scenario: str) -> list[Message]:
    """Return the messages of a captured scenario."""
    return [message(line) for line in (DATA / f"{scenario}.tsv").read_text().splitlines()]


def events(scenario: str) -> list[Event]:
    """Return the typed events of a captured scenario."""
    parsed = [parse(item) for item in messages(scenario)]
    return [event for event in parsed if event is not None]


def fold(scenario: str, tracker: CallTracker | None = None) -> list[Fact]:
    """Fold a captured scenario; return everything that came out."""
    tracker = tracker or CallTracker("pbx1")
    return [fact for event in events(scenario) for fact in tracker.apply(event)]


def story(facts: list[Fact]) -> list[str]:
    """Shorten call events to ``kind extension phase``."""
    return [
        f"{fact.kind.value.removeprefix('call.')} {fact.extension or '-'} {fact.call.phase}"
        for fact in facts
        if isinstance(fact, CallEvent)
    ]


def last_call(facts: list[Fact]) -> CallEvent:
    """Return the last call event."""
    return [fact for fact in facts if isinstance(fact, CallEvent)][-1]
