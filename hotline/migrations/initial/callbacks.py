"""The ledger of citizens who were not served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``duty``, ``duty_call`` and ``duty_move``."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("citizen", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("reasons", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("calls", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("first_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("taken_by_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_until", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.Column("last_try_at", moment, nullable=True),
        sa.Column("next_try_at", moment, nullable=True),
        sa.Column("asked_since", moment, nullable=True),
        sa.Column("place_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("voicemail", sa.Text(), server_default="", nullable=False),
        sa.Column("over_at", moment, nullable=True),
        sa.Column("over_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("served_call", sa.Text(), server_default="", nullable=False),
        sa.Column("served_appeal_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["over_by_id"], ["staff_user.id"], name=op.f("fk_duty_over_by_id")),
        sa.ForeignKeyConstraint(["served_appeal_id"], ["appeal.id"], name=op.f("fk_duty_served_appeal_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff_user.id"], name=op.f("fk_duty_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    live = sa.text("over_at IS NULL")
    op.create_index("uq_duty_live", "duty", ["citizen"], unique=True, postgresql_where=live)
    op.create_index("ix_duty_due", "duty", ["due_at", "id"], postgresql_where=live)
    op.create_index("ix_duty_citizen", "duty", ["citizen", "first_at"])
    op.create_index("ix_duty_over", "duty", ["over_at", "id"], postgresql_where=sa.text("over_at IS NOT NULL"))
    op.create_table(
        "duty_call",
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("duty_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name=op.f("fk_duty_call_duty_id")),
        sa.PrimaryKeyConstraint("call_key", name=op.f("pk_duty_call")),
    )
    op.create_index("ix_duty_call_duty_id", "duty_call", ["duty_id"])
    op.create_table(
        "duty_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("citizen", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("next_try_at", moment, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("insists", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_duty_move_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_move")),
    )
    op.create_index("ix_duty_move_citizen_at", "duty_move", ["citizen", "at"])
