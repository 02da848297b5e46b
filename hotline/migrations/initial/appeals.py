"""Appeals, their numbers, histories and workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hotline.migrations.initial import workers


def create() -> None:
    """Make them."""
    _number_counter()
    _appeal()
    _appeal_status_event()
    _appeal_worker()
    _call_appeal()
    _appeal_remark()
    _callback_task()


def _number_counter() -> None:
    op.create_table(
        "number_counter",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("journal", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_number_counter_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "journal", "period", name=op.f("pk_number_counter")),
    )


def _appeal() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column(
            "is_open",
            sa.Boolean(),
            sa.Computed(
                "phase IN ('incoming', 'active', 'callback', 'resolution', 'wait_exec', 'pending', 'rework')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appeal_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("topic_code", sa.Text(), nullable=False),
        sa.Column("channel_code", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("source_code", sa.Text(), nullable=False),
        sa.Column("source_org", sa.Text(), server_default="", nullable=False),
        sa.Column("written_no", sa.Text(), server_default="", nullable=False),
        sa.Column("written_date", sa.Date(), nullable=True),
        sa.Column("to_head_of_region", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("applicant_id", sa.BigInteger(), nullable=True),
        sa.Column("applicant_name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "applicant_key",
            sa.Text(collation="C"),
            sa.Computed("translate(upper((applicant_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е')", persisted=True),
            nullable=False,
        ),
        sa.Column("applicant_snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("same_person", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("insured_id", sa.BigInteger(), nullable=True),
        sa.Column("insured_snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kinship_code", sa.Text(), nullable=True),
        sa.Column("representative_doc", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), server_default="", nullable=False),
        sa.Column("result_code", sa.Text(), nullable=True),
        sa.Column("result_comment", sa.Text(), server_default="", nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("forwarded_to_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("responsible_org_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_rule", sa.Text(), nullable=False),
        sa.Column("due_base", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_manual", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('russian'::regconfig, translate(title, 'Ёё', 'Ее')), 'A')"
                " || setweight(to_tsvector('russian'::regconfig, translate(content, 'Ёё', 'Ее')), 'B')"
                " || setweight(to_tsvector('russian'::regconfig, translate(measures, 'Ёё', 'Ее')), 'C')"
                " || setweight(to_tsvector('russian'::regconfig, translate(result_comment, 'Ёё', 'Ее')), 'D')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("close_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("source_org_id", sa.BigInteger(), nullable=True),
        sa.Column("court_initiator", sa.Text(), server_default="", nullable=False),
        sa.Column("complaint_info", sa.Text(), server_default="", nullable=False),
        sa.Column("court_decision", sa.Text(), server_default="", nullable=False),
        sa.Column("refund_date", sa.Date(), nullable=True),
        sa.Column("refund_sum", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("refund_org", sa.Text(), server_default="", nullable=False),
        sa.Column("refund_org_id", sa.BigInteger(), nullable=True),
        sa.Column("justified", sa.Text(), server_default="", nullable=False),
        sa.Column("forwarded_role", sa.Text(), nullable=True),
        sa.Column("forwarded_org_id", sa.BigInteger(), nullable=True),
        sa.Column("written_close_date", sa.Date(), nullable=True),
        sa.Column("result_org", sa.Text(), server_default="", nullable=False),
        sa.Column("citizen_told", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("final_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("deleted_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted_from", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), server_default="no", nullable=False),
        sa.Column("restricted_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["refund_org_id"], ["organisation.id"], name=op.f("fk_appeal_refund_org_id")),
        sa.ForeignKeyConstraint(["source_org_id"], ["organisation.id"], name=op.f("fk_appeal_source_org_id")),
        sa.ForeignKeyConstraint(["applicant_id"], ["person.id"], name=op.f("fk_appeal_applicant_id")),
        sa.ForeignKeyConstraint(["channel_code"], ["channel.code"], name=op.f("fk_appeal_channel_code")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff_user.id"], name=op.f("fk_appeal_closed_by_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["staff_user.id"], name=op.f("fk_appeal_creator_id")),
        sa.ForeignKeyConstraint(["forwarded_to_id"], ["staff_user.id"], name=op.f("fk_appeal_forwarded_to_id")),
        sa.ForeignKeyConstraint(["insured_id"], ["person.id"], name=op.f("fk_appeal_insured_id")),
        sa.ForeignKeyConstraint(["kinship_code"], ["kinship.code"], name=op.f("fk_appeal_kinship_code")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_appeal_organisation_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff_user.id"], name=op.f("fk_appeal_owner_id")),
        sa.ForeignKeyConstraint(["responsible_org_id"], ["organisation.id"], name=op.f("fk_appeal_responsible_org_id")),
        sa.ForeignKeyConstraint(["result_code"], ["result.code"], name=op.f("fk_appeal_result_code")),
        sa.ForeignKeyConstraint(["source_code"], ["source.code"], name=op.f("fk_appeal_source_code")),
        sa.ForeignKeyConstraint(["status_code"], ["status.code"], name=op.f("fk_appeal_status_code")),
        sa.ForeignKeyConstraint(["topic_code"], ["topic.code"], name=op.f("fk_appeal_topic_code")),
        sa.ForeignKeyConstraint(["type_code"], ["appeal_type.code"], name=op.f("fk_appeal_type_code")),
        sa.ForeignKeyConstraint(["forwarded_org_id"], ["organisation.id"], name=op.f("fk_appeal_forwarded_org_id")),
        sa.ForeignKeyConstraint(["final_closed_by_id"], ["staff_user.id"], name=op.f("fk_appeal_final_closed_by_id")),
        sa.ForeignKeyConstraint(["deleted_by_id"], ["staff_user.id"], name=op.f("fk_appeal_deleted_by_id")),
        sa.ForeignKeyConstraint(["restricted_by_id"], ["staff_user.id"], name=op.f("fk_appeal_restricted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("creator_id", "idempotency_key", name=op.f("uq_appeal_creator_id_idempotency_key")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_appeal_draft_id")),
        sa.UniqueConstraint("number", name=op.f("uq_appeal_number")),
    )
    op.create_index("ix_appeal_applicant", "appeal", ["applicant_id", sa.literal_column("id DESC")], unique=False)
    op.create_index("ix_appeal_written_no", "appeal", ["written_no"], postgresql_where=sa.text("written_no <> ''"))
    op.create_index("ix_appeal_applicant_key", "appeal", ["applicant_key", "id"], unique=False)
    op.create_index("ix_appeal_open_id", "appeal", ["id"], postgresql_where=sa.text("is_open"))
    op.create_index("ix_appeal_open_received", "appeal", ["appeal_at", "id"], postgresql_where=sa.text("is_open"))
    op.create_index("ix_appeal_open_applicant", "appeal", ["applicant_key", "id"], postgresql_where=sa.text("is_open"))
    op.create_index("ix_appeal_open_topic", "appeal", ["topic_code", "id"], postgresql_where=sa.text("is_open"))
    op.create_index("ix_appeal_open_status", "appeal", ["status_code", "id"], postgresql_where=sa.text("is_open"))
    op.create_index(
        "ix_appeal_rework",
        "appeal",
        ["due_at", "id"],
        postgresql_include=["owner_id", "responsible_org_id"],
        postgresql_where=sa.text("phase = 'rework'"),
    )
    op.create_index(
        "ix_appeal_rework_owner",
        "appeal",
        ["owner_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("phase = 'rework'"),
    )
    op.create_index(
        "ix_appeal_open_owner_id",
        "appeal",
        ["owner_id", "id"],
        unique=False,
        postgresql_include=[
            "responsible_org_id", "phase", "appeal_at", "due_at", "applicant_key", "topic_code", "status_code",
        ],
        postgresql_where=sa.text("is_open"),
    )  # fmt: skip
    for person in ("applicant", "insured"):
        op.create_index(
            f"ix_appeal_open_of_{person}",
            "appeal",
            [f"{person}_id"],
            unique=False,
            postgresql_where=sa.text("is_open"),
        )
    op.create_index("ix_appeal_received", "appeal", ["appeal_at", "id"], unique=False)
    op.create_index("ix_appeal_topic", "appeal", ["topic_code", "id"], unique=False)
    op.create_index(
        "ix_appeal_phone", "appeal", [sa.literal_column("(applicant_snapshot ->> 'phone')"), "id"], unique=False
    )
    for name, number in (("number", "number"), ("phone", "applicant_snapshot ->> 'phone'")):
        turned: sa.ColumnClause[str] = sa.literal_column(f'(reverse({number}) COLLATE "C")')
        op.create_index(f"ix_appeal_{name}_tail", "appeal", [turned, "id"])
    op.create_index("ix_appeal_words", "appeal", ["words"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_appeal_incoming",
        "appeal",
        ["forwarded_to_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("phase = 'incoming'"),
    )
    op.create_index("ix_appeal_insured", "appeal", ["insured_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_appeal_open_due",
        "appeal",
        ["due_at", "id"],
        unique=False,
        postgresql_include=["phase"],
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_appeal_open_org",
        "appeal",
        ["responsible_org_id", "due_at", "id"],
        unique=False,
        postgresql_include=["phase"],
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_appeal_open_org_id",
        "appeal",
        ["responsible_org_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_appeal_open_owner",
        "appeal",
        ["owner_id", "due_at", "id"],
        unique=False,
        postgresql_include=["phase"],
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_appeal_owner", "appeal", ["owner_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_appeal_review",
        "appeal",
        ["due_at", "id"],
        unique=False,
        postgresql_include=["responsible_org_id"],
        postgresql_where=sa.text("phase = 'review'"),
    )
    op.create_index("ix_appeal_deleted", "appeal", ["id"], unique=False, postgresql_where=sa.text("phase = 'deleted'"))
    op.create_index(
        "ix_appeal_restricted", "appeal", ["applicant_id"], unique=False, postgresql_where=sa.text("restricted <> 'no'")
    )
    op.create_index(
        "ix_appeal_incoming_group",
        "appeal",
        ["forwarded_org_id", "forwarded_role", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("phase = 'incoming' AND forwarded_role IS NOT NULL"),
    )
    # Index-only counts of the folders depend on a fresh visibility map.
    op.execute("ALTER TABLE appeal SET (autovacuum_vacuum_scale_factor = 0.01)")


def _appeal_status_event() -> None:
    op.create_table(
        "appeal_status_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_phase", sa.Text(), nullable=True),
        sa.Column("to_phase", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("result_code", sa.Text(), nullable=True),
        sa.Column("close_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_status_event_appeal_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_appeal_status_event_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff_user.id"], name=op.f("fk_appeal_status_event_owner_id")),
        sa.ForeignKeyConstraint(["status_code"], ["status.code"], name=op.f("fk_appeal_status_event_status_code")),
        sa.ForeignKeyConstraint(["result_code"], ["result.code"], name=op.f("fk_appeal_status_event_result_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_status_event")),
    )
    op.create_index("ix_appeal_status_event_appeal_id_id", "appeal_status_event", ["appeal_id", "id"], unique=False)
    op.create_index(
        "ix_appeal_status_event_review",
        "appeal_status_event",
        ["at"],
        unique=False,
        postgresql_where=sa.text("to_phase IN ('review', 'rework')"),
    )


def _appeal_worker() -> None:
    op.create_table(
        "appeal_worker",
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("appeal_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applicant_key", sa.Text(collation="C"), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("topic_code", sa.Text(), nullable=False),
        sa.Column("channel_code", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("responsible_org_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_worker_appeal_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_appeal_worker_user_id")),
        sa.PrimaryKeyConstraint("appeal_id", "user_id", name=op.f("pk_appeal_worker")),
    )
    op.create_index(
        "ix_appeal_worker_user_id_appeal_id",
        "appeal_worker",
        ["user_id", sa.literal_column("appeal_id DESC")],
        unique=True,
        postgresql_include=["phase", *workers.COPIED],
    )
    op.create_index(
        "ix_appeal_worker_phase",
        "appeal_worker",
        ["user_id", "phase", "appeal_id"],
        unique=False,
        postgresql_where=sa.text("phase IS NOT NULL"),
    )


def _call_appeal() -> None:
    op.create_table(
        "call_appeal",
        sa.Column("call_key", sa.Text(), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_call_appeal_appeal_id")),
        sa.PrimaryKeyConstraint("call_key", "appeal_id", name=op.f("pk_call_appeal")),
    )
    op.create_index(op.f("ix_call_appeal_appeal_id"), "call_appeal", ["appeal_id"], unique=False)


def _appeal_remark() -> None:
    op.create_table(
        "appeal_remark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_remark_appeal_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_appeal_remark_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_remark")),
    )
    op.create_index("ix_appeal_remark_appeal_id_id", "appeal_remark", ["appeal_id", "id"], unique=False)


def _callback_task() -> None:
    op.create_table(
        "callback_task",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appeal_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_callback_task_appeal_id")),
        sa.ForeignKeyConstraint(["done_by_id"], ["staff_user.id"], name=op.f("fk_callback_task_done_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_callback_task_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_task")),
    )
    op.create_index(op.f("ix_callback_task_appeal_id"), "callback_task", ["appeal_id"], unique=False)
    op.create_index(
        "ix_callback_task_user_open",
        "callback_task",
        ["user_id", "at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "uq_callback_task_open",
        "callback_task",
        ["appeal_id"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
