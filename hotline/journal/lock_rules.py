"""Who may edit an appeal now (domain 2.7): a soft lock of a minute, renewed by the page that holds it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LAPSES = timedelta(seconds=60)
"""A lock that nobody renewed for so long is nobody's."""
RENEW_S = 20
"""How often a page renews its lock, in seconds: two losses on the way do no harm."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A page in which somebody edits. ``tab`` is a random name of it."""

    user_id: int
    tab: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as it is stored."""

    holder: Holder
    renewed_at: datetime

    def alive(self, now: datetime) -> bool:
        """Tell whether it still holds."""
        return now - self.renewed_at < LAPSES


@dataclass(frozen=True, slots=True)
class Decision:
    """``granted``: the one who asks has it from now on. ``may_take``: he would get it if he insisted."""

    granted: bool
    may_take: bool = False


def decide(lock: Lock | None, asks: Holder, now: datetime, *, insists: bool, admin: bool) -> Decision:
    """Decide who edits.

    A free or lapsed lock goes to who asks. A person may go on in another page of his own; an administrator may take
    over from anybody; both only when they say so.
    """
    if lock is None or not lock.alive(now) or lock.holder == asks:
        return Decision(granted=True)
    may_take = admin or lock.holder.user_id == asks.user_id
    return Decision(granted=may_take and insists, may_take=may_take)
