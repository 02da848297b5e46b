"""Which programs may use the schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create ``schema_state`` with its only row."""
    op.create_table(
        "schema_state",
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("oldest", sa.Text(), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_schema_state_one_row")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_schema_state")),
    )
    op.execute("INSERT INTO schema_state (oldest) VALUES ('0001')")
