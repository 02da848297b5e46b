"""Pure rules of the AMI link: how long it waits, when it tries again, what it may send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hotline.errors import BadInput

Value = str | int | Sequence[str]
"""A header's value; a sequence repeats the header."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the link waits for things, in seconds."""

    connect: float = 5.0
    login: float = 5.0
    boot: float = 60.0
    """From the login to FullyBooted: Asterisk accepts managers while it is still loading modules."""
    ping_every: float = 10.0
    pong: float = 5.0
    """A peer that does not answer a ping in this time is taken for dead."""
    reply: float = 5.0
    list: float = 15.0
    first_retry: float = 0.5
    longest_retry: float = 10.0
    """Thirty seconds after a network is back the journal must be whole, however long it was away (docs/chaos.md)."""
    refused_retry: float = 30.0
    """A wrong secret needs a person: ask rarely, or the log and fail2ban fill up."""


def retry_delay(attempt: int, timing: Timing, chance: float) -> float:
    """Return how long to wait before the ``attempt``-th retry in a row (0 is the first).

    Doubles up to the longest; ``chance`` (0…1) spreads it over its upper half, so that many services do not come
    back to one Asterisk at the same moment.
    """
    whole = min(timing.longest_retry, timing.first_retry * 2.0 ** min(attempt, 30))
    return whole * (0.5 + chance / 2)


@dataclass(slots=True)
class LinkCounts:
    """What the link went through since it was made."""

    connections: int = 0
    losses: int = 0
    refusals: int = 0
    silences: int = 0  # ping deadlines missed
    late_replies: int = 0  # answers to actions that nobody waits for any more
    handler_errors: int = 0


def clean(action: Mapping[str, Value]) -> dict[str, Value]:
    """Check every value and complete what AMI would otherwise punish.

    :raises BadInput: a line break in a value would be a header of its own.
    """
    headers: dict[str, Value] = {}
    for name, value in action.items():
        for part in [value] if isinstance(value, str | int) else value:
            if any(mark in f"{name}{part}" for mark in "\r\n\0"):
                raise BadInput("a value for Asterisk contains a line break", details={name: "line break"})
        headers[name] = value if isinstance(value, str | int) else list(value)
    if headers.get("Action") == "Originate":
        # Without Async the whole session waits until somebody answers (telephony.md 1.5).
        headers["Async"] = "true"
    return headers
