"""What statistics are made of and what comes out of them. Pure data; seconds are floats, moments are aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

TOTAL = ""
"""Key of the row over everything."""


class Group(StrEnum):
    """What the rows of a table stand for."""

    DAY = "day"  # key: ISO date of the organisation's day (DAY-42)
    HOUR = "hour"  # key: 00 … 23, local
    QUARTER = "quarter"  # key: 00:00 … 23:45, local
    QUEUE = "queue"  # key: the queue's name
    OPERATOR = "operator"  # key: the user's id
    TOPIC = "topic"  # key: code of the appeal's topic; a call with two appeals counts in both


TIMES = frozenset({Group.DAY, Group.HOUR, Group.QUARTER})


@dataclass(frozen=True, slots=True)
class Goal:
    """When an answer is in time, and when an abandoned call was none; in seconds (``board.figures.Goal``)."""

    answer_s: float = 20.0
    short_s: float = 5.0
    """Who hangs up within it has not waited: told apart, and no part of the service level."""


ANY = Goal()
"""Of a queue without a goal of its own."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: calls that began in [``start``, ``end``), by ``group`` in the days of ``zone``.

    :ivar people: ids of the operators whose work counts; ``None``: everybody's, and what nobody answered.
    :ivar owned: with ``people``: queues whose unanswered calls count as well, because they are theirs.
    """

    start: datetime
    end: datetime
    group: Group
    zone: ZoneInfo
    queue: str | None = None
    people: tuple[int, ...] | None = None
    owned: tuple[str, ...] = ()
    goals: Mapping[str, Goal] = field(default_factory=dict)

    def goal(self, queue: str | None) -> Goal:
        """Return the goal of a queue."""
        return self.goals.get(queue or "", ANY)


@dataclass(slots=True)
class Figures:
    """The counts and sums of one row. Ratios are ``None`` when there is nothing to divide by."""

    entered: int = 0  # incoming calls, whatever became of them
    out_of_hours: int = 0
    voicemail: int = 0
    callback: int = 0  # left the queue with the wish to be called back
    abandoned_ivr: int = 0  # hung up during the greeting
    offered: int = 0  # entries into a queue before anybody had talked with the citizen
    answered: int = 0
    in_goal: int = 0
    abandoned: int = 0
    short: int = 0  # abandoned within Goal.short_s
    left: int = 0  # led out of the queue by time, a digit or a rule
    again: int = 0  # entries of citizens whose operator was gone
    wait_s: float = 0.0  # of the answered, in all
    wait_p50: float | None = None
    wait_p95: float | None = None
    wait_max: float | None = None
    handled: int = 0  # conversations of incoming calls: each operator's part is one
    talk_s: float = 0.0  # without holds
    hold_s: float = 0.0
    wrap_s: float = 0.0
    outgoing: int = 0  # conversations of outgoing calls
    outgoing_s: float = 0.0
    consulted: int = 0
    completed: int = 0
    joined: int = 0
    cancelled: int = 0  # consultations after which the citizen stayed, without a talk of three
    blind: int = 0
    blind_done: int = 0
    asked: int = 0  # incoming calls whose citizen was asked after it how it was
    rated: int = 0  # … and gave 1 to 5
    low: int = 0  # … gave 1 or 2
    satisfied: int = 0  # … gave 4 or 5
    score_sum: int = 0  # of what they gave
    recommended: int = 0  # … who said 0 to 10, whether they would recommend the hotline
    promoters: int = 0  # … 9 or 10
    detractors: int = 0  # … 0 to 6
    lost: int = 0  # conversations in which the operator's browser was lost
    recovered: int = 0  # … and somebody talked with the citizen again
    ready_s: float = 0.0
    busy_s: float = 0.0  # ringing, talking, holding, wrapping up
    pause_s: float = 0.0

    @property
    def service_level(self) -> float | None:
        """Answered in time / (offered - short abandons), 0 … 1."""
        counted = self.offered - self.short
        return self.in_goal / counted if counted else None

    @property
    def abandoned_share(self) -> float | None:
        """Abandoned / (offered - short abandons), 0 … 1."""
        counted = self.offered - self.short
        return self.abandoned / counted if counted else None

    @property
    def wait_mean(self) -> float | None:
        """Mean wait of the answered, in seconds."""
        return self.wait_s / self.answered if self.answered else None

    @property
    def handling_s(self) -> float | None:
        """AHT: (talk + hold + wrap-up) / conversations, in seconds."""
        return (self.talk_s + self.hold_s + self.wrap_s) / self.handled if self.handled else None

    @property
    def occupancy(self) -> float | None:
        """Busy / (busy + ready), 0 … 1."""
        on_duty = self.busy_s + self.ready_s
        return self.busy_s / on_duty if on_duty else None

    @property
    def score_mean(self) -> float | None:
        """Mean of what citizens gave, 1 to 5."""
        return self.score_sum / self.rated if self.rated else None

    @property
    def csat(self) -> float | None:
        """Satisfied / rated, 0 … 1."""
        return self.satisfied / self.rated if self.rated else None

    @property
    def nps(self) -> float | None:
        """Promoters less detractors of a hundred who answered, -100 … 100."""
        return 100 * (self.promoters - self.detractors) / self.recommended if self.recommended else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows by key, in the order of their keys, and the row over all of them."""

    rows: dict[str, Figures]
    total: Figures
