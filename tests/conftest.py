"""Shared fixtures: a real PostgreSQL for every test that asks for one.

``db`` is what most tests want: a :class:`~hotline.db.Database` whose work is rolled back at the end. ``own_db`` is a
database of the test's own, for tests that need real commits, several connections or LISTEN.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand

TEMPLATE = "hotline_template"
DEMO_TEMPLATE = "hotline_demo_template"


@pytest.fixture(scope="session")
async def pg_cluster() -> AsyncIterator[PrivateCluster]:
    """A throw-away PostgreSQL server."""
    async with PrivateCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
async def pg_template(pg_cluster: PrivateCluster) -> str:
    """Name of a migrated, empty database that others are copied from."""
    url = await pg_cluster.create_database(TEMPLATE)
    await upgrade(url)
    return TEMPLATE


@pytest.fixture(scope="session")
async def pg_url(pg_cluster: PrivateCluster, pg_template: str) -> str:
    """URL of a migrated database that the whole session shares; leave nothing committed in it."""
    return await pg_cluster.create_database("hotline_shared", template=pg_template)


@pytest.fixture
async def db(pg_url: str) -> AsyncIterator[Database]:
    """A database whose every change is rolled back after the test."""
    engine = create_async_engine(pg_url, poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield Database(connection)
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture
async def own_db_url(pg_cluster: PrivateCluster, pg_template: str) -> AsyncIterator[str]:
    """URL of a migrated database of this test's own."""
    name = f"own_{uuid.uuid4().hex[:12]}"
    yield await pg_cluster.create_database(name, template=pg_template)
    await pg_cluster.drop_database(name)


@pytest.fixture
async def own_db(own_db_url: str) -> AsyncIterator[Database]:
    """A real pool on a database of this test's own: commits are commits."""
    database = Database.connect(own_db_url)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still: Friday 20 November 2026, 10:00 in Moscow."""
    return FakeClock(datetime(2026, 11, 20, 7, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
async def demo_template(pg_cluster: PrivateCluster, pg_template: str) -> str:
    """Name of a database with the ``oms`` profile and the demo people."""
    database = Database.connect(await pg_cluster.create_database(DEMO_TEMPLATE, template=pg_template))
    await load_profile(database, "oms")
    await load_demo(database)
    await database.close()
    return DEMO_TEMPLATE


@pytest.fixture
async def demo_db_url(pg_cluster: PrivateCluster, demo_template: str) -> AsyncIterator[str]:
    """URL of a database of this test's own with the demo people in it."""
    name = f"demo_{uuid.uuid4().hex[:12]}"
    yield await pg_cluster.create_database(name, template=demo_template)
    await pg_cluster.drop_database(name)


@pytest.fixture
async def demo_db(demo_db_url: str) -> AsyncIterator[Database]:
    """A pool on ``demo_db_url``: what a test looks at while the service works on the same database."""
    database = Database.connect(demo_db_url)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def stand() -> AsyncIterator[Stand]:
    """A real Asterisk on free ports, with a greeting of a fifth of a second. Databases come from the fixtures above.

    One for each module: it starts in half a second, and nobody inherits another module's operators and accounts.
    """
    async with Stand(database=False, asterisk={"greeting": "beep", "alone_s": 1}) as running:
        yield running
