"""Imports of the register (``hotline.register.tables``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _register_batch()
    _register_staging()
    _register_entry()
    _register_issue()


def _register_batch() -> None:
    op.create_table(
        "register_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("own_file", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("layout", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("full_file", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("close_limit_pct", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("warnings", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("merged_to", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("added", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("missing", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["staff_user.id"], name=op.f("fk_register_batch_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_batch")),
    )
    op.create_index("ix_register_batch_sha256", "register_batch", ["sha256"], unique=False)
    op.create_index(
        "uq_register_batch_running",
        "register_batch",
        [sa.literal_column("(true)")],
        unique=True,
        postgresql_where=sa.text("state IN ('loading', 'merging', 'closing')"),
    )


def _register_staging() -> None:
    op.create_table(
        "register_staging",
        sa.Column("batch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("patronymic", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("enp", sa.Text(collation="C"), nullable=True),
        sa.Column("snils", sa.Text(collation="C"), nullable=True),
        sa.Column("policy", sa.Text(collation="C"), nullable=True),
        sa.Column("insurer_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_fact", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("clinic", sa.Text(), nullable=False),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("phones", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "row_no", name=op.f("pk_register_staging")),
    )
    op.create_index("ix_register_staging_key", "register_staging", ["key"], unique=False)


def _register_entry() -> None:
    op.create_table(
        "register_entry",
        sa.Column("scope", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_register_entry_person_id")),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_register_entry")),
    )
    op.create_index(op.f("ix_register_entry_person_id"), "register_entry", ["person_id"], unique=False)


def _register_issue() -> None:
    op.create_table(
        "register_issue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rejected", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["register_batch.id"], name=op.f("fk_register_issue_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_issue")),
    )
    op.create_index("ix_register_issue_batch", "register_issue", ["batch_id", "id"], unique=False)
