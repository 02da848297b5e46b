"""The default table of the audit trail; those of the months are made by the service (``staff.audit_partitions``)."""

from __future__ import annotations

from alembic import op

from hotline.staff.audit_partitions import statements


def create() -> None:
    """Create ``audit_event_default``."""
    for statement in statements(None, guarded=True):
        op.execute(statement)
