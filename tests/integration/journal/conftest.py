from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.stand.postgres import PrivateCluster
from tests.integration.journal.world import World, fill, make_world

OMS = "hotline_oms"


@pytest.fixture(scope="session")
async def oms_url(pg_cluster: PrivateCluster, pg_template: str) -> str:
    """URL of a database with profile oms and the demo people; leave nothing committed in it."""
    url = await pg_cluster.create_database(OMS, template=pg_template)
    database = Database.connect(url)
    await fill(database, FakeClock(datetime(2026, 11, 1, tzinfo=UTC)))
    await database.close()
    return url


@pytest.fixture
async def world(oms_url: str, clock: FakeClock) -> AsyncIterator[World]:
    """A hotline whose every change is rolled back after the test."""
    engine = create_async_engine(oms_url, poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield await make_world(Database(connection), clock)
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture
async def own_world(pg_cluster: PrivateCluster, oms_url: str, clock: FakeClock) -> AsyncIterator[World]:
    """A hotline on a database of its own, with real commits and many connections."""
    name = f"own_{uuid.uuid4().hex[:12]}"
    database = Database.connect(await pg_cluster.create_database(name, template=OMS))
    yield await make_world(database, clock)
    await database.close()
    await pg_cluster.drop_database(name)
