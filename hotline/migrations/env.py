"""Alembic's entry: always inside a connection that ``hotline.migrations`` opened, always in its transaction."""

from __future__ import annotations

from alembic import context

from hotline.migrations.metadata import metadata
from hotline.staff.audit_partitions import TABLE

connection = context.config.attributes["connection"]


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the tables of the audit trail's months: the service makes them."""
    return kind != "table" or not (name or "").startswith(f"{TABLE}_")


context.configure(connection=connection, target_metadata=metadata, compare_server_default=True, include_name=_ours)
with context.begin_transaction():
    context.run_migrations()
