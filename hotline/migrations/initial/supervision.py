"""Supervision of operators: sessions in conversations, messages, calls for help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``supervision``, ``supervisor_message`` and ``help_request``."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "supervision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supervisor_id", sa.BigInteger(), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("asterisk", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("spells", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["staff_user.id"], name=op.f("fk_supervision_operator_id")),
        sa.ForeignKeyConstraint(["supervisor_id"], ["staff_user.id"], name=op.f("fk_supervision_supervisor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision")),
    )
    running = sa.text("ended_at IS NULL")
    op.create_index("uq_supervision_open", "supervision", ["supervisor_id"], unique=True, postgresql_where=running)
    op.create_index("ix_supervision_call_key", "supervision", ["call_key"])
    op.create_index("ix_supervision_operator_started", "supervision", ["operator_id", "started_at"])
    op.create_table(
        "supervisor_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["staff_user.id"], name=op.f("fk_supervisor_message_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["staff_user.id"], name=op.f("fk_supervisor_message_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervisor_message")),
    )
    unseen = sa.text("seen_at IS NULL")
    op.create_index("ix_supervisor_message_unseen", "supervisor_message", ["to_id", "id"], postgresql_where=unseen)
    op.create_table(
        "help_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("taken_at", moment, nullable=True),
        sa.Column("taken_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff_user.id"], name=op.f("fk_help_request_taken_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_help_request_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
    )
    open_ = sa.text("closed_at IS NULL")
    op.create_index("uq_help_request_open", "help_request", ["user_id"], unique=True, postgresql_where=open_)
    op.create_index("ix_help_request_at", "help_request", ["at"])
