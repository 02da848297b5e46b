"""When an appeal must be answered (S000-65, domain 2.5). Pure: rules, calendar and time zone are passed in.

Day N counts from the day after registration; the deadline is its last second in the organisation's time zone. Hours
count from the appeal itself, around the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hotline.clock import require_aware
from hotline.journal.model import Form

_DAY_END = time(23, 59, 59)


class Unit(StrEnum):
    """What a rule's amount counts."""

    HOUR = "hour"
    DAY = "day"  # calendar days
    WORKING_DAY = "working_day"


class Shift(StrEnum):
    """What happens to a deadline that falls on a day off (rule b)."""

    NONE = "none"
    PREVIOUS = "prev_working"
    NEXT = "next_working"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that differ from the ordinary week, in which Saturday and Sunday are off (rule f)."""

    days: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Tell whether people work on ``day``."""
        return self.days.get(day, day.weekday() < 5)

    def previous_working(self, day: date) -> date:
        """Return ``day`` or the last working day before it."""
        while not self.is_working(day):
            day -= timedelta(days=1)
        return day

    def next_working(self, day: date) -> date:
        """Return ``day`` or the first working day after it."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def add_working(self, day: date, amount: int) -> date:
        """Return the ``amount``-th working day after ``day``."""
        for _ in range(amount):
            day = self.next_working(day + timedelta(days=1))
        return day


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One row of the table. ``None`` in a condition means "does not matter"; the lowest ``priority`` that fits wins."""

    code: str
    priority: int
    amount: int
    unit: Unit
    form: Form | None = None
    to_head_of_region: bool | None = None
    urgent: bool | None = None
    topic: str | None = None
    shift: Shift = Shift.NONE
    max_extension_days: int = 0

    def fits(self, facts: Facts) -> bool:
        """Tell whether this rule speaks about such an appeal."""
        return (
            self.form in {None, facts.form}
            and self.to_head_of_region in {None, facts.to_head_of_region}
            and self.urgent in {None, facts.urgent}
            and self.topic in {None, facts.topic}
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at."""

    form: Form
    appeal_at: datetime
    registered_at: datetime
    to_head_of_region: bool = False
    urgent: bool = False
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, and the rule that set it. ``base`` is where the clock started."""

    due_at: datetime
    rule: DeadlineRule
    base: datetime


def deadline(
    facts: Facts, rules: Iterable[DeadlineRule], zone: ZoneInfo, calendar: Calendar | None = None
) -> Deadline | None:
    """Apply the first rule that fits; ``None`` when none does."""
    calendar = calendar or Calendar()
    fitting = [rule for rule in rules if rule.fits(facts)]
    if not fitting:
        return None
    rule = min(fitting, key=lambda rule: rule.priority)
    if rule.unit is Unit.HOUR:
        base = require_aware(facts.appeal_at)
        return Deadline(base + timedelta(hours=rule.amount), rule, base)
    base = require_aware(facts.registered_at)
    day = base.astimezone(zone).date()
    if rule.unit is Unit.WORKING_DAY:
        day = calendar.add_working(day, rule.amount)
    else:
        day += timedelta(days=rule.amount)
    return Deadline(_end_of(_shifted(day, rule.shift, calendar), zone, base), rule, base)


def extended(due_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the moment that an extension offers: ``days`` later, at the end of the day (rule e)."""
    return _end_of(due_at.astimezone(zone).date() + timedelta(days=days), zone, due_at)


def reminder_day(due_at: datetime, days_before: int, zone: ZoneInfo, calendar: Calendar) -> date:
    """Return the day of a reminder; one that falls on a day off moves to the working day before (rule b)."""
    return calendar.previous_working(due_at.astimezone(zone).date() - timedelta(days=days_before))


def _shifted(day: date, shift: Shift, calendar: Calendar) -> date:
    if shift is Shift.PREVIOUS:
        return calendar.previous_working(day)
    if shift is Shift.NEXT:
        return calendar.next_working(day)
    return day


def _end_of(day: date, zone: ZoneInfo, like: datetime) -> datetime:
    return datetime.combine(day, _DAY_END, zone).astimezone(like.tzinfo)
