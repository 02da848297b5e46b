"""What the board hands out: the picture and its changes. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hotline.board.figures import Goal, Tally
from hotline.board.operators import OperatorLine
from hotline.queue.board import QueueLine
from hotline.staff.model import Right, User
from hotline.staff.sight import Reach


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose part of the board somebody sees: one organisation's, or all (``organisation_id`` ``None``)."""

    organisation_id: int | None

    def covers(self, organisation_id: int | None) -> bool:
        """Tell whether a row of this organisation is in it; a row of no organisation is for who sees all."""
        return self.organisation_id is None or self.organisation_id == organisation_id


def scope_of(user: User) -> Scope | None:
    """Return what ``user`` sees of the board (domain 2.8); ``None``: nothing at all."""
    return _reach(user) if user.may(Right.CALL_MONITOR) else None


def wall_scope_of(user: User) -> Scope | None:
    """Return whose figures ``user`` sees on a wallboard, where nobody is named; ``None``: nobody's."""
    return _reach(user) if user.may(Right.BOARD_WALL) or user.may(Right.CALL_MONITOR) else None


def _reach(user: User) -> Scope | None:
    if user.sight.calls.covers(Reach.ACTIVE):
        return Scope(None)
    return Scope(user.organisation.id) if user.sight.calls.covers(Reach.ORGANISATION) else None


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue now and today. ``ready`` and ``at_work`` count its operators; ``queue`` is its code."""

    queue: str
    organisation_id: int | None
    line: QueueLine
    goal: Goal
    today: Tally
    ready: int = 0
    at_work: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last look, whole rows: setting them twice is setting them once."""

    queues: tuple[QueueFigures, ...] = ()
    operators: tuple[OperatorLine, ...] = ()
    gone: tuple[OperatorLine, ...] = ()
    slots: tuple[tuple[str, int, Tally], ...] = ()
    restarted: bool = False
    """A new day began, or the goals changed: take a new picture instead."""

    @property
    def nothing(self) -> bool:
        """Tell whether there is anything to say."""
        return not (self.queues or self.operators or self.gone or self.slots or self.restarted)


@dataclass(frozen=True, slots=True)
class QueueSetting:
    """What the administration says of a queue. ``organisation_id`` ``None``: it is the hotline's own organisation's."""

    queue: str
    goal: Goal = field(default_factory=Goal)
    organisation_id: int | None = None
    version: int = 0


def owner_of(setting: QueueSetting | None, home: int | None) -> int | None:
    """Return the organisation whose queue it is; ``home`` is the hotline's own, whose queues are all of which nobody
    has said anything else. The board, statistics and the page of goals ask here."""
    return home if setting is None or setting.organisation_id is None else setting.organisation_id


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """An alarm as history keeps it. ``subject`` is a queue, or the id of an operator; ``value`` the worst seen."""

    id: int
    rule_id: int
    kind: str
    subject: str
    title: str
    organisation_id: int | None
    value: float
    threshold: float
    sound: bool
    raised_at: datetime
    cleared_at: datetime | None = None
    seen_at: datetime | None = None
    seen_by: str = ""
    mailed_at: datetime | None = None
