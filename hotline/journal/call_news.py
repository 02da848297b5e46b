"""What the memory of calls tells the rest of the product, and other systems. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """Published by the outbox when the end of a call is written down. Numbers of citizens are not in it.

    :ivar wait_s: seconds in queues; ``talk_s``: with operators.
    """

    key: str
    at: datetime
    direction: str
    queue: str | None
    outcome: str | None
    wait_s: float
    talk_s: float


@dataclass(frozen=True, slots=True)
class OutboxWaits:
    """Published by who wrote into the outbox but does not relay it himself."""
