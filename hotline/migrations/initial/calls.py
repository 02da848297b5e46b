"""Calls, their quality, and what was read of Asterisk's logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _call()
    _call_leg()
    _call_line()
    _call_quality()
    _cti_log_line()
    _cti_log_position()


def _call() -> None:
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("asterisk", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("from_raw", sa.Text(), nullable=True),
        sa.Column("from_e164", sa.Text(), nullable=True),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("wait_s", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("talk_s", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("hold_s", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("holds", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("ringing", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_source", sa.Text(), nullable=True),
        sa.Column("recorded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disposition_code", sa.Text(), nullable=True),
        sa.Column("disposition_note", sa.Text(), server_default="", nullable=False),
        sa.Column("disposition_by_id", sa.BigInteger(), nullable=True),
        sa.Column("disposition_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["disposition_by_id"], ["staff_user.id"], name=op.f("fk_call_disposition_by_id")),
        sa.ForeignKeyConstraint(["disposition_code"], ["disposition.code"], name=op.f("fk_call_disposition_code")),
        sa.ForeignKeyConstraint(["operator_id"], ["staff_user.id"], name=op.f("fk_call_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("key", name=op.f("uq_call_key")),
    )
    for column, where in (("dialled", "direction = 'out'"), ("from_e164", "from_e164 IS NOT NULL")):
        op.create_index(
            f"ix_call_{column.removesuffix('_e164')}_tail",
            "call",
            [sa.literal_column(f'(reverse({column}) COLLATE "C")'), "id"],
            postgresql_where=sa.text(where),
        )
    op.create_index(
        "ix_call_from",
        "call",
        ["from_e164", sa.literal_column("started_at DESC")],
        unique=False,
        postgresql_where=sa.text("from_e164 IS NOT NULL"),
    )
    op.create_index(
        "ix_call_dialled",
        "call",
        ["dialled", sa.literal_column("started_at DESC")],
        unique=False,
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.create_index("ix_call_open", "call", ["asterisk"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(
        "ix_call_operator_started",
        "call",
        ["operator_id", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_call_unclassified",
        "call",
        ["operator_id", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text(
            "disposition_code IS NULL AND ended_at IS NOT NULL AND operator_id IS NOT NULL AND direction <> 'internal'"
        ),
    )
    op.create_index(
        "ix_call_started", "call", [sa.literal_column("started_at DESC"), sa.literal_column("id DESC")], unique=False
    )


def _call_leg() -> None:
    op.create_table(
        "call_leg",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("uniqueid", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_leg_call_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_call_leg_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_leg")),
        sa.UniqueConstraint("call_id", "uniqueid", name=op.f("uq_call_leg_call_id_uniqueid")),
    )
    op.create_index("ix_call_leg_user_id_call_id", "call_leg", ["user_id", "call_id"], unique=False)


def _call_line() -> None:
    op.create_table(
        "call_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("jitter_max_ms", sa.Float(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("sent_lost", sa.BigInteger(), nullable=False),
        sa.Column("sent_jitter_max_ms", sa.Float(), nullable=False),
        sa.Column("rtt_max_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_line")),
        sa.UniqueConstraint("call_key", "leg", name=op.f("uq_call_line_call_key_leg")),
    )


def _call_quality() -> None:
    op.create_table(
        "call_quality",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("mos_sum", sa.Float(), nullable=False),
        sa.Column("mos_min", sa.Float(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("jitter_max_ms", sa.Float(), nullable=False),
        sa.Column("rtt_max_ms", sa.Float(), nullable=True),
        sa.Column("alarms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("alarm_s", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_quality")),
        sa.UniqueConstraint("call_key", "user_id", "leg", name=op.f("uq_call_quality_call_key_user_id_leg")),
    )


def _cti_log_line() -> None:
    op.create_table(
        "cti_log_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asterisk", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("call_key", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cti_log_line")),
        sa.UniqueConstraint("asterisk", "source", "inode", "byte_offset", name="uq_cti_log_line_place"),
    )
    op.create_index("ix_cti_log_line_call", "cti_log_line", ["asterisk", "call_key"], unique=False)


def _cti_log_position() -> None:
    op.create_table(
        "cti_log_position",
        sa.Column("asterisk", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("asterisk", "source", name=op.f("pk_cti_log_position")),
    )
