"""Reads of reviews: the lists, one review with everything its page shows, and whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.journal.tables import AppealCallRow, AppealRecord
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_classifier import DispositionRow
from hotline.journal.tables_rating import RatingRow
from hotline.scoring import sheets
from hotline.scoring.model import (
    SEEN_BY_OPERATOR,
    Comment,
    Move,
    MoveLine,
    Review,
    ReviewLine,
    Section,
    State,
)
from hotline.scoring.tables import EditionRow, MoveRow, PlanRow, ReviewRow, SheetRow
from hotline.staff.model import Right, User, short_name
from hotline.staff.queries import to_user, users_with_rights
from hotline.staff.tables import UserRow

OPERATOR, REVIEWER = aliased(UserRow), aliased(UserRow)


def reviews_at(user: User, organisation_id: int) -> bool:
    """Tell whether ``user`` scores conversations of an organisation: his own only (domain 2.8)."""
    return user.may(Right.QUALITY_REVIEW) and user.organisation.id == organisation_id


def visible(user: User) -> ColumnElement[bool]:
    """Return which reviews ``user`` may see.

    Who scores, those of his organisation; of a calibration only his own part, so that it stays blind. Everybody, the
    scores of his own conversations once they are published.
    """
    own = and_(
        ReviewRow.operator_id == user.id,
        ReviewRow.calibration_id.is_(None),
        ReviewRow.state.in_([one.value for one in SEEN_BY_OPERATOR]),
    )
    if not user.may(Right.QUALITY_REVIEW):
        return own
    others = and_(
        ReviewRow.organisation_id == user.organisation.id,
        ReviewRow.operator_id != user.id,
        or_(ReviewRow.calibration_id.is_(None), ReviewRow.reviewer_id == user.id),
    )
    return or_(own, others)


def lines() -> Select[ReviewRow, datetime, float, str | None, str, str, str, str, str, str, *tuple[Any, ...]]:
    """Return the statement of list rows: ``line_of`` reads them."""
    return (
        select(
            ReviewRow,
            CallRecord.started_at,
            CallRecord.talk_s,
            CallRecord.queue,
            OPERATOR.last_name.label("operator_last"),
            OPERATOR.first_name.label("operator_first"),
            OPERATOR.patronymic.label("operator_patronymic"),
            REVIEWER.last_name.label("reviewer_last"),
            REVIEWER.first_name.label("reviewer_first"),
            REVIEWER.patronymic.label("reviewer_patronymic"),
            SheetRow.title.label("sheet"),
            PlanRow.title.label("plan"),
            RatingRow.score.label("rating"),
        )
        .join(OPERATOR, OPERATOR.id == ReviewRow.operator_id)
        .join(EditionRow, EditionRow.id == ReviewRow.edition_id)
        .join(SheetRow, SheetRow.id == EditionRow.sheet_id)
        .outerjoin(REVIEWER, REVIEWER.id == ReviewRow.reviewer_id)
        .outerjoin(PlanRow, PlanRow.id == ReviewRow.plan_id)
        .outerjoin(CallRecord, CallRecord.key == ReviewRow.call_key)
        .outerjoin(RatingRow, RatingRow.call_key == ReviewRow.call_key)
    )


def line_of(row: Any) -> ReviewLine:
    """Return a list row."""
    review: ReviewRow = row.ReviewRow
    return ReviewLine(
        id=review.id,
        state=State(review.state),
        call_key=review.call_key,
        started_at=row.started_at,
        talk_s=row.talk_s or 0.0,
        queue=row.queue or "",
        operator_id=review.operator_id,
        operator=short_name(row.operator_last, row.operator_first, row.operator_patronymic),
        reviewer_id=review.reviewer_id,
        reviewer=short_name(row.reviewer_last, row.reviewer_first, row.reviewer_patronymic),
        sheet=row.sheet,
        percent=review.percent,
        rating=row.rating,
        published_at=review.published_at,
        plan=row.plan or "",
        calibration_id=review.calibration_id,
    )


async def sections_of(session: AsyncSession, edition_id: int) -> tuple[int, tuple[Section, ...]]:
    """Return the number and the sections of an edition."""
    row = await session.get_one(EditionRow, edition_id)
    return row.number, sheets.read(row.body)


async def review_of(session: AsyncSession, row: Any) -> Review:
    """Return everything that the page of a review shows."""
    review: ReviewRow = row.ReviewRow
    edition, sections = await sections_of(session, review.edition_id)
    call = (
        await session.execute(
            select(CallRecord.recorded, DispositionRow.title)
            .outerjoin(DispositionRow, DispositionRow.code == CallRecord.disposition_code)
            .where(CallRecord.key == review.call_key)
        )
    ).first()
    appeals = await session.execute(
        select(AppealRecord.id, AppealRecord.number)
        .join(AppealCallRow, AppealCallRow.appeal_id == AppealRecord.id)
        .where(AppealCallRow.call_key == review.call_key)
        .order_by(AppealRecord.id)
    )
    rating = await session.get(RatingRow, review.call_key)
    return Review(
        line=line_of(row),
        version=review.version,
        edition=edition,
        sections=sections,
        answers=review.answers,
        comments=tuple(Comment(one["at_s"], one["text"]) for one in review.comments),
        summary=review.summary,
        score=sheets.score(sections, review.answers),
        history=await history(session, review.id),
        recorded=bool(call and call.recorded),
        disposition=(call.title if call else None) or "",
        appeals=tuple((appeal_id, number) for appeal_id, number in appeals),
        recommends=rating.recommends if rating else None,
    )


async def history(session: AsyncSession, review_id: int) -> tuple[MoveLine, ...]:
    """Return what happened to a review, oldest first."""
    rows = await session.execute(
        select(MoveRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .join(UserRow, UserRow.id == MoveRow.user_id)
        .where(MoveRow.review_id == review_id)
        .order_by(MoveRow.id)
    )
    return tuple(
        MoveLine(row.at, short_name(last, first, patronymic), Move(row.move), row.note, row.percent)
        for row, last, first, patronymic in rows
    )


async def reviewers(session: AsyncSession, organisation_id: int) -> tuple[tuple[int, str], ...]:
    """Return who scores conversations of an organisation, by name."""
    statement = users_with_rights().where(UserRow.organisation_id == organisation_id, UserRow.active)
    rows = await session.execute(statement.order_by(UserRow.last_name, UserRow.first_name, UserRow.id))
    people = [to_user(row) for row in rows]
    return tuple((one.id, one.short_name) for one in people if one.may(Right.QUALITY_REVIEW))


async def counts(session: AsyncSession, user: User) -> dict[str, int]:
    """Return how many visible reviews are in each state."""
    rows = await session.execute(select(ReviewRow.state, func.count()).where(visible(user)).group_by(ReviewRow.state))
    return {row[0]: row[1] for row in rows}
