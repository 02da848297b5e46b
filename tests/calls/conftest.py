"""Fixtures for tests on the real Asterisk: one stand for the whole session, with a greeting of a fifth of a second."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hotline.stand.service import Stand


@pytest.fixture(scope="session")
async def stand() -> AsyncIterator[Stand]:
    """A real Asterisk on free ports, without a database (``pg_url`` and ``own_db_url`` give that)."""
    async with Stand(database=False, asterisk={"greeting": "beep", "alone_s": 1}) as running:
        yield running
