"""Lists, counters and the search of the journal on many appeals, against ``SELECT 1``.

``BENCH_APPEALS`` says how many (100,000 unless told); ``BENCH_FOLDER`` keeps the database there, so that millions are
made once: ``BENCH_APPEALS=5000000 BENCH_FOLDER=/srv/bench python -m tests.bench lists`` fills it in the first run (half
an hour on two cores) and only measures in the next. 300 operators; two in a hundred appeals are open, two in a thousand
overdue: a hotline of some years.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import SERVER_SETTINGS, Database
from hotline.journal.listing import Filters, Order, Sort
from hotline.journal.queries import JournalQueries
from hotline.journal.question import understand
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.model import User
from hotline.staff.service import StaffService
from hotline.stand.postgres import PrivateCluster
from tests.bench.report import Row, percentile

APPEALS = int(os.environ.get("BENCH_APPEALS", "100000"))
FOLDER = os.environ.get("BENCH_FOLDER")
OPERATORS = 300
SETS = 30
BEST_OF = 3
CHUNK = 50_000
DEEP = 100_000
"""How many rows lie before a deep page."""
LIMIT_S = 3600

_STAFF = f"""
INSERT INTO staff_user (login, password_hash, last_name, first_name, organisation_id, created_at)
SELECT 'bench-' || n, '', 'Сотрудник' || chr(1040 + n % 32) || chr(1072 + n / 32), 'Имя', o.id, now()
FROM generate_series(1, {OPERATORS}) n, (SELECT id FROM organisation WHERE kind = 'tfoms' LIMIT 1) o
"""
_ROLES = "INSERT INTO staff_user_role SELECT id, 'op1' FROM staff_user WHERE login LIKE 'bench-%'"
_APPEALS = """
WITH staff AS MATERIALIZED (SELECT array_agg(id ORDER BY id) AS ids, min(organisation_id) AS org
                            FROM staff_user WHERE login LIKE 'bench-%'),
     codes AS MATERIALIZED (SELECT (SELECT array_agg(code) FROM status) AS statuses,
                                   (SELECT array_agg(code) FROM topic) AS topics,
                                   (SELECT array_agg(type_code ORDER BY code) FROM topic) AS types,
                                   (SELECT min(code) FROM source) AS source,
                                   (SELECT array_agg(code) FROM channel) AS ways)
INSERT INTO appeal (number, idempotency_key, phase, status_code, created_at, appeal_at, type_code, topic_code,
                    channel_code, form, source_code, applicant_name, applicant_snapshot, insured_snapshot,
                    content, creator_id, owner_id, organisation_id, responsible_org_id, due_at, due_rule, due_base)
SELECT '00-' || to_char(now() - ($3 - n) * interval '30 seconds', 'DDMMYYYY') || '-' || lpad(n::text, 8, '0'),
       'bench-' || n, CASE WHEN n % 50 = 0 THEN 'active' ELSE 'closed' END,
       CASE WHEN n % 50 = 0 THEN 'in_work' ELSE 'closed' END,
       now() - ($3 - n) * interval '30 seconds', now() - ($3 - n) * interval '30 seconds',
       types[1 + n % 67], topics[1 + n % 67], ways[1 + n % 13], 'oral', codes.source,
       (ARRAY['Иванов','Петров','Сидоров','Щербаков','Кузнецов','Мамедов','Ёлкин','Абрамов','Волков','Зайцев'])
         [1 + n % 10] || chr(1072 + n / 10 % 30) || chr(1072 + n / 300 % 30) || ' '
         || (ARRAY['Иван','Мария','Олег','Анна','Пётр','Ольга','Ахмед','Елена'])[1 + n / 7 % 8],
       jsonb_build_object('phone', '+79' || lpad((n::bigint * 7919 % 1000000000)::text, 9, '0')), '{}',
       concat_ws(' ', words[1 + n % 30], words[1 + n / 3 % 30], words[1 + n / 11 % 30], words[1 + n / 17 % 30],
                 words[1 + n / 29 % 30], words[1 + n / 37 % 30], words[1 + n / 53 % 30], words[1 + n / 71 % 30],
                 'посёлок', 'ров' || chr(1072 + n % 32) || chr(1072 + n / 32 % 32) || chr(1072 + n / 1024 % 32)
                            || 'ский'),
       ids[1 + n / 50 % array_length(ids, 1)], ids[1 + n / 50 % array_length(ids, 1)], staff.org, staff.org,
       now() + CASE WHEN n % 500 = 0 THEN -1 ELSE 1 END * (n % 30 + 1) * interval '1 day', 'bench', now()
FROM generate_series($1::int, $2::int) n, staff, codes,
     (SELECT ARRAY['полис','поликлиника','врач','приём','отказ','лекарство','больница','направление','анализ',
                   'операция','ребёнок','прививка','диспансеризация','жалоба','очередь','регистратура','талон','справка',
                   'оплата',
                   'страховая','компания','замена','утеря','прикрепление','участок','терапевт','хирург','осмотр',
                   'консультация','реабилитация'] AS words) w
ON CONFLICT DO NOTHING
"""
_WORKERS = "INSERT INTO appeal_worker (appeal_id, user_id) SELECT id, owner_id FROM appeal ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Case:
    """A use case: how it runs for the ``n``-th set of parameters; ``good`` and ``most`` are ratios of p50."""

    what: str
    run: Callable[[int], Awaitable[object]]
    good: float
    most: float
    own_plan: bool = False
    """It is planned with its values (ADR 0019)."""


def run() -> list[Row]:
    """Fill a database, or take the kept one, and measure.

    :raises TimeoutError: it takes more than an hour.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(LIMIT_S):
        return await _run()


def _say(what: str) -> None:
    sys.stderr.write(f"  {what}\n")


async def _run() -> list[Row]:
    async with PrivateCluster(Path(FOLDER) if FOLDER else None) as cluster:
        url = await cluster.create_database("lists")
        plain = url.replace("+asyncpg", "")
        await upgrade(url)
        database = Database.connect(url)
        bare = await asyncpg.connect(plain, server_settings=SERVER_SETTINGS)
        try:
            if await bare.fetchval("SELECT count(*) FROM staff_user WHERE login LIKE 'bench-%'") == 0:
                await load_profile(database, "oms")
                await load_demo(database)
                await bare.execute(_STAFF)
                await bare.execute(_ROLES)
            await _fill(plain, bare)
            return await _measure(url, database, bare)
        finally:
            await bare.close()
            await database.close()


async def _fill(plain: str, bare: asyncpg.Connection[Any]) -> None:
    there = await bare.fetchval("SELECT coalesce(max(id), 0) FROM appeal")
    if there >= APPEALS:
        return
    _say(f"making {APPEALS - there} appeals")
    indexes = await bare.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'appeal' AND indexname LIKE 'ix_%'"
    )
    for name, _ in indexes:
        await bare.execute(f"DROP INDEX {name}")
    starts = list(range(there + 1, APPEALS + 1, CHUNK))
    await asyncio.gather(_insert(plain, starts[::2]), _insert(plain, starts[1::2]))
    await bare.execute("SET maintenance_work_mem = '1GB'")
    for name, definition in indexes:
        _say(name)
        await bare.execute(definition, timeout=1800)
    await bare.execute("SET session_replication_role = replica")
    await bare.execute(_WORKERS, timeout=1800)
    await bare.execute("SET session_replication_role = origin")
    _say("vacuum")
    await bare.execute("VACUUM ANALYZE", timeout=1800)


async def _insert(plain: str, starts: list[int]) -> None:
    connection = await asyncpg.connect(plain)
    # Generated rows refer to what exists; checking their foreign keys would take longer than making them.
    await connection.execute("SET session_replication_role = replica")
    for start in starts:
        await connection.execute(_APPEALS, start, min(start + CHUNK - 1, APPEALS), APPEALS, timeout=600)
        _say(f"{start}")
    await connection.close()


def _cases(lists: JournalQueries, operators: list[User], admin: User, deep: dict[str, str]) -> list[Case]:
    def op(n: int) -> User:
        return operators[n % len(operators)]

    def page(what: str, code: str, who: Callable[[int], User], **options: Any) -> Case:
        return Case(what, lambda n: lists.appeals(who(n), code, **options), 3, 4)

    def boss(_: int) -> User:
        return admin

    def words(what: str, *typed: str) -> Case:
        readings = [understand(one) for one in typed]
        return Case(what, lambda n: lists.search.find(admin, readings[n % len(readings)]), 10, 40, own_plan=True)

    bounded = [
        page(f"open ones of all, by {by}", "all", boss, order=Order(by, descending=by is Sort.REGISTERED))
        for by in Sort
    ]
    endless = [
        page(f"every appeal, by {by}", "mine", boss, order=Order(by))
        for by in (Sort.REGISTERED, Sort.RECEIVED, Sort.APPLICANT, Sort.TOPIC)
    ]
    deeper = [
        page(f"every appeal, by {by}, deep page", "mine", boss, order=Order(Sort(by)), after=after)
        for by, after in deep.items()
    ]
    topic = Filters(topic="2.01")
    return [
        Case("counters of an operator", lambda n: lists.folders(op(n)), 2, 3),
        Case("counters of the administrator", lambda n: lists.folders(admin), 2, 3),
        page("in work of an operator", "in_work", op),
        page("all that an operator has worked with", "mine", op),
        page("overdue of all", "overdue", boss),
        *bounded,
        *endless,
        *deeper,
        page("every appeal of a topic", "mine", boss, filters=topic),
        words("search by number", "00-0101", "00-1509", "00-2011"),
        words("search by telephone", "+7 900 079 1900", "+7 900 158 3800"),
        words("search by a rare word", "ровабвский", "роввгдский", "ровежзский"),
        words("search by a word of every fourth text", "поликлиники", "прививками", "операций"),
        words("search by two words", "утеря полиса", "жалобы хирургу"),
    ]


async def _measure(url: str, database: Database, bare: asyncpg.Connection[Any]) -> list[Row]:
    clock = SystemClock()
    staff = StaffService(database, clock, Settings())
    ids = await bare.fetch("SELECT id FROM staff_user WHERE login LIKE 'bench-%' ORDER BY id LIMIT 30")
    admin_id = await bare.fetchval("SELECT user_id FROM staff_user_role WHERE role_code = 'admin' ORDER BY 1 LIMIT 1")
    operators = [user for row in ids if (user := await staff.user(row["id"])) is not None]
    admin = await staff.user(admin_id)
    if admin is None:
        raise AssertionError("the demo people are gone")
    engine = create_async_engine(url, connect_args={"server_settings": SERVER_SETTINGS})
    watched = Database(engine)
    sent: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    lists = JournalQueries(watched, clock)
    await lists.folders(admin)  # the folders of the profile
    total = await bare.fetchval("SELECT count(*) FROM appeal")
    rows = [Row("appeals", float(total), None, "")]
    try:
        for case in _cases(lists, operators, admin, await _deep(bare)):
            sent.clear()
            for number in range(SETS):
                await case.run(number)
            rows += await _compare(case, bare, list(sent))
    finally:
        await engine.dispose()
    return rows


async def _deep(bare: asyncpg.Connection[Any]) -> dict[str, str]:
    """Return the cursors of rows that a hundred thousand others precede."""
    deep = min(DEEP, APPEALS // 2)
    found = {"registered": "id", "applicant": "applicant_key, id", "topic": "topic_code, id"}
    return {
        by: str(await bare.fetchval(f"SELECT id FROM appeal ORDER BY {keys} OFFSET {deep} LIMIT 1", timeout=300))
        for by, keys in found.items()
    }


async def _compare(case: Case, bare: asyncpg.Connection[Any], sent: list[tuple[str, Any]]) -> list[Row]:
    await bare.execute(f"SET plan_cache_mode = {'force_custom_plan' if case.own_plan else 'force_generic_plan'}")
    one = await bare.prepare("SELECT 1")
    prepared = {statement: await bare.prepare(statement) for statement, _ in sent}
    ours: list[float] = []
    least: list[float] = []
    for statement, parameters in sent:
        query = partial(prepared[statement].fetch, *parameters)
        ours.append(min([await _timed(query) for _ in range(BEST_OF)]))
        least.append(min([await _timed(one.fetch) for _ in range(BEST_OF)]))
    shares = ((0.5, case.good, case.most), (0.95, case.good * 3, case.most * 3))
    found = [
        Row(
            f"{case.what}, p{share * 100:.0f}",
            percentile(ours, share) * 1e6,
            percentile(least, share) * 1e6,
            "us",
            *want,
        )
        for share, *want in shares
    ]
    _say(str(found[0]))
    return found


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await work()
    return time.perf_counter() - begin
