"""Lays the journal's calls beside the logs' and names every difference. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from hotline.stats.seen import Seen, SeenWait

TOLERANCE_S = 1.0
"""queue_log has whole seconds, and an event and its CEL line differ by milliseconds: less is no difference."""
_UNANSWERED = frozenset({"no_answer", "busy", "failed"})


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait as the journal has it."""

    queue: str
    seconds: float
    result: str
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A call as the journal has it. ``talks``: extensions of its talks in turn; ``talked_s``: without holds."""

    key: str
    direction: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    operator: str | None
    talks: tuple[str, ...]
    talked_s: float
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two sources tell differently; the values are texts for people."""

    call_key: str
    what: str  # call, direction, started, ended, outcome, operators, talked, waits, wait N …
    journal: str
    logs: str


def compare(kept: Mapping[str, Kept], seen: Mapping[str, Seen]) -> list[Difference]:
    """Return all differences, by call."""
    found: list[Difference] = []
    for key in sorted(kept.keys() | seen.keys()):
        mine, theirs = kept.get(key), seen.get(key)
        if mine is None:
            found.append(Difference(key, "call", "—", theirs.outcome if theirs else ""))
        elif theirs is None:
            found.append(Difference(key, "call", mine.outcome, "—"))
        else:
            found += _call(mine, theirs)
    return found


def _call(mine: Kept, theirs: Seen) -> Iterator[Difference]:
    outcome = "unanswered" if theirs.direction == "out" and mine.outcome in _UNANSWERED else mine.outcome
    operator = theirs.operators[-1] if theirs.operators else mine.operator
    pairs: list[tuple[str, str, str]] = [
        ("direction", mine.direction, theirs.direction),
        ("started", *_moments(mine.started_at, theirs.started_at)),
        ("outcome", outcome, theirs.outcome),
        ("operator", mine.operator or "—", operator or "—"),
        ("operators", _line(mine.talks), _line(theirs.operators)),
    ]
    if theirs.ended_at is not None:  # otherwise Asterisk died in it: what followed is in no log
        pairs += _rest(mine, theirs)
    return (Difference(mine.key, what, one, other) for what, one, other in pairs if one != other)


def _rest(mine: Kept, theirs: Seen) -> Iterator[tuple[str, str, str]]:
    yield "ended", *_moments(mine.ended_at, theirs.ended_at)
    # Each talk begins and ends with an event and a line of its own.
    if abs(mine.talked_s - theirs.talked_s) > TOLERANCE_S * max(1, len(mine.talks)):
        yield "talked", f"{mine.talked_s:.1f} s", f"{theirs.talked_s:.1f} s"
    yield "waits", str(len(mine.waits)), str(len(theirs.waits))
    for place, (one, other) in enumerate(zip(mine.waits, theirs.waits, strict=False), 1):
        if _waits_differ(one, other):
            yield f"wait {place}", _wait(one), _seen_wait(other)


def _moments(one: datetime | None, other: datetime | None) -> tuple[str, str]:
    """Return both as text; the same text when they are the same moment."""
    if one is not None and other is not None and abs((one - other).total_seconds()) <= TOLERANCE_S:
        return "", ""
    return one.isoformat() if one else "—", other.isoformat() if other else "—"


def _waits_differ(one: Wait, other: SeenWait) -> bool:
    if one.queue != other.queue:
        return True
    if other.seconds is None:  # its end is in no line
        return False
    if one.result != other.result or abs(one.seconds - other.seconds) > TOLERANCE_S:
        return True
    return other.member.isdigit() and one.user_id is not None and one.user_id != int(other.member)


def _wait(wait: Wait) -> str:
    return f"{wait.queue} {wait.seconds:.1f} s {wait.result} {wait.user_id or ''}".strip()


def _seen_wait(wait: SeenWait) -> str:
    return (
        f"{wait.queue} {wait.seconds:.0f} s {wait.result} {wait.member}".strip()
        if wait.seconds is not None
        else wait.queue
    )


def _line(operators: Iterable[str]) -> str:
    """Return who talked in turn; an operator who comes back to his own citizen talks on."""
    turns: list[str] = []
    for one in operators:
        if not turns or turns[-1] != one:
            turns.append(one)
    return " → ".join(turns) or "—"
