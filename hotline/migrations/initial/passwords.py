"""One-time links to choose a password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``staff_password_link``."""
    op.create_table(
        "staff_password_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_from", sa.Text(), server_default="", nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff_user.id"], name=op.f("fk_staff_password_link_made_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_staff_password_link_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_password_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_password_link_token_sha256")),
    )
    op.create_index(op.f("ix_staff_password_link_expires_at"), "staff_password_link", ["expires_at"], unique=False)
    op.create_index(
        "uq_staff_password_link_open",
        "staff_password_link",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL AND cancelled_at IS NULL"),
    )
