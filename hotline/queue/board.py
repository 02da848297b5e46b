"""The live picture of the hotline: who does what, and how long citizens wait (DAY-34)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.cti.model import QueueChanged
from hotline.queue.model import Operator, OperatorState


@dataclass(frozen=True, slots=True)
class Presence:
    """What anybody may see of an internal number."""

    extension: str
    state: OperatorState
    since: datetime


@dataclass(frozen=True, slots=True)
class QueueLine:
    """The waiting line of one queue, over all Asterisk servers."""

    queue: str
    waiting: int
    oldest_at: datetime | None
    """When the first of those who wait joined; ``None`` when nobody waits."""


@dataclass(frozen=True, slots=True)
class Board:
    """Everything at one moment. ``presence`` is by extension; an extension that is not in it is offline."""

    operators: tuple[Operator, ...]
    presence: dict[str, Presence]
    queues: tuple[QueueLine, ...]
    unapplied: frozenset[int]
    """Ids of the users whose membership of the queues Asterisk has not confirmed."""


def presence_of(operator: Operator) -> Presence:
    """Return the public part of an operator."""
    return Presence(operator.extension, operator.state, operator.since)


class QueueLines:
    """The last known waiting line of each queue on each server. Sets, never counts."""

    def __init__(self, queues: tuple[str, ...] = ()) -> None:
        """``queues`` appear on the board even before anybody has called."""
        self._known = dict.fromkeys(queues)
        self._facts: dict[tuple[str, str], QueueChanged] = {}

    def set(self, fact: QueueChanged) -> None:
        """Take the newest fact about one queue on one server."""
        self._known[fact.queue] = None
        self._facts[fact.asterisk, fact.queue] = fact

    def lines(self) -> tuple[QueueLine, ...]:
        """Return one line for each queue, in the order in which they became known."""
        return tuple(self._line(queue) for queue in self._known)

    def _line(self, queue: str) -> QueueLine:
        facts = [fact for fact in self._facts.values() if fact.queue == queue]
        oldest = [fact.oldest_at for fact in facts if fact.waiting and fact.oldest_at is not None]
        return QueueLine(queue, sum(fact.waiting for fact in facts), min(oldest, default=None))


def seen_of(operator: Operator) -> tuple[object, ...]:
    """Return what people see of an operator: a change of it is told."""
    planned = operator.pause.reason if operator.pause is not None else None
    return (*logged_of(operator), planned, operator.since, operator.limit_at, operator.over_limit)


def logged_of(operator: Operator) -> tuple[object, ...]:
    """Return what begins a new line of the log of states when it changes."""
    return operator.state, operator.reason, operator.call_key
