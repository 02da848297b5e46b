"""Figures of quality: scores by operator and criterion, what citizens said by operator, queue and day (R-14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal.rating_model import DETRACTOR, PROMOTER, SATISFIED
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_rating import RatingRow
from hotline.scoring import sheets
from hotline.scoring.model import NOT_APPLICABLE, SEEN_BY_OPERATOR, Move
from hotline.scoring.tables import EditionRow, MoveRow, ReviewRow, SheetRow
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

LONGEST_DAYS = 400


@dataclass(slots=True)
class Rated:
    """What citizens said. ``csat`` and ``nps`` are of those who answered; ``None``: nobody did."""

    asked: int = 0
    scores: list[int] = field(default_factory=list)
    recommends: list[int] = field(default_factory=list)

    @property
    def mean(self) -> float | None:
        """Mean of 1 to 5."""
        return round(sum(self.scores) / len(self.scores), 2) if self.scores else None

    @property
    def csat(self) -> float | None:
        """Percent of answers that are 4 or 5."""
        good = sum(one >= SATISFIED for one in self.scores)
        return round(100 * good / len(self.scores), 1) if self.scores else None

    @property
    def nps(self) -> float | None:
        """Percent of promoters less percent of detractors, -100 to 100."""
        if not self.recommends:
            return None
        balance = sum((one >= PROMOTER) - (one <= DETRACTOR) for one in self.recommends)
        return round(100 * balance / len(self.recommends), 1)

    def add(self, score: int | None, recommends: int | None) -> None:
        """Count one who was asked."""
        self.asked += 1
        if score is not None:
            self.scores.append(score)
        if recommends is not None:
            self.recommends.append(recommends)


@dataclass(slots=True)
class OperatorScore:
    """One operator's scores."""

    operator: str
    percents: list[float] = field(default_factory=list)
    reviews: int = 0
    fatal: int = 0
    disputed: int = 0
    changed: int = 0
    rated: Rated = field(default_factory=Rated)

    @property
    def mean(self) -> float | None:
        """Mean score in percent."""
        return round(sum(self.percents) / len(self.percents), 1) if self.percents else None


@dataclass(slots=True)
class CriterionScore:
    """How one criterion of a sheet was fulfilled; ``skipped``: it did not apply."""

    sheet: str
    title: str
    shares: list[float] = field(default_factory=list)
    failed: int = 0
    skipped: int = 0

    @property
    def mean(self) -> float | None:
        """Percent of what could be reached."""
        return round(100 * sum(self.shares) / len(self.shares), 1) if self.shares else None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period."""

    operators: tuple[OperatorScore, ...]
    criteria: tuple[CriterionScore, ...]
    queues: tuple[tuple[str, Rated], ...]
    days: tuple[tuple[date, Rated], ...]
    total: OperatorScore


class QualityReport:
    """Reports about the user's own organisation."""

    def __init__(self, db: Database, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone

    async def of(self, user: User, first: date, last: date) -> Report:
        """Return the figures of whole days, both included. Scores count on the day of their publication.

        :raises Forbidden: who scores nobody.
        :raises BadInput: the period ends before it begins, or is too long.
        """
        if not user.may(Right.QUALITY_REVIEW):
            raise Forbidden("this user does not score conversations", error_id="no-right")
        if not 1 <= (last - first).days + 1 <= LONGEST_DAYS:
            raise BadInput("choose another period", details={"to": f"1 to {LONGEST_DAYS} days after the beginning"})
        zone = user.organisation.zone(self._zone)
        bounds = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
        operators: dict[int, OperatorScore] = {}
        total = OperatorScore("")
        async with self._db.begin() as session:
            criteria = await _scores(session, user, bounds, operators, total)
            queues, days = await _ratings(session, user, bounds, zone, operators, total)
        return Report(
            tuple(sorted(operators.values(), key=lambda one: one.operator)),
            tuple(criteria),
            tuple(sorted(queues.items())),
            tuple(sorted(days.items())),
            total,
        )


async def _scores(
    session: AsyncSession,
    user: User,
    bounds: tuple[datetime, datetime],
    operators: dict[int, OperatorScore],
    total: OperatorScore,
) -> Sequence[CriterionScore]:
    period = (
        ReviewRow.organisation_id == user.organisation.id,
        ReviewRow.calibration_id.is_(None),
        ReviewRow.state.in_([one.value for one in SEEN_BY_OPERATOR]),
        ReviewRow.published_at >= bounds[0],
        ReviewRow.published_at < bounds[1],
    )
    rows = await session.execute(
        select(ReviewRow, EditionRow, SheetRow.title, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .join(EditionRow, EditionRow.id == ReviewRow.edition_id)
        .join(SheetRow, SheetRow.id == EditionRow.sheet_id)
        .join(UserRow, UserRow.id == ReviewRow.operator_id)
        .where(*period)
        .order_by(SheetRow.title, EditionRow.sheet_id, EditionRow.number.desc(), ReviewRow.id)
    )
    moves = await session.execute(
        select(MoveRow.review_id, MoveRow.move)
        .join(ReviewRow, ReviewRow.id == MoveRow.review_id)
        .where(MoveRow.move.in_([Move.DISPUTE.value, Move.CHANGE.value]), *period)
    )
    happened: dict[int, set[str]] = defaultdict(set)
    for review_id, move in moves:
        happened[review_id].add(move)
    criteria: dict[tuple[int, str], CriterionScore] = {}
    for review, edition, sheet, last, first, patronymic in rows:
        name = short_name(last, first, patronymic)
        for one in (operators.setdefault(review.operator_id, OperatorScore(name)), total):
            one.reviews += 1
            one.fatal += bool(review.fatal)
            one.disputed += Move.DISPUTE.value in happened[review.id]
            one.changed += Move.CHANGE.value in happened[review.id]
            if review.percent is not None:
                one.percents.append(review.percent)
        _count_criteria(criteria, sheet, edition, review)
    return list(criteria.values())


def _count_criteria(
    criteria: dict[tuple[int, str], CriterionScore], sheet: str, edition: EditionRow, review: ReviewRow
) -> None:
    """Count each criterion under the words of the newest edition that was used: rows come newest first."""
    for section in sheets.read(edition.body):
        for one in section.criteria:
            value = review.answers.get(one.code)
            if value is None:
                continue
            line = criteria.setdefault((edition.sheet_id, one.code), CriterionScore(sheet, one.title))
            part = sheets.share(one, value)
            if value == NOT_APPLICABLE or part is None:
                line.skipped += 1
                continue
            line.shares.append(part)
            line.failed += part == 0.0


async def _ratings(
    session: AsyncSession,
    user: User,
    bounds: tuple[datetime, datetime],
    zone: ZoneInfo,
    operators: dict[int, OperatorScore],
    total: OperatorScore,
) -> tuple[dict[str, Rated], dict[date, Rated]]:
    rows = await session.execute(
        select(
            RatingRow.asked_at,
            RatingRow.score,
            RatingRow.recommends,
            CallRecord.queue,
            UserRow.id,
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
        )
        .join(CallRecord, CallRecord.key == RatingRow.call_key)
        .join(UserRow, UserRow.id == CallRecord.operator_id)
        .where(
            UserRow.organisation_id == user.organisation.id,
            RatingRow.asked_at >= bounds[0],
            RatingRow.asked_at < bounds[1],
        )
    )
    queues: dict[str, Rated] = defaultdict(Rated)
    days: dict[date, Rated] = defaultdict(Rated)
    for asked_at, score, recommends, queue, user_id, last, first, patronymic in rows:
        of = operators.setdefault(user_id, OperatorScore(short_name(last, first, patronymic)))
        for one in (of.rated, total.rated, queues[queue or ""], days[asked_at.astimezone(zone).date()]):
            one.add(score, recommends)
    return queues, days
