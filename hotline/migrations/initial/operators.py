"""Operators' states and places in queues (``hotline.queue.tables``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _agent_state_log()
    _operators()
    _queue_member()


def _agent_state_log() -> None:
    op.create_table(
        "agent_state_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("to_at >= from_at", name=op.f("ck_agent_state_log_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_state_log")),
        sa.UniqueConstraint("user_id", "from_at", name=op.f("uq_agent_state_log_user_id_from_at")),
    )
    op.create_index("ix_agent_state_log_from_at", "agent_state_log", ["from_at"], unique=False)
    op.create_index(
        "uq_agent_state_log_open",
        "agent_state_log",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("to_at IS NULL"),
    )


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_operators")),
    )
    op.create_index(op.f("ix_operators_extension"), "operators", ["extension"], unique=False)


def _queue_member() -> None:
    op.create_table(
        "queue_member",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("member", sa.Boolean(), nullable=False),
        sa.Column("penalty", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("penalty BETWEEN 0 AND 100", name=op.f("ck_queue_member_penalty")),
        sa.PrimaryKeyConstraint("user_id", "queue", name=op.f("pk_queue_member")),
    )
