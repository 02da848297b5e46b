"""What webhooks speak about: data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What another system may be told of. Ids, phases and times only: no personal data (DAY-29)."""

    APPEAL_CREATED = "appeal.created"
    APPEAL_MOVED = "appeal.moved"
    """A move of the process profile was made: the phase, the owner or whom it waits for may be others now."""
    APPEAL_CHANGED = "appeal.changed"
    """Its text or properties were changed."""
    APPEAL_OVERDUE = "appeal.overdue"
    CALL_ENDED = "call.ended"
    DUTY_CREATED = "duty.created"
    """A citizen was not served: he must be called back."""
    DUTY_CHANGED = "duty.changed"
    PING = "ping"
    """Asked for by an administrator, to see whether it arrives."""


SUBSCRIBED = tuple(kind for kind in EventKind if kind is not EventKind.PING)
"""What a webhook can be made for."""


@dataclass(frozen=True, slots=True)
class MessagesWait:
    """Published on the bus after a transaction that wrote messages."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; an administrator may send it again."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be told. ``id`` is the same however often it is sent: receivers drop repetitions by it."""

    id: str
    kind: EventKind
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscription as administrators see it.

    :ivar off_at: when it was switched off; ``None``: it works.
    :ivar off_reason: ``""``: by an administrator; else what went wrong.
    """

    id: int
    title: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    off_at: datetime | None
    off_reason: str
    version: int
    waiting: int = 0
    rotated_until: datetime | None = None
    """The secret before signs as well until then."""


@dataclass(frozen=True, slots=True)
class HookForm:
    """A subscription as its form was sent."""

    title: str = ""
    url: str = ""
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the log of deliveries."""

    id: int
    message_id: str
    kind: str
    body: str
    state: DeliveryState
    created_at: datetime
    attempts: int
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_problem: str
