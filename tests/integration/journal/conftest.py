from __future__ import annotations

import pytest

from hotline.clock import FakeClock
from hotline.db import Database
from tests.integration.journal.world import World, make_world


@pytest.fixture
async def world(db: Database, clock: FakeClock) -> World:
    """A hotline whose every change is rolled back after the test."""
    return await make_world(db, clock)


@pytest.fixture
async def own_world(own_db: Database, clock: FakeClock) -> World:
    """A hotline on a database of its own, with real commits and many connections."""
    return await make_world(own_db, clock)
