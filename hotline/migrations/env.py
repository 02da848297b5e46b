"""Alembic's entry: always inside a connection that ``hotline.migrations`` opened, always in its transaction."""

from __future__ import annotations

from alembic import context

from hotline.migrations.metadata import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
with context.begin_transaction():
    context.run_migrations()
