"""Words of quality: sheets, answers, reviews. Pure data (DAY-37; docs/quality.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

NOT_APPLICABLE = "na"
YES, NO = "yes", "no"
Answers = Mapping[str, str]
"""Code of a criterion → ``yes``, ``no``, ``na``, or the number of points on its scale."""


class CriterionKind(StrEnum):
    """How a criterion is answered."""

    YES_NO = "yes_no"
    SCALE = "scale"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question of a sheet.

    :ivar code: never changes through all editions of its sheet, so that reports can compare them.
    :ivar top: the most points of a scale, which begins at 0.
    :ivar weight: how much it counts beside the others, 1 to 100.
    :ivar fatal: ``no`` (or 0 points) makes the whole score 0.
    :ivar may_skip: may be answered ``na``; then it does not count.
    """

    code: str
    title: str
    hint: str = ""
    kind: CriterionKind = CriterionKind.YES_NO
    top: int = 5
    weight: int = 1
    fatal: bool = False
    may_skip: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """Criteria that belong together."""

    title: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What answers are worth. Percents are 0 to 100; ``None``: nothing applied.

    :ivar sections: title and percent of each section.
    :ivar missing, fatal: codes of criteria without an answer; of fatal ones that failed.
    """

    percent: float | None
    sections: tuple[tuple[str, float | None], ...]
    missing: tuple[str, ...]
    fatal: tuple[str, ...]


class State(StrEnum):
    """States of a review; drawn in docs/states.md."""

    DRAWN = "drawn"
    DRAFT = "draft"
    SKIPPED = "skipped"
    PUBLISHED = "published"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    SETTLED = "settled"


SEEN_BY_OPERATOR = (State.PUBLISHED, State.ACCEPTED, State.DISPUTED, State.SETTLED)
"""Before that the operator does not know that he is reviewed; these also count in reports."""


class Move(StrEnum):
    """What people do with a review."""

    TAKE = "take"
    RELEASE = "release"
    SAVE = "save"
    SKIP = "skip"
    PUBLISH = "publish"
    ACCEPT = "accept"
    DISPUTE = "dispute"
    CONFIRM = "confirm"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules ask of a review."""

    state: State
    operator_id: int
    reviewer_id: int | None
    calibration: bool = False


class Period(StrEnum):
    """How often calls are drawn."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark about a moment of the recording; ``at_s`` in seconds from its beginning."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A line of a review's history."""

    at: datetime
    who: str
    move: Move
    note: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A review in a list."""

    id: int
    state: State
    call_key: str
    started_at: datetime | None
    talk_s: float
    queue: str
    operator_id: int
    operator: str
    reviewer_id: int | None
    reviewer: str
    sheet: str
    percent: float | None
    rating: int | None
    published_at: datetime | None
    plan: str = ""
    calibration_id: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review as its page shows it."""

    line: ReviewLine
    version: int
    edition: int
    sections: tuple[Section, ...]
    answers: Answers
    comments: tuple[Comment, ...]
    summary: str
    score: Score
    history: tuple[MoveLine, ...]
    recorded: bool
    disposition: str
    appeals: tuple[tuple[int, str], ...]
    recommends: int | None = None


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A sheet in its newest edition."""

    id: int
    title: str
    edition: int
    edition_id: int
    sections: tuple[Section, ...]
    version: int
    closed: bool
    changed_at: datetime
    by: str

    @property
    def criteria(self) -> int:
        """How many questions it has."""
        return sum(len(section.criteria) for section in self.sections)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule by which calls are drawn. Empty texts and ``None``: any."""

    id: int
    title: str
    sheet_id: int
    per_operator: int
    period: Period
    queue: str = ""
    topic_code: str = ""
    min_talk_s: int = 30
    max_talk_s: int | None = None
    max_rating: int | None = None
    seed: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one drawing did. ``asked``: how many the rule wants; fewer are made where fewer calls fit."""

    start: date
    made: int
    operators: int
    short: int
    """Operators of whom fewer calls fit than are wanted."""
