"""Attendance of 1,000 operators with a month of states: a page of the week, a team's day, who is missing, the file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import text

from hotline.attendance.service import Attendance
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight
from hotline.stand.postgres import PrivateCluster
from tests.bench.report import Row

OPERATORS = 1000
NOW = datetime(2026, 10, 30, 11, tzinfo=UTC)
MONDAY = date(2026, 10, 26)
BEST_OF = 5
LIMIT_S = 900

# A shift of nine hours a day, 200 lines of the log in it, a pause every twenty lines, the night offline: 6 M lines.
_FILL = f"""
INSERT INTO staff_user (login, password_hash, last_name, first_name, organisation_id, extension, created_at)
SELECT 'att' || n, '', 'О' || n, 'И', 1, (1000 + n)::text, now() FROM generate_series(1, {OPERATORS}) n;
INSERT INTO shift (user_id, day, kind, starts, ends, break_min, starts_at, ends_at)
SELECT u.id, d::date, 'day', '09:00', '18:00', 60, d + interval '6 h', d + interval '15 h'
FROM staff_user u, generate_series(timestamptz '2026-10-01 00:00+00', '2026-10-31 00:00+00', '1 day') d
WHERE u.login LIKE 'att%';
INSERT INTO agent_state_log (user_id, extension, state, reason, from_at, to_at)
SELECT u.id, u.extension,
  CASE WHEN n = 200 THEN 'offline' WHEN n % 20 = 7 THEN 'pause'
    ELSE (ARRAY['ready', 'ringing', 'talking', 'wrap_up'])[1 + n % 4] END,
  CASE WHEN n % 20 = 7 THEN 'P01' END,
  d + interval '6 h' + n * interval '162 s',
  d + interval '6 h' + CASE WHEN n = 200 THEN interval '24 h' ELSE (n + 1) * interval '162 s' END
FROM staff_user u, generate_series(timestamptz '2026-10-01 00:00+00', '2026-10-29 00:00+00', '1 day') d,
  generate_series(0, 200) n
WHERE u.login LIKE 'att%' ORDER BY d, n, u.id;
ANALYZE;
"""


def run() -> list[Row]:
    """Fill a database and measure."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with asyncio.timeout(LIMIT_S), PrivateCluster() as cluster:
        url = await cluster.create_database("attendance")
        await upgrade(url)
        database = Database.connect(url)
        try:
            await load_profile(database, "oms")
            await load_demo(database)
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            await connection.execute(_FILL)
            await connection.close()
            return await _measure(database)
        finally:
            await database.close()


async def _measure(database: Database) -> list[Row]:
    attendance = Attendance(database, FakeClock(NOW), ZoneInfo("Europe/Moscow"))
    rights = frozenset({Right.ATTENDANCE_VIEW})
    sight = Sight(calls=Reach.ALL)
    user = User(1, "s", "", "", "", Organisation(1, "00", "tfoms", "", ""), None, permissions=rights, sight=sight)

    async def week() -> int:
        return len((await attendance.sheet(user, MONDAY, 7)).rows)

    async def last_page() -> int:
        pages = (await attendance.sheet(user, MONDAY, 1)).pages
        return len((await attendance.sheet(user, MONDAY, 7, page=pages - 1)).rows)

    async def day() -> int:
        return len((await attendance.sheet(user, MONDAY, 1)).rows)

    async def missing() -> int:
        return len(await attendance.missing(user))

    async def file() -> int:
        return len([one async for one in attendance.every(user, MONDAY, 7)])

    floor = await _best(lambda: _count(database), BEST_OF)
    cases: tuple[tuple[str, Callable[[], Awaitable[int]], int, int], ...] = (
        ("the week, a page of 50", week, 50, BEST_OF),
        ("the week, the last full page", last_page, 50, BEST_OF),
        ("the day, a page of 50", day, 50, BEST_OF),
        ("1,000 are missing now", missing, OPERATORS, 2),
        ("the week of everybody as a file", file, OPERATORS, 1),
    )
    rows = []
    for name, ask, least, times in cases:
        if (found := await ask()) < least:
            raise RuntimeError(f"{name}: {found}, not {least}")
        rows.append(Row(f"attendance of 1,000: {name}", await _best(ask, times) * 1000, floor * 1000, "ms"))
    return rows


async def _best(ask: Callable[[], Awaitable[int]], times: int) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - begun)
    return min(took)


async def _count(database: Database) -> int:
    """Read the same lines of 50 people and a week once, by nothing but their index."""
    statement = """SELECT count(*) FROM agent_state_log WHERE from_at >= '2026-10-24' AND from_at < '2026-11-03'
        AND user_id IN (SELECT id FROM staff_user WHERE login LIKE 'att%' ORDER BY id LIMIT 50)"""
    async with database.begin() as session:
        found: int = (await session.execute(text(statement))).scalar_one()
    return found
