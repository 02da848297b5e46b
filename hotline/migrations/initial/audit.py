"""The audit trail, and the triggers that keep the histories from being changed.

The default table of the trail is made here, those of the months by the service (``staff.audit_partitions``).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hotline.staff.audit_partitions import statements


def create() -> None:
    """Make them; last of all, for the guarded histories must be there."""
    _audit_event()
    _guards()
    for statement in statements(None, guarded=True):
        op.execute(statement)


def _audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_audit_event_user_id")),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_audit_event")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_audit_event_action_at", "audit_event", ["action", "at"], unique=False)
    op.create_index("ix_audit_event_at", "audit_event", ["at", "id"], unique=False)
    op.create_index("ix_audit_event_entity_at", "audit_event", ["entity", "entity_id", "at"], unique=False)
    op.create_index("ix_audit_event_user_id_at", "audit_event", ["user_id", "at"], unique=False)


def _guards() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in ("audit_event", "appeal_status_event", "recording_seal"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
