"""What belongs to a registration card besides its fields (``hotline.journal.tables_card``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _draft()
    _attachment()
    _edit_lock()
    _appeal_link()
    _script_use()
    _topic_favourite()
    _emergency()


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rev", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["handed_by"], ["staff_user.id"], name=op.f("fk_draft_handed_by")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_draft_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index("ix_draft_user_saved", "draft", ["user_id", sa.literal_column("saved_at DESC")], unique=False)
    op.create_index(
        "uq_draft_user_call",
        "draft",
        ["user_id", "call_key"],
        unique=True,
        postgresql_where=sa.text("call_key IS NOT NULL"),
    )


def _attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=True),
        sa.Column("appeal_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), server_default="", nullable=False),
        sa.Column("doc_date", sa.Date(), nullable=True),
        sa.Column("av_status", sa.Text(), nullable=False),
        sa.Column("av_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("uploaded_by_id", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_attachment_appeal_id")),
        sa.ForeignKeyConstraint(["deleted_by_id"], ["staff_user.id"], name=op.f("fk_attachment_deleted_by_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["staff_user.id"], name=op.f("fk_attachment_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    for column in ("draft_id", "appeal_id"):
        op.create_index(
            f"ix_attachment_{column}", "attachment", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])


def _edit_lock() -> None:
    op.create_table(
        "edit_lock",
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tab", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_edit_lock_appeal_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_edit_lock_user_id")),
        sa.PrimaryKeyConstraint("appeal_id", name=op.f("pk_edit_lock")),
    )


def _appeal_link() -> None:
    op.create_table(
        "appeal_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_appeal_link_by_id")),
        sa.ForeignKeyConstraint(["from_id"], ["appeal.id"], name=op.f("fk_appeal_link_from_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["staff_user.id"], name=op.f("fk_appeal_link_removed_by_id")),
        sa.ForeignKeyConstraint(["to_id"], ["appeal.id"], name=op.f("fk_appeal_link_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_link")),
    )
    op.create_index(
        "uq_appeal_link_from_id_to_id",
        "appeal_link",
        ["from_id", "to_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_appeal_link_to_id", "appeal_link", ["to_id"])


def _script_use() -> None:
    op.create_table(
        "script_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("script_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_script_use_appeal_id")),
        sa.ForeignKeyConstraint(["script_code"], ["script.code"], name=op.f("fk_script_use_script_code")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_script_use_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_use")),
    )
    op.create_index("ix_script_use_appeal_id", "script_use", ["appeal_id"])
    op.create_index("ix_script_use_script_code", "script_use", ["script_code", sa.literal_column("at DESC")])


def _topic_favourite() -> None:
    op.create_table(
        "topic_favourite",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("topic_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["topic_code"], ["topic.code"], name=op.f("fk_topic_favourite_topic_code")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_topic_favourite_user_id")),
        sa.PrimaryKeyConstraint("user_id", "place", name=op.f("pk_topic_favourite")),
    )


def _emergency() -> None:
    op.create_table(
        "emergency",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("seen_by_id", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["seen_by_id"], ["staff_user.id"], name=op.f("fk_emergency_seen_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_emergency_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency")),
    )
    op.create_index("ix_emergency_open", "emergency", ["at"], postgresql_where=sa.text("seen_at IS NULL"))
