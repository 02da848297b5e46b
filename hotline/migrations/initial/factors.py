"""Second factors of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``staff_second_factor``, ``staff_recovery_code`` and ``staff_login_ticket``."""
    op.create_table(
        "staff_second_factor",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_staff_second_factor_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_staff_second_factor")),
    )
    op.create_table(
        "staff_recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_staff_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_code")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_staff_recovery_code_code_sha256")),
    )
    op.create_index(op.f("ix_staff_recovery_code_user_id"), "staff_recovery_code", ["user_id"], unique=False)
    op.create_table(
        "staff_login_ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_version", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("renews", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_staff_login_ticket_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_login_ticket")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_login_ticket_token_sha256")),
    )
    op.create_index(op.f("ix_staff_login_ticket_expires_at"), "staff_login_ticket", ["expires_at"], unique=False)
    op.create_index(op.f("ix_staff_login_ticket_user_id"), "staff_login_ticket", ["user_id"], unique=False)
