"""A month of 150,000 calls: every table of the page, beside one plain pass over each table that it reads."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import text

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight
from hotline.stand.postgres import PrivateCluster
from hotline.stats.model import Group
from hotline.stats.service import Period, Statistics
from tests.bench.report import Row

CALLS = 150_000
PERIOD = Period(date(2026, 10, 1), date(2026, 10, 31))
BEST_OF = 3
LIMIT_S = 600

_FILL = f"""
INSERT INTO staff_user (login, password_hash, last_name, first_name, organisation_id, extension, created_at)
SELECT 'stat' || n, '', 'О', 'И', 1, (1000 + n)::text, now() FROM generate_series(1, 200) n;
INSERT INTO call (key, asterisk, direction, phase, dialled, queue, started_at, queued_at, answered_at, ended_at,
                  operator, operator_id, outcome)
SELECT 'pbx1-' || n, 'pbx1', 'in', 'ended', '8800', (ARRAY['hotline', 'appeals'])[1 + n % 2], at, at, at, at + interval '3 min',
       '1001', people.first + n % 200, (ARRAY['answered','answered','answered','answered','abandoned_queue'])[1 + n % 5]
FROM (SELECT n, timestamptz '2026-09-30 21:00+00' + n * (interval '31 days' / {CALLS}) AS at
      FROM generate_series(0, {CALLS - 1}) n) calls, (SELECT min(id) AS first FROM staff_user WHERE login LIKE 'stat%') people;
INSERT INTO call_segment (call_id, direction, kind, queue, extension, user_id, started_at, seconds, hold_s, result, again)
SELECT id, 'in', 'wait', queue, '1001', CASE WHEN outcome = 'answered' THEN operator_id END, started_at, id * 7919 % 900 / 10.0, 0,
       CASE WHEN outcome = 'answered' THEN 'answered' ELSE 'abandoned' END, false FROM call;
INSERT INTO call_segment (call_id, direction, kind, queue, extension, user_id, started_at, seconds, hold_s, result, again)
SELECT id, 'in', 'talk', queue, '1001', operator_id, started_at + interval '20 s', 30 + id * 31 % 300, id % 7, '', false
FROM call WHERE outcome = 'answered';
INSERT INTO call_segment (call_id, direction, kind, queue, extension, user_id, by_id, started_at, seconds, hold_s, result, again)
SELECT id, 'in', 'consult', queue, '1001', operator_id, operator_id, started_at + interval '40 s', 20, 0, 'done', false
FROM call WHERE id % 20 = 1;
INSERT INTO agent_state_log (user_id, extension, state, call_key, from_at, to_at)
SELECT operator_id, '1001', states.state, CASE WHEN states.part < 3 THEN call.key END,
       started_at + states.part * interval '1 minute', started_at + (states.part + 1) * interval '1 minute'
FROM call, (VALUES (0, 'ringing'), (1, 'talking'), (2, 'wrap_up'), (3, 'ready')) AS states (part, state);
INSERT INTO appeal (number, idempotency_key, phase, status_code, created_at, appeal_at, type_code, topic_code, channel_code,
                    form, source_code, applicant_name, applicant_snapshot, insured_snapshot, content, creator_id, owner_id,
                    organisation_id, responsible_org_id, due_at, due_rule, due_base)
SELECT call.key, call.key, 'closed', 'closed', now(), now(), topic.type_code, topic.code, (SELECT min(code) FROM channel),
       'oral', (SELECT min(code) FROM source), 'И', '{{}}', '{{}}', '', operator_id, operator_id, 1, 1, now(), 'bench', now()
FROM call JOIN (SELECT code, type_code, row_number() OVER (ORDER BY code) - 1 AS n FROM topic) topic ON topic.n = call.id % 40
WHERE outcome = 'answered';
INSERT INTO call_appeal (call_key, appeal_id, relation) SELECT number, id, 'main' FROM appeal;
ANALYZE;
"""


def run() -> list[Row]:
    """Fill a database and measure."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with asyncio.timeout(LIMIT_S), PrivateCluster() as cluster:
        url = await cluster.create_database("statistics")
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
    statistics = Statistics(database, FakeClock(datetime(2026, 11, 1, tzinfo=UTC)), ZoneInfo("Europe/Moscow"))
    rights = frozenset({Right.CALL_MONITOR})
    sight = Sight(calls=Reach.ALL)
    user = User(1, "s", "", "", "", Organisation(1, "00", "tfoms", "", ""), None, permissions=rights, sight=sight)
    floor = min([await _pass(database) for _ in range(BEST_OF)])
    rows = []
    for group in Group:
        times = []
        for _ in range(BEST_OF):
            begun = time.perf_counter()
            answer = await statistics.ask(user, PERIOD, group)
            times.append(time.perf_counter() - begun)
            if answer.total.entered != CALLS or not answer.rows:
                raise RuntimeError(f"{group}: {answer.total.entered} calls, {len(answer.rows)} rows")
        rows.append(Row(f"150,000 calls by {group}", min(times) * 1000, floor * 1000, "ms"))
    return rows


async def _pass(database: Database) -> float:
    begun = time.perf_counter()
    async with database.begin() as session:
        for table, begins in (("call", "started_at"), ("call_segment", "started_at"), ("agent_state_log", "from_at")):
            await session.execute(text(f"SELECT count(*) FROM {table} WHERE {begins} > '2026-01-01'"))
    return time.perf_counter() - begun
