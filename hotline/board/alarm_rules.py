"""When an alarm goes off, when it is over and how often anybody is told (DAY-34, DAY-36). Pure.

A figure that dances around its threshold must not ring all day: it must be bad for a while before the alarm goes off
(``hold_s``), clearly good again before it is over (hysteresis), and nobody is told more often than ``repeat_min``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is watched."""

    WAITING = "waiting"  # citizens in a queue, more than
    LONGEST = "longest"  # the longest wait now, seconds, more than
    SERVICE_LEVEL = "service_level"  # of the last hour, per cent, less than
    NOBODY_READY = "nobody_ready"  # nobody is free while citizens wait or operators are at work
    OVER_LIMIT = "over_limit"  # a pause is over its limit by more than, seconds (DAY-36)
    ONE_WAY = "one_way"  # an operator's call sounds one way
    LOST = "lost"  # an operator's telephone is gone for more than, seconds (DAY-16)


OF_QUEUES = frozenset({Kind.WAITING, Kind.LONGEST, Kind.SERVICE_LEVEL, Kind.NOBODY_READY})
"""Their subject is a queue; that of the others an operator."""
WITHOUT_THRESHOLD = frozenset({Kind.NOBODY_READY, Kind.ONE_WAY})
LIMITS = {Kind.WAITING: 999, Kind.LONGEST: 86_400, Kind.SERVICE_LEVEL: 100, Kind.OVER_LIMIT: 86_400, Kind.LOST: 86_400}
"""The largest threshold of each kind."""
BACK = 0.8
"""A figure is good again at this share of its threshold."""
BACK_POINTS = 5.0
"""A service level, this many points above it."""
CALM = timedelta(seconds=10)
"""For how long it must be good again."""
MAIL_LIMIT = 10
"""Addresses of one rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm watches. ``queue`` ``None``: every queue. ``organisation_id``: whose queues and operators.

    :ivar hold_s: seconds for which it must be bad.
    :ivar repeat_min: minutes before anybody is told again, of the same alarm or of the next one.
    """

    id: int
    kind: Kind
    threshold: float
    organisation_id: int | None = None
    queue: str | None = None
    hold_s: int = 0
    repeat_min: int = 15
    sound: bool = True
    emails: tuple[str, ...] = ()
    version: int = 1


class Step(StrEnum):
    """What follows from a look."""

    RAISED = "raised"
    REMINDED = "reminded"  # still bad, nobody has confirmed it
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one rule stands with one subject.

    :ivar bad_since: since when the figure has been bad without a break, while the alarm is silent.
    :ivar good_since: since when it has been good, while the alarm is on.
    :ivar told_at: when somebody was told last, whether or not the alarm is still on.
    """

    bad_since: datetime | None = None
    good_since: datetime | None = None
    raised_at: datetime | None = None
    told_at: datetime | None = None
    seen: bool = False

    @property
    def idle(self) -> bool:
        """Nothing to remember but whom one told."""
        return self.bad_since is None and self.raised_at is None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where the alarm stands after a look, what happened, and whether people are told (e-mail, sound)."""

    standing: Standing
    step: Step | None = None
    tell: bool = field(default=False)


def bad(rule: Rule, value: float | None) -> bool:
    """Tell whether a figure calls for an alarm; ``None``: there is no figure."""
    if value is None:
        return False
    if rule.kind in WITHOUT_THRESHOLD:
        return value > 0
    return value < rule.threshold if rule.kind is Kind.SERVICE_LEVEL else value > rule.threshold


def good(rule: Rule, value: float | None) -> bool:
    """Tell whether a figure is clearly good again."""
    if value is None:
        return True
    if rule.kind in WITHOUT_THRESHOLD:
        return value <= 0
    if rule.kind is Kind.SERVICE_LEVEL:
        return value >= min(100.0, rule.threshold + BACK_POINTS)
    return value <= rule.threshold * BACK


def judge(rule: Rule, before: Standing, value: float | None, now: datetime) -> Judgement:
    """Look at a figure once."""
    return _silent(rule, before, value, now) if before.raised_at is None else _ringing(rule, before, value, now)


def _may_tell(rule: Rule, before: Standing, now: datetime) -> bool:
    return before.told_at is None or now - before.told_at >= timedelta(minutes=rule.repeat_min)


def _silent(rule: Rule, before: Standing, value: float | None, now: datetime) -> Judgement:
    if not bad(rule, value):
        return Judgement(replace(before, bad_since=None))
    since = before.bad_since or now
    if now - since < timedelta(seconds=rule.hold_s):
        return Judgement(replace(before, bad_since=since))
    tell = _may_tell(rule, before, now)
    return Judgement(Standing(raised_at=now, told_at=now if tell else before.told_at), Step.RAISED, tell=tell)


def _ringing(rule: Rule, before: Standing, value: float | None, now: datetime) -> Judgement:
    if good(rule, value):
        since = before.good_since or now
        if now - since < CALM:
            return Judgement(replace(before, good_since=since))
        return Judgement(Standing(told_at=before.told_at), Step.CLEARED)
    after = replace(before, good_since=None)
    if bad(rule, value) and not before.seen and _may_tell(rule, before, now):
        return Judgement(replace(after, told_at=now), Step.REMINDED, tell=True)
    return Judgement(after)
