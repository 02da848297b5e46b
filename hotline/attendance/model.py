"""Shifts as planned and work as it was: data only (domain 2.2, "Shift"). All moments are aware and in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum


class ShiftKind(StrEnum):
    """What sort of shift it is (S001A-14)."""

    DAY = "day"
    NIGHT = "night"
    SHORT = "short"
    DUTY = "duty"


class AbsenceReason(StrEnum):
    """Why somebody is rightly away for whole days (S001A-13)."""

    LEAVE = "leave"
    SICK = "sick"
    TRAINING = "training"
    UNPAID = "unpaid"
    OTHER = "other"


class Doing(StrEnum):
    """What the log of states says of attendance; who is offline is doing nothing."""

    WORK = "work"
    PAUSE = "pause"
    LOST = "lost"


class Standing(StrEnum):
    """How somebody stands to his plan of a day."""

    OFF = "off"  # nothing planned, nothing worked
    EXPECTED = "expected"  # his shift has not begun, or only just
    MISSING = "missing"  # should be here now, and has not come
    AWAY = "away"  # should be here now, and has gone
    PRESENT = "present"
    DONE = "done"
    ABSENT = "absent"  # the shift is over and he never came
    EXCUSED = "excused"  # on leave, sick…
    UNPLANNED = "unplanned"  # works, or worked, without a plan


HOLES = frozenset({Standing.MISSING, Standing.AWAY})
"""Who should be here now and is not."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When one works on a day, by the clock on the wall. ``ends`` at or before ``starts`` is on the next day.

    :ivar break_min: minutes of breaks that the shift allows.
    """

    starts: time
    ends: time
    kind: ShiftKind = ShiftKind.DAY
    break_min: int = 0

    @property
    def overnight(self) -> bool:
        """Whether it ends on the next day."""
        return self.ends <= self.starts


@dataclass(frozen=True, slots=True)
class Shift:
    """The planned shift of one person that begins on ``day`` of his organisation."""

    user_id: int
    day: date
    slot: Slot
    starts_at: datetime
    ends_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which somebody did one thing. ``end`` ``None``: he still does, as far as the log knows."""

    doing: Doing
    start: datetime
    end: datetime | None
    reason: str = ""
    """Code of the pause's reason."""
    single: bool = True
    """One line of the log: when that is too long it is doubted, several in a row are not."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch that counts, with a known end. ``present``: it goes on at this moment."""

    doing: Doing
    start: datetime
    end: datetime
    reason: str = ""
    present: bool = False
    doubtful: bool = False
    """It was longer than anybody does one thing, and was cut: the service was away in it."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is not worth a word, and what cannot be true."""

    late: timedelta = timedelta(minutes=5)
    early: timedelta = timedelta(minutes=5)
    overtime: timedelta = timedelta(minutes=10)
    near: timedelta = timedelta(hours=2)
    """Work that ends so shortly before a shift, or begins so shortly after it, belongs to it."""
    longest: timedelta = timedelta(hours=12)
    """Nobody is in one state longer than this without a sign of life."""


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody did of a shift, or without one. Times in seconds.

    :ivar first_ready: when he was first ready for calls.
    :ivar left_at: when he was last there; ``None`` while he is, and when he never was.
    :ivar late_s: from the planned beginning to ``first_ready``, or until now; 0 within the tolerance.
    :ivar early_s: from ``left_at`` to the planned end, once it is over.
    :ivar overtime_s: there after the planned end.
    :ivar away_s: offline between coming and going, within the plan.
    :ivar pauses: by code of their reason.
    :ivar break_over_s: breaks beyond what the shift allows.
    """

    first_ready: datetime | None = None
    left_at: datetime | None = None
    present: bool = False
    worked_s: float = 0
    late_s: float = 0
    early_s: float = 0
    overtime_s: float = 0
    away_s: float = 0
    lost_s: float = 0
    pauses: Mapping[str, float] = field(default_factory=dict)
    break_s: float = 0
    break_over_s: float = 0
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One person's day: plan, excuse, work, and how they fit."""

    day: date
    shift: Shift | None
    excuse: str | None
    """Code of the reason for which he is away (:class:`AbsenceReason`)."""
    account: Account
    standing: Standing
    pieces: tuple[Piece, ...] = ()
