"""The migrations make exactly the schema that the tables in the code describe."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hotline.db import Database
from hotline.migrations import current, head, upgrade
from hotline.migrations.metadata import metadata
from hotline.stand.postgres import PrivateCluster

CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, collation_name, is_identity, generation_expression,
               column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
}


async def catalogue(url: str) -> dict[str, set[tuple[object, ...]]]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = {
            name: {tuple(row) for row in await connection.execute(text(query))} for name, query in CATALOGUE.items()
        }
    await engine.dispose()
    for rows in found.values():
        rows -= {row for row in rows if row[0] == "alembic_version"}
    return found


async def test_models_equal_migrations(pg_cluster: PrivateCluster, own_db_url: str) -> None:
    from_models = await pg_cluster.create_database("from_models", replace=True)
    engine = create_async_engine(from_models, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    try:
        migrated, modelled = await catalogue(own_db_url), await catalogue(from_models)
    finally:
        await pg_cluster.drop_database("from_models")
    assert len(migrated["columns"]) > 200
    for kind in CATALOGUE:
        assert migrated[kind] == modelled[kind], kind


async def test_upgrading_twice_at_once_and_again_changes_nothing(pg_cluster: PrivateCluster) -> None:
    url = await pg_cluster.create_database("upgraded", replace=True)
    try:
        assert await current(url) is None
        async with asyncio.timeout(60):
            await asyncio.gather(upgrade(url), upgrade(url))
        await upgrade(url)
        assert await current(url) == head()
    finally:
        await pg_cluster.drop_database("upgraded")


@pytest.mark.parametrize("table", ["audit_event", "appeal_status_event"])
async def test_history_is_append_only(db: Database, table: str) -> None:
    if table == "audit_event":
        row = "INSERT INTO audit_event (at, action, entity) VALUES (now(), 'view', 'test')"
    else:
        row = "SELECT 1"  # an appeal is needed for a row; the trigger itself is what is looked at
    async with db.begin() as session:
        await session.execute(text(row))
        triggers = await session.scalars(
            text("SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal"),
            {"table": table},
        )
        assert sorted(triggers.all()) == ["append_only", "never_emptied"]
    if table == "audit_event":
        changes = ("UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event")
        for change in changes:
            with pytest.raises(DBAPIError, match="append-only") as error:
                async with db.begin() as session:
                    await session.execute(text(change))
            assert isinstance(error.value.orig.__cause__ if error.value.orig else None, asyncpg.PostgresError)
