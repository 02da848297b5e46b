"""Alembic's entry. On a connection that ``hotline.migrations`` opened, each migration in a transaction of its own; or
offline, when only the SQL is wanted (:mod:`hotline.migrations.guard`)."""

from __future__ import annotations

from alembic import context

from hotline.migrations.metadata import metadata
from hotline.staff.audit_partitions import TABLE


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the tables of the audit trail's months: the service makes them."""
    return kind != "table" or not (name or "").startswith(f"{TABLE}_")


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
else:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        compare_server_default=True,
        include_name=_ours,
        transaction_per_migration=True,
    )
with context.begin_transaction():
    context.run_migrations()
