"""When to remind of a deadline (domain 2.5): 3 days, 1 day, at the end; an oral appeal at 50 and 90 percent. Pure.

A reminder by days comes in the morning, and one that falls on a day off comes on the working day before. Which of the
two ladders an appeal climbs is told by its span alone, so an oral appeal whose deadline was extended by days is
reminded of by days.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hotline.clock import require_aware
from hotline.journal.deadlines import Calendar, reminder_day

MORNING = time(9)
"""Local time of reminders by days and of the daily digest."""
BY_HOURS = timedelta(hours=48)
"""Spans up to this are reminded of by their share, longer ones by days."""
SOON_DAYS = 3
LONGEST_HOLIDAY = 31
"""Days over which the working day before is looked for; no holidays are longer."""


class Stage(StrEnum):
    """The steps of both ladders, in the order in which they come."""

    SOON = "soon"  # three days before
    TOMORROW = "tomorrow"  # one day before
    HALF = "half"  # 50 percent of the time is over
    NEARLY = "nearly"  # 90 percent of it
    DUE = "due"  # all of it


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and its moment."""

    stage: Stage
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """What to do now: ``tell`` the last stage reached, and write down ``passed`` without a word."""

    tell: Stage
    passed: tuple[Stage, ...]


def ladder(base: datetime, due_at: datetime, zone: ZoneInfo, calendar: Calendar) -> tuple[Step, ...]:
    """Return the reminders of a deadline, earliest first.

    :param base: where the clock started (``Deadline.base``).
    """
    span = require_aware(due_at) - require_aware(base)
    if span <= BY_HOURS:
        return (
            Step(Stage.HALF, base + span * 0.5),
            Step(Stage.NEARLY, base + span * 0.9),
            Step(Stage.DUE, due_at),
        )
    return (
        Step(Stage.SOON, _morning(reminder_day(due_at, SOON_DAYS, zone, calendar), zone, due_at)),
        Step(Stage.TOMORROW, _morning(reminder_day(due_at, 1, zone, calendar), zone, due_at)),
        Step(Stage.DUE, due_at),
    )


def telling(steps: tuple[Step, ...], sent: AbstractSet[str], now: datetime) -> Telling | None:
    """Return what is to be said now, ``None`` when nothing is.

    After a time in which nobody looked several stages may have come; people hear of the last one only.
    """
    reached = [step.stage for step in steps if step.at <= now and step.stage not in sent]
    if not reached or any(later in sent for later in _after(steps, reached[-1])):
        return None
    return Telling(reached[-1], tuple(reached[:-1]))


def _after(steps: tuple[Step, ...], stage: Stage) -> list[Stage]:
    order = [step.stage for step in steps]
    return order[order.index(stage) + 1 :]


def horizon(now: datetime, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """Return the latest deadline of which anybody may have to be reminded at ``now``."""
    today = now.astimezone(zone).date()
    day = today + timedelta(days=SOON_DAYS)
    for _ in range(LONGEST_HOLIDAY):
        following = day + timedelta(days=1)
        if calendar.previous_working(following - timedelta(days=SOON_DAYS)) > today:
            break
        day = following
    return datetime.combine(day, time.max, zone)


def is_digest_time(now: datetime, zone: ZoneInfo, calendar: Calendar) -> date | None:
    """Return the day whose digest is due: a working day, from the morning on; ``None`` otherwise."""
    local = now.astimezone(zone)
    return local.date() if calendar.is_working(local.date()) and local.time() >= MORNING else None


def _morning(day: date, zone: ZoneInfo, like: datetime) -> datetime:
    return datetime.combine(day, MORNING, zone).astimezone(like.tzinfo)
