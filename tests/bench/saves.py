"""A thousand cards saved at once, twenty at a time: numbers without a gap, against plain inserts of the same rows.

Ours is the whole use case: rights, classifier, deadline, dossier, number, history, audit trail, outbox. One floor
writes nothing but the appeal's row, a transaction for each, by as many connections; the other draws its number in the
same transaction as well, so that its transactions take turns as ours must (ADR 0005). PostgreSQL syncs every commit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import SERVER_SETTINGS, Database
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.service import Journal
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.service import StaffService
from hotline.stand.postgres import PrivateCluster
from tests.bench.report import Row, percentile
from tests.bench.statements import timed

SAVED = 1000
AT_ONCE = 20
WARM = 40
SERVER = ("fsync=on", "synchronous_commit=on")
LIMIT_S = 540
_CHANNELS = "SELECT code FROM channel WHERE form = 'oral' ORDER BY code"
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
WHERE attrelid = 'appeal'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
  AND attname NOT IN ('id', 'number', 'idempotency_key')
"""
_INSERT = """
INSERT INTO appeal (number, idempotency_key, {columns})
SELECT $1::text, $1::text, {columns} FROM appeal WHERE id = $2::bigint
"""
_DRAW = "UPDATE number_counter SET value = value + 1 WHERE organisation_id = $1 RETURNING value"
_NUMBERS = """
SELECT count(*), count(DISTINCT number), min(right(number, 5)::int), max(right(number, 5)::int),
       count(DISTINCT channel_code)
FROM appeal WHERE idempotency_key LIKE 'bench-%'
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a thousand took: each, in seconds; all together; processor of this process for one."""

    waited: list[float]
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """How many a second."""
        return SAVED / self.wall


def run() -> list[Row]:
    """Save and check.

    :raises AssertionError: a number is missing or twice.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(LIMIT_S), PrivateCluster(options=SERVER) as cluster:
        url = await cluster.create_database("saves")
        await upgrade(url)
        database = Database.connect(url, pool_size=AT_ONCE)
        try:
            await load_profile(database, "oms")
            await load_demo(database)
            return await _measure(database, url)
        finally:
            await database.close()


async def _measure(database: Database, url: str) -> list[Row]:
    clock = SystemClock()
    staff = StaffService(database, clock, Settings())
    journal = Journal(database, clock, Settings())
    user = await staff.by_extension("101")
    if user is None:
        raise AssertionError("the demo people are gone")
    plain = await asyncpg.create_pool(
        url.replace("+asyncpg", ""), min_size=AT_ONCE, max_size=AT_ONCE, server_settings=SERVER_SETTINGS
    )
    try:
        channels = [row[0] for row in await plain.fetch(_CHANNELS)]

        async def save(number: int) -> object:
            card = _card(number, channels[number % len(channels)])
            return await journal.appeals.save_card(user, card, f"bench-{number}")

        ours = await _thousand(save)
        told = await plain.fetchrow(_NUMBERS)
        if tuple(told) != (SAVED + WARM, SAVED + WARM, 1, SAVED + WARM, len(channels)):
            raise AssertionError(f"numbers are missing or twice: {told}")
        row, numbered = await _floors(plain)
    finally:
        await plain.close()
    return [
        Row("a card saved, 20 at a time: saves a second", ours.rate, None, "/s"),
        Row("a card saved, 20 at a time, each / a plain insert", 1e6 / ours.rate, 1e6 / row.rate, "us"),
        Row("a card saved, 20 at a time, each / insert and number", 1e6 / ours.rate, 1e6 / numbered.rate, "us"),
        Row("a card saved, 20 at a time: processor of the service", ours.cpu * 1e6, row.cpu * 1e6, "us"),
        *(Row(f"a card saved, 20 at a time, waited, p{share * 100:.0f}", percentile(ours.waited, share) * 1e3,
              percentile(numbered.waited, share) * 1e3, "ms") for share in (0.5, 0.95, 0.99)),
    ]  # fmt: skip


def _card(number: int, channel: str) -> CardForm:
    who = PersonFields(last_name=f"Нагрузкин{number}", first_name="Пётр", phone=f"+7900{number:07}")
    return CardForm(type="2", topic="2.01", channel=channel, source="I01", content="Как получить полис?", applicant=who)


async def _floors(plain: asyncpg.Pool[Any]) -> tuple[Taken, Taken]:
    """Insert copies of the rows, without a number of their own and with one."""
    insert = _INSERT.format(columns=await plain.fetchval(_COLUMNS))
    ids = [row[0] for row in await plain.fetch("SELECT id FROM appeal ORDER BY id")]
    organisation = await plain.fetchval("SELECT min(organisation_id) FROM number_counter")

    async def alone(number: int) -> None:
        async with plain.acquire() as connection:
            await connection.execute(insert, f"plain-{number}", ids[number % len(ids)])

    async def numbered(number: int) -> None:
        async with plain.acquire() as connection, connection.transaction():
            drawn = await connection.fetchval(_DRAW, organisation)
            await connection.execute(insert, f"drawn-{drawn}", ids[number % len(ids)])

    return await _thousand(alone), await _thousand(numbered)


async def _thousand(save: Callable[[int], Awaitable[object]]) -> Taken:
    running = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> float:
        async with running:
            return await timed(partial(save, number))

    await asyncio.gather(*map(one, range(WARM)))
    began, spent = time.perf_counter(), time.process_time()
    waited = await asyncio.gather(*map(one, range(WARM, WARM + SAVED)))
    return Taken(waited, time.perf_counter() - began, (time.process_time() - spent) / SAVED)
