"""Fixtures for tests on the real Asterisk: one stand for the whole session, simulated citizens, waiting without sleep."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hotline.stand.service import Stand


@pytest.fixture(scope="session")
async def stand() -> AsyncIterator[Stand]:
    """A real Asterisk on free ports, without a database (``pg_url`` and ``own_db_url`` give that)."""
    async with Stand(database=False) as running:
        yield running
