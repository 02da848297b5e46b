"""What may be deleted, and when (domain 3.4: recordings have a term; a legal hold stops it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days recordings are kept: of a queue, or of everything else."""

    default_days: int
    queue_days: Mapping[str, int] = field(default_factory=dict)

    def days(self, queue: str | None) -> int:
        """Return the term of a call that came through ``queue`` (``None``: through none)."""
        return self.queue_days.get(queue, self.default_days) if queue is not None else self.default_days

    def shortest(self) -> int:
        """Return the shortest term: what is younger than it need not be looked at."""
        return min(self.default_days, *self.queue_days.values()) if self.queue_days else self.default_days


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that is on disk. ``needed`` says that an appeal that still runs refers to its call."""

    call_key: str
    queue: str | None
    recorded_at: datetime
    held: bool
    needed: bool


def is_due(one: Kept, terms: Terms, now: datetime) -> bool:
    """Tell whether the time of a recording is over and nothing keeps it."""
    return not one.held and not one.needed and one.recorded_at + timedelta(days=terms.days(one.queue)) <= now
