"""Calibrations: several reviewers score the same conversation, nobody sees the others' before it is over (DAY-37)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.scoring import queries
from hotline.scoring.calibration import Differences, differences
from hotline.scoring.model import State
from hotline.scoring.service import require_reviewer
from hotline.scoring.tables import CalibrationRow, ReviewRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

LEAST, MOST = 2, 12
PAGE = 50


@dataclass(frozen=True, slots=True)
class Part:
    """One reviewer's part. ``own``: the reader's."""

    review_id: int
    reviewer: str
    done: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration. ``found`` ``None``: it goes on, and is blind."""

    id: int
    call_key: str
    operator: str
    created_at: datetime
    by: str
    closed_at: datetime | None
    version: int
    parts: tuple[Part, ...]
    may_close: bool
    found: Differences | None = None

    @property
    def over(self) -> bool:
        """Whether everybody is done, or somebody ended it."""
        return self.closed_at is not None or all(part.done for part in self.parts)


class Calibrations:
    """Calibrations of the user's own organisation. Every method raises ``Unavailable``."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def people(self, user: User) -> tuple[tuple[int, str], ...]:
        """Return who may take part: id and name."""
        require_reviewer(user)
        async with self._db.begin() as session:
            return await queries.reviewers(session, user.organisation.id)

    async def begin(self, user: User, review_id: int, reviewers: Collection[int]) -> int:
        """Have the conversation of a review scored by several people, by the same edition of the sheet.

        :raises NotFound: there is no such review that he may see.
        :raises BadInput: too few or too many reviewers, or one who may not score it.
        """
        require_reviewer(user)
        now = self._clock.now()
        async with self._db.begin() as session:
            found = await session.execute(queries.lines().where(ReviewRow.id == review_id, queries.visible(user)))
            row = found.first()
            if row is None or not queries.reviews_at(user, row.ReviewRow.organisation_id):
                raise NotFound("there is no such review", error_id="no-such-score")
            of: ReviewRow = row.ReviewRow
            known = {one for one, _ in await queries.reviewers(session, of.organisation_id)} - {of.operator_id}
            if not LEAST <= len(reviewers) <= MOST or not set(reviewers) <= known:
                raise BadInput("choose who takes part", details={"reviewers": f"{LEAST} to {MOST}"})
            made = CalibrationRow(
                organisation_id=of.organisation_id, call_key=of.call_key, by_id=user.id, created_at=now, version=1
            )
            session.add(made)
            await session.flush()
            session.add_all(
                ReviewRow(
                    call_key=of.call_key,
                    operator_id=of.operator_id,
                    organisation_id=of.organisation_id,
                    edition_id=of.edition_id,
                    calibration_id=made.id,
                    state=State.DRAFT.value,
                    reviewer_id=one,
                    created_at=now,
                    version=1,
                )
                for one in sorted(reviewers)
            )
            details = {"event": "begun", "reviewers": sorted(reviewers)}
            audit(session, "change", ("score_calibration", made.id), user_id=user.id, at=now, details=details)
            return made.id

    async def page(self, user: User) -> tuple[Calibration, ...]:
        """Return the latest that ``user`` takes part in, began, or administers; without differences."""
        require_reviewer(user)
        async with self._db.begin() as session:
            rows = (await session.scalars(_mine(user).order_by(CalibrationRow.id.desc()).limit(PAGE))).all()
            return tuple([(await self._view(session, user, row))[0] for row in rows])

    async def one(self, user: User, calibration_id: int) -> Calibration:
        """Return a calibration; how the scores differ only when it is over.

        :raises NotFound: there is none that he may see.
        """
        require_reviewer(user)
        async with self._db.begin() as session:
            row = await session.scalar(_mine(user).where(CalibrationRow.id == calibration_id))
            if row is None:
                raise NotFound("there is no such calibration", error_id="no-such-calibration")
            view, reviews = await self._view(session, user, row)
            if not view.over:
                return view
            done = [one for one in reviews if one.state == State.PUBLISHED]
            if not done:
                return view
            _, sections = await queries.sections_of(session, done[0].edition_id)
            found = differences(sections, {one.id: one.answers for one in done})
            return replace(view, found=found)

    async def close(self, user: User, calibration_id: int, version: int) -> None:
        """End a calibration although not everybody is done.

        :raises NotFound: there is none that he may see.
        :raises Forbidden: another one began it.
        :raises Conflict: it is over, or was changed since ``version`` (``stale-record``).
        """
        require_reviewer(user)
        now = self._clock.now()
        async with self._db.begin() as session:
            seen = await session.scalar(_mine(user).where(CalibrationRow.id == calibration_id))
            if seen is None:
                raise NotFound("there is no such calibration", error_id="no-such-calibration")
            row = await session.get_one(CalibrationRow, calibration_id, with_for_update=True, populate_existing=True)
            if not _may_close(user, row):
                raise Forbidden("another one began it", error_id="not-your-calibration")
            if row.version != version or row.closed_at is not None:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            row.closed_at = now
            row.version += 1
            details = {"event": "closed"}
            audit(session, "change", ("score_calibration", row.id), user_id=user.id, at=now, details=details)

    async def _view(
        self, session: AsyncSession, user: User, row: CalibrationRow
    ) -> tuple[Calibration, list[ReviewRow]]:
        found = await session.execute(
            select(ReviewRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(UserRow, UserRow.id == ReviewRow.reviewer_id)
            .where(ReviewRow.calibration_id == row.id)
            .order_by(UserRow.last_name, UserRow.first_name, UserRow.id)
        )
        parts, reviews = [], []
        for review, last, first, patronymic in found:
            name = short_name(last, first, patronymic)
            parts.append(Part(review.id, name, review.state == State.PUBLISHED, review.reviewer_id == user.id))
            reviews.append(review)
        view = Calibration(
            row.id,
            row.call_key,
            await _name(session, reviews[0].operator_id),
            row.created_at,
            await _name(session, row.by_id),
            row.closed_at,
            row.version,
            tuple(parts),
            _may_close(user, row) and row.closed_at is None and not all(part.done for part in parts),
        )
        return view, reviews


def _mine(user: User) -> Any:
    part = select(ReviewRow.calibration_id).where(ReviewRow.reviewer_id == user.id)
    his = or_(CalibrationRow.by_id == user.id, CalibrationRow.id.in_(part.where(ReviewRow.calibration_id.is_not(None))))
    found = select(CalibrationRow).where(CalibrationRow.organisation_id == user.organisation.id)
    return found if user.may(Right.QUALITY_MANAGE) else found.where(his)


def _may_close(user: User, row: CalibrationRow) -> bool:
    return row.by_id == user.id or user.may(Right.QUALITY_MANAGE)


async def _name(session: AsyncSession, user_id: int) -> str:
    row = await session.get_one(UserRow, user_id)
    return short_name(row.last_name, row.first_name, row.patronymic)
