"""Parts of calls: what statistics count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``call_segment``."""
    op.create_table(
        "call_segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("by_extension", sa.Text(), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("hold_s", sa.Double(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_call_segment_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_segment_call_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_call_segment_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_segment")),
    )
    op.create_index(op.f("ix_call_segment_call_id"), "call_segment", ["call_id"], unique=False)
    op.create_index("ix_call_segment_kind_started", "call_segment", ["kind", "started_at"], unique=False)
    op.create_index(
        "ix_call_segment_queue",
        "call_segment",
        ["queue"],
        unique=False,
        postgresql_where=sa.text("queue IS NOT NULL"),
    )
