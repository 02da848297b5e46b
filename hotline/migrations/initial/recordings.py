"""Recordings, their seals, pauses and listeners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _recording()
    _recording_access()
    _recording_pause()
    _recording_seal()


def _recording() -> None:
    op.create_table(
        "recording",
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("asterisk", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("peaks", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("hold_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("hold_by_id", sa.BigInteger(), nullable=True),
        sa.Column("hold_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["hold_by_id"], ["staff_user.id"], name=op.f("fk_recording_hold_by_id")),
        sa.PrimaryKeyConstraint("call_key", name=op.f("pk_recording")),
    )
    op.create_index(
        "ix_recording_present", "recording", ["recorded_at"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "ix_recording_raw",
        "recording",
        ["stored_at"],
        postgresql_where=sa.text("deleted_at IS NULL AND format = 'wav'"),
    )


def _recording_access() -> None:
    op.create_table(
        "recording_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_recording_access_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_access")),
    )
    op.create_index("ix_recording_access_call", "recording_access", ["call_key", "user_id", "at"], unique=False)


def _recording_pause() -> None:
    op.create_table(
        "recording_pause",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_pause")),
    )
    op.create_index("ix_recording_pause_call_key", "recording_pause", ["call_key"])
    op.create_index(
        "uq_recording_pause_open",
        "recording_pause",
        ["call_key"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _recording_seal() -> None:
    op.create_table(
        "recording_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_recording_seal")),
        sa.UniqueConstraint("hash", name=op.f("uq_recording_seal_hash")),
    )
    op.create_index("ix_recording_seal_call_key", "recording_seal", ["call_key"])
