"""Injected time. Nothing else in the product asks the operating system what time it is.

All date-times are aware and in UTC; the organisation's time zone is applied only where a person reads them
(domain rule 2.5 h).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What services need to know about time."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC date-time."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment as an aware UTC date-time."""
        return datetime.now(UTC)


class FakeClock:
    """A clock that moves only when told to: for tests and for replaying recorded events."""

    def __init__(self, start: datetime) -> None:
        self._now = require_aware(start)

    def now(self) -> datetime:
        """Return the moment this clock was last set to."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward by ``by`` and return the new moment."""
        self._now += by
        return self._now


def require_aware(moment: datetime) -> datetime:
    """Return ``moment`` unchanged; raise ``ValueError`` when it carries no time zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        msg = f"naive date-time {moment.isoformat()}"
        raise ValueError(msg)
    return moment
