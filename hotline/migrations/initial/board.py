"""Tables of the supervisor's board; ``hotline.board.tables`` describes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _queue()
    _rule()
    _alarm()


def _queue() -> None:
    op.create_table(
        "board_queue",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("goal_percent", sa.Integer(), nullable=False),
        sa.Column("goal_s", sa.Integer(), nullable=False),
        sa.Column("short_s", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("goal_percent BETWEEN 1 AND 100", name=op.f("ck_board_queue_goal_percent")),
        sa.CheckConstraint("goal_s BETWEEN 1 AND 3600", name=op.f("ck_board_queue_goal_s")),
        sa.CheckConstraint("short_s BETWEEN 0 AND 60", name=op.f("ck_board_queue_short_s")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_board_queue_organisation_id")),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_board_queue")),
    )


def _rule() -> None:
    op.create_table(
        "board_alarm_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("hold_s", sa.Integer(), nullable=False),
        sa.Column("repeat_min", sa.Integer(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False),
        sa.Column(
            "emails",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_board_alarm_rule_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_alarm_rule")),
    )


def _alarm() -> None:
    op.create_table(
        "board_alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_id", sa.BigInteger(), nullable=True),
        sa.Column("mail_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_board_alarm_organisation_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["board_alarm_rule.id"], name=op.f("fk_board_alarm_rule_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["staff_user.id"], name=op.f("fk_board_alarm_seen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_alarm")),
    )
    op.create_index(
        "uq_board_alarm_open",
        "board_alarm",
        ["rule_id", "subject"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_index("ix_board_alarm_raised_at", "board_alarm", [sa.text("raised_at DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_board_alarm_mail", "board_alarm", ["id"], unique=False, postgresql_where=sa.text("mail_due_at IS NOT NULL")
    )
