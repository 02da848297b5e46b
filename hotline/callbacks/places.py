"""Whose turn it is when an operator becomes free: a citizen who waits on the line, or one who kept his place. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hotline.callbacks.model import OVER, Duty, Limits
from hotline.errors import BadInput
from hotline.journal.dialling import number_to_dial


@dataclass(frozen=True, slots=True)
class Place:
    """A kept place: the citizen stands in ``queue`` since ``since``, without being on the line."""

    duty_id: int
    number: str
    queue: str
    since: datetime
    not_before: datetime | None = None
    """He was called and not reached: not again before this moment."""


def may_be_called(number: str, limits: Limits) -> bool:
    """Tell whether operators may dial a number: abroad only when that is wanted: a missed call may be a trap."""
    try:
        number_to_dial(number, international=limits.international)
    except BadInput:
        return False
    return True


def place_of(duty_id: int, number: str | None, duty: Duty, limits: Limits, now: datetime) -> Place | None:
    """Return the place that a citizen keeps; ``None``: he has none, it was given up, or somebody cares for him."""
    if duty.asked_since is None or duty.state in OVER or duty.holder(now) is not None:
        return None
    if number is None or not may_be_called(number, limits):
        return None
    if duty.place_tries >= limits.place_tries:
        return None
    return Place(duty_id, number, duty.queue, duty.asked_since, duty.next_try_at)


def turn(
    places: Iterable[Place], queues: Iterable[str], oldest_waiting: datetime | None, now: datetime
) -> Place | None:
    """Return the place whose turn it is for an operator of ``queues``; ``None``: nobody's, or a waiting citizen's.

    :param oldest_waiting: since when the first citizen on the line waits in one of these queues.
    """
    mine = set(queues)
    ready = [one for one in places if one.queue in mine and (one.not_before is None or one.not_before <= now)]
    first = min(ready, key=lambda one: (one.since, one.duty_id), default=None)
    if first is None or (oldest_waiting is not None and oldest_waiting < first.since):
        return None
    return first
