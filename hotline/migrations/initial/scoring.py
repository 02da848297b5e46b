"""Quality: what citizens said, score sheets, samples, reviews; ``hotline.scoring.tables`` describes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _call_rating()
    _score_sheet()
    _score_sheet_edition()
    _score_plan()
    _score_calibration()
    _score_review()
    _score_move()


def _call_rating() -> None:
    op.create_table(
        "call_rating",
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("asterisk", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("recommends", sa.Integer(), nullable=True),
        sa.CheckConstraint("recommends BETWEEN 0 AND 10", name=op.f("ck_call_rating_recommends")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_call_rating_score")),
        sa.PrimaryKeyConstraint("call_key", name=op.f("pk_call_rating")),
    )
    op.create_index("ix_call_rating_asked_at", "call_rating", ["asked_at"], unique=False)


def _score_sheet() -> None:
    op.create_table(
        "score_sheet",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_score_sheet_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheet")),
    )


def _score_sheet_edition() -> None:
    op.create_table(
        "score_sheet_edition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_score_sheet_edition_by_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheet.id"], name=op.f("fk_score_sheet_edition_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheet_edition")),
        sa.UniqueConstraint("sheet_id", "number", name=op.f("uq_score_sheet_edition_sheet_id_number")),
    )


def _score_plan() -> None:
    op.create_table(
        "score_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("per_operator", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("topic_code", sa.Text(), nullable=True),
        sa.Column("min_talk_s", sa.Integer(), nullable=False),
        sa.Column("max_talk_s", sa.Integer(), nullable=True),
        sa.Column("max_rating", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("per_operator BETWEEN 1 AND 50", name=op.f("ck_score_plan_per_operator")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_score_plan_organisation_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheet.id"], name=op.f("fk_score_plan_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_plan")),
    )


def _score_calibration() -> None:
    op.create_table(
        "score_calibration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_score_calibration_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_score_calibration_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_calibration")),
    )


def _score_review() -> None:
    op.create_table(
        "score_review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("calibration_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("comments", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("fatal", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["score_calibration.id"], name=op.f("fk_score_review_calibration_id")
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["score_sheet_edition.id"], name=op.f("fk_score_review_edition_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["staff_user.id"], name=op.f("fk_score_review_operator_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_score_review_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["score_plan.id"], name=op.f("fk_score_review_plan_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["staff_user.id"], name=op.f("fk_score_review_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_review")),
    )
    op.create_index(
        "ix_score_review_operator", "score_review", ["operator_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_score_review_plan",
        "score_review",
        ["plan_id", "period_start"],
        unique=False,
        postgresql_where=sa.text("plan_id IS NOT NULL"),
    )
    op.create_index(
        "ix_score_review_published_at",
        "score_review",
        ["published_at"],
        unique=False,
        postgresql_where=sa.text("published_at IS NOT NULL"),
    )
    op.create_index("ix_score_review_state", "score_review", ["state", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "uq_score_review_calibration",
        "score_review",
        ["calibration_id", "reviewer_id"],
        unique=True,
        postgresql_where=sa.text("calibration_id IS NOT NULL"),
    )
    op.create_index(
        "uq_score_review_call",
        "score_review",
        ["call_key", "operator_id"],
        unique=True,
        postgresql_where=sa.text("calibration_id IS NULL"),
    )


def _score_move() -> None:
    op.create_table(
        "score_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["score_review.id"], name=op.f("fk_score_move_review_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_score_move_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_move")),
    )
    op.create_index(op.f("ix_score_move_review_id"), "score_move", ["review_id"], unique=False)
