"""Searches and lists against ``SELECT 1``: 100,000 persons and as many appeals, on a private PostgreSQL.

Each use case runs once through its service, to learn the statements that it really sends; these are then repeated on a
bare asyncpg connection beside ``SELECT 1``, the best of three for each set of parameters, so that the machine's pauses
fall out. ``through the service`` is the use case as a page calls it, beside ``SELECT 1`` by the same way.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import SERVER_SETTINGS, Database
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
from hotline.journal.queries import JournalQueries
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.model import User
from hotline.staff.service import StaffService
from hotline.stand.postgres import PrivateCluster
from tests.bench.report import Row, percentile

Targets = tuple[float, float]
"""Ratios for p50 and p99."""

PERSONS = 100_000
SETS = 40
BEST_OF = 3
LIMIT_S = 600
"""For all of it; a quiet machine needs half a minute."""

_PERSONS = f"""
INSERT INTO person (last_name, first_name, patronymic, birth_date, sex, enp, source)
SELECT (ARRAY['Иванов','Петров','Сидоров','Щербаков','Кузнецов','Мамедов','Ёлкин','Абрамов','Волков','Зайцев'])
         [1 + n % 10]
         || (ARRAY['','а','ский','енко','ин','ич','ян','ов','ева','як'])[1 + n / 10 % 10]
         || chr(1072 + n / 100 % 30) || chr(1072 + n / 3000 % 30),
       (ARRAY['Иван','Мария','Олег','Анна','Пётр','Ольга','Ахмед','Елена'])[1 + n % 8],
       (ARRAY['Олегович','Петровна','Иванович','Ахмедовна','Ильич'])[1 + n / 8 % 5],
       DATE '1935-01-01' + n % 30000, 'u', lpad((1000000000000000 + n)::text, 16, '0'), 'register'
FROM generate_series(1, {PERSONS}) n
"""
_PHONES = """
INSERT INTO person_phone (person_id, e164, raw)
SELECT id, '+79' || lpad((id * 7919 % 1000000000)::text, 9, '0'), '' FROM person
"""

# Two in a hundred are open, one in five hundred is overdue: a hotline of some years.
_APPEALS = f"""
WITH staff AS MATERIALIZED (SELECT array_agg(id ORDER BY id) AS ids, array_agg(organisation_id ORDER BY id) AS orgs,
                                   count(*)::int AS people FROM staff_user),
     codes AS MATERIALIZED (SELECT (SELECT min(code) FROM status) AS status, (SELECT min(code) FROM topic) AS topic,
                                   (SELECT min(code) FROM appeal_type) AS type,
                                   (SELECT min(code) FROM source) AS source,
                                   (SELECT min(code) FROM channel) AS channel, (SELECT min(id) FROM person) AS person)
INSERT INTO appeal (number, idempotency_key, phase, status_code, created_at, appeal_at, type_code, topic_code,
                    channel_code, form, source_code, applicant_id, applicant_name, applicant_snapshot, insured_snapshot,
                    content, creator_id, owner_id, organisation_id, responsible_org_id, due_at, due_rule, due_base)
SELECT 'N-' || n, 'bench-' || n, CASE WHEN n % 50 = 0 THEN 'active' ELSE 'closed' END, codes.status,
       now() - ({PERSONS} - n) * interval '1 minute', now() - ({PERSONS} - n) * interval '1 minute',
       codes.type, codes.topic, codes.channel, 'oral', codes.source, codes.person + n * 7 % {PERSONS},
       'Иванов Иван', '{{}}', '{{}}', 'text', ids[1 + n / 50 % people], ids[1 + n / 50 % people],
       orgs[1 + n / 50 % people], orgs[1 + n / 50 % people],
       now() + CASE WHEN n % 500 = 0 THEN -1 ELSE 1 END * (n % 30 + 1) * interval '1 day', 'bench', now()
FROM generate_series(1, {PERSONS}) n, staff, codes
"""
_WORKERS = "INSERT INTO appeal_worker (appeal_id, user_id) SELECT id, owner_id FROM appeal"


@dataclass(frozen=True, slots=True)
class Case:
    """A use case: how it runs for the ``n``-th set of parameters, and what the design wants of it."""

    what: str
    run: Callable[[int], Awaitable[object]]
    good: Targets
    most: Targets


def run() -> list[Row]:
    """Fill a database and measure.

    :raises TimeoutError: it takes more than ten minutes; the latest line on stderr says what.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(LIMIT_S):
        return await _run()


def _say(what: str) -> None:
    sys.stderr.write(f"  {what}\n")


async def _run() -> list[Row]:
    _say("starting PostgreSQL, loading the profile")
    async with PrivateCluster() as cluster:
        url = await cluster.create_database("bench")
        await upgrade(url)
        database = Database.connect(url)
        await load_profile(database, "oms")
        await load_demo(database)
        try:
            bare = await asyncpg.connect(url.replace("+asyncpg", ""), server_settings=SERVER_SETTINGS)
            await _fill(bare)
            return await _measure(url, database, bare)
        finally:
            await database.close()


async def _fill(bare: asyncpg.Connection[Any]) -> None:
    # Generated rows refer to what exists; checking two million foreign keys would take a minute.
    await bare.execute("SET session_replication_role = replica")
    _say(f"making {PERSONS} persons and appeals")
    for statement in (_PERSONS, _PHONES, _APPEALS, _WORKERS, "VACUUM ANALYZE"):  # as autovacuum would have done
        await bare.execute(statement)


def _cases(user: User, persons: Persons, lists: JournalQueries) -> list[Case]:
    def search(what: str, make: Callable[[int], PersonQuery], good: Targets, most: Targets) -> Case:
        return Case(what, lambda n: persons.search(user, make(n)), good, most)

    def born(n: int) -> date:
        return date(1935, 1, 1) + timedelta(days=n * 487 % 30_000)

    starts = ("Ива", "Пет", "Щер", "Мам", "Вол", "Куз", "Абр", "Зай")
    names = (("И", "О"), ("М", "П"), ("О", "И"), ("А", "А"))
    return [
        search("ENP", lambda n: PersonQuery(enp=str(1_000_000_000_000_000 + n * 3331)), (1.5, 2), (2, 6)),
        search("phone", lambda n: PersonQuery(phone=f"+79{n * 3331 * 7919 % 10**9:09}"), (1.5, 2), (2, 6)),
        search(
            "birth date",
            lambda n: PersonQuery(born_from=born(n), born_before=born(n) + timedelta(days=1)),
            (3, 8),
            (4, 15),
        ),
        search(
            "'Иван% И% О%'",
            lambda n: PersonQuery.from_text(f"{starts[n % 8]} {' '.join(names[n // 8 % 4])}"),
            (2.2, 10),
            (3.5, 15),
        ),
        search("surname prefix alone", lambda n: PersonQuery.from_text(starts[n % 8]), (2.2, 10), (3.5, 15)),
        Case("folder counts", lambda _: lists.folders(user), (2, 6), (3, 10)),
        Case("journal page, all", lambda _: lists.appeals(user, "all"), (3, 8), (4, 15)),
        Case("journal page, mine", lambda _: lists.appeals(user, "mine"), (3, 8), (4, 15)),
        Case("journal page, overdue", lambda _: lists.appeals(user, "overdue"), (3, 8), (4, 15)),
        Case("calls page", lambda _: lists.calls(user), (3, 8), (4, 15)),
    ]


async def _measure(url: str, database: Database, bare: asyncpg.Connection[Any]) -> list[Row]:
    clock = SystemClock()
    user = await StaffService(database, clock, Settings()).by_extension("101")
    if user is None:
        raise AssertionError("the demo people are gone")
    engine = create_async_engine(url, connect_args={"server_settings": SERVER_SETTINGS})
    watched = Database(engine)
    sent: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    rows: list[Row] = []
    try:
        for case in _cases(user, Persons(watched, clock), JournalQueries(watched, clock)):
            _say(case.what)
            sent.clear()
            for number in range(SETS):
                await case.run(number)
            rows += await _compare(case, bare, list(sent))
            rows.append(await _through_the_service(case, database_one=watched))
    finally:
        await bare.close()
        await engine.dispose()
    return rows


async def _compare(case: Case, bare: asyncpg.Connection[Any], sent: list[tuple[str, Any]]) -> list[Row]:
    ours: list[float] = []
    least: list[float] = []
    one = await bare.prepare("SELECT 1")
    prepared = {statement: await bare.prepare(statement) for statement, _ in sent}
    for statement, parameters in sent:
        query = partial(prepared[statement].fetch, *parameters)
        ours.append(min([await _timed(query) for _ in range(BEST_OF)]))
        least.append(min([await _timed(one.fetch) for _ in range(BEST_OF)]))
    return [
        Row(
            f"{case.what}, p{int(share * 100)}",
            percentile(ours, share) * 1e6,
            percentile(least, share) * 1e6,
            "us",
            case.good[place],
            case.most[place],
        )
        for place, share in enumerate((0.5, 0.99))
    ]


async def _through_the_service(case: Case, *, database_one: Database) -> Row:
    ours = [await _timed(partial(case.run, number)) for number in range(SETS // 3)]
    least = [await _timed(database_one.ping) for _ in range(SETS // 3)]
    return Row(f"{case.what}, p50 through the service", statistics.median(ours) * 1e6, statistics.median(least) * 1e6)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await work()
    return time.perf_counter() - begin
