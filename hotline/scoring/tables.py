"""Tables of quality: sheets and their editions, samples, reviews and their moves, calibrations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class SheetRow(Base):
    """A score sheet. Closed by date, never deleted."""

    __tablename__ = "score_sheet"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class EditionRow(Base):
    """What a sheet asked from some day on. Never changed: a score keeps the edition by which it was given."""

    __tablename__ = "score_sheet_edition"
    __table_args__ = (UniqueConstraint("sheet_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("score_sheet.id"))
    number: Mapped[int]
    body: Mapped[list[Any]]
    """Sections with their criteria, as ``sheets.write`` makes them."""
    created_at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))


class PlanRow(Base):
    """A rule by which calls are drawn. Closed by date, never deleted: its seed proves what was drawn."""

    __tablename__ = "score_plan"
    __table_args__ = (CheckConstraint("per_operator BETWEEN 1 AND 50", name="per_operator"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    sheet_id: Mapped[int] = mapped_column(ForeignKey("score_sheet.id"))
    title: Mapped[str] = mapped_column(Text)
    per_operator: Mapped[int]
    period: Mapped[str] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    topic_code: Mapped[str | None] = mapped_column(Text)
    """This topic and all below it."""
    min_talk_s: Mapped[int]
    max_talk_s: Mapped[int | None]
    max_rating: Mapped[int | None]
    """Only calls whose citizen gave at most this, 1 to 5."""
    seed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class CalibrationRow(Base):
    """One conversation that several reviewers score without seeing each other's."""

    __tablename__ = "score_calibration"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    call_key: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class ReviewRow(Base):
    """An operator's part of a call that is, or was, scored."""

    __tablename__ = "score_review"
    __table_args__ = (
        Index(
            "uq_score_review_call",
            "call_key",
            "operator_id",
            unique=True,
            postgresql_where=text("calibration_id IS NULL"),
        ),
        Index(
            "uq_score_review_calibration",
            "calibration_id",
            "reviewer_id",
            unique=True,
            postgresql_where=text("calibration_id IS NOT NULL"),
        ),
        Index("ix_score_review_operator", "operator_id", text("id DESC")),
        Index("ix_score_review_plan", "plan_id", "period_start", postgresql_where=text("plan_id IS NOT NULL")),
        Index("ix_score_review_state", "state", text("id DESC")),
        Index("ix_score_review_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_key: Mapped[str] = mapped_column(Text)
    operator_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    """The operator's when it was made."""
    edition_id: Mapped[int] = mapped_column(ForeignKey("score_sheet_edition.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("score_plan.id"))
    period_start: Mapped[date | None]
    calibration_id: Mapped[int | None] = mapped_column(ForeignKey("score_calibration.id"))
    state: Mapped[str] = mapped_column(Text)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    comments: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """``{"at_s": seconds of the recording, "text": …}``."""
    summary: Mapped[str] = mapped_column(Text, server_default="")
    percent: Mapped[float | None]
    """0 to 100; NULL: not scored, or nothing of the sheet applied."""
    fatal: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class MoveRow(Base):
    """What happened to a review. ``percent`` is the score after it."""

    __tablename__ = "score_move"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("score_review.id"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    move: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    percent: Mapped[float | None]
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """All answers after a publication or a change."""
