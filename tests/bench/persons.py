"""Search in the register on many people, idle and beside an import, against ``SELECT 1``.

``BENCH_PERSONS`` says how many (100,000 unless told); ``BENCH_FOLDER`` keeps the database there, so that millions are
made once: ``BENCH_PERSONS=3000000 BENCH_FOLDER=/srv/bench python -m tests.bench persons``. Names are as skewed as real
ones: some fifty thousand surnames, of which a few are very common. ``import`` is what a worker process of its own
reads, checks and merges meanwhile, rows that are new.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
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
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.register import files
from hotline.register.service import Register, Start
from hotline.staff.model import User
from hotline.staff.service import StaffService
from hotline.stand.postgres import PrivateCluster
from tests.bench.report import Row, percentile

PERSONS = int(os.environ.get("BENCH_PERSONS", "100000"))
FOLDER = os.environ.get("BENCH_FOLDER")
IMPORTED = min(PERSONS // 10, 60_000)
SETS = 60
BEST_OF = 3
CHUNK = 250_000
LIMIT_S = 3600

STEMS = ["Иван", "Петр", "Сидор", "Смирн", "Кузнец", "Поп", "Васил", "Сокол", "Михайл", "Нови", "Федор", "Мороз",
         "Волк", "Алексе", "Лебед", "Семён", "Егор", "Павл", "Козл", "Степан", "Никол", "Орл", "Андре", "Макар",
         "Никит", "Захар", "Зайц", "Солов", "Борис", "Яковл", "Григор", "Роман", "Вороб", "Серге", "Щербак", "Мамед",
         "Ахмед", "Кодз", "Шоген", "Ёлк"]  # fmt: skip
_PERSONS = """
WITH parts AS MATERIALIZED (SELECT $3::text[] AS stems,
    ARRAY['Иван','Мария','Олег','Анна','Пётр','Ольга','Ахмед','Елена','Сергей','Наталья','Дмитрий','Татьяна','Алексей',
          'Ирина','Николай','Светлана','Юлия','Залим','Фатима','Мурат','Людмила','Галина','Виктор','Игорь'] AS names,
    ARRAY['Иванович','Петровна','Олегович','Ахмедовна','Ильич','Сергеевна','Николаевич','Юрьевна','Алексеевич',
          'Михайловна','Викторович','Хасановна','Дмитриевич','Андреевна'] AS fathers)
INSERT INTO person (last_name, first_name, patronymic, birth_date, sex, enp, snils, source, insured_status)
SELECT stems[1 + (40 * r1 * r1)::int % 40]
         || (ARRAY['','','','и','ен','ор','ал','ин','ар','ов'])[1 + (10 * r2)::int % 10]
         || (ARRAY['','','к','н','л','т','ц','м','с','р','ч','ш'])[1 + (12 * r3 * r3)::int % 12]
         || (ARRAY['ов','ова','ев','ева','ин','ина','ский','ская','енко','ян'])[1 + (10 * r4)::int % 10],
       names[1 + (24 * r5 * r5)::int % 24], fathers[1 + (14 * r6)::int % 14],
       DATE '1930-01-01' + (34000 * r2)::int, 'u', lpad((7000000000000000 + n)::text, 16, '0'),
       lpad((n * 7919 % 100000000000)::text, 11, '0'), 'register', 'own'
FROM parts, (SELECT n, random() r1, random() r2, random() r3, random() r4, random() r5, random() r6
             FROM generate_series($1::bigint, $2::bigint) n) rows
"""
_PHONES = """
INSERT INTO person_phone (person_id, e164, raw)
SELECT id, '+79' || lpad((id * 7919 % 1000000000)::text, 9, '0'), '' FROM person
"""


Statements = list[tuple[str, Any]]
"""What one search sends, with its parameters."""


@dataclass(frozen=True, slots=True)
class Case:
    """A search as an operator types it, and the ratios (p50, p95) that the design wants."""

    what: str
    typed: Callable[[int], str]
    good: tuple[float, float]
    most: tuple[float, float]


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
    async with PrivateCluster(Path(FOLDER) / "persons" if FOLDER else None) as cluster:
        url = await cluster.create_database("bench_persons")
        await upgrade(url)
        database = Database.connect(url)
        bare = await asyncpg.connect(url.replace("+asyncpg", ""), server_settings=SERVER_SETTINGS)
        try:
            await load_profile(database, "oms")
            if not await bare.fetchval("SELECT count(*) FROM staff_user"):
                await load_demo(database)
            await _fill(bare)
            return await _measure(url, database, bare)
        finally:
            await bare.close()
            await database.close()


async def _fill(bare: asyncpg.Connection[Any]) -> None:
    there = await bare.fetchval("SELECT count(*) FROM person WHERE enp LIKE '7%'")
    if there >= PERSONS:
        return
    _say(f"making {PERSONS} persons")
    await bare.execute("SET session_replication_role = replica")
    # Indexes are made after the rows: the same rows, a fifth of the time.
    indexes = [
        (row["name"], row["ddl"])
        for row in await bare.fetch(
            """
            SELECT indexname AS name, indexdef AS ddl FROM pg_indexes
            WHERE tablename IN ('person', 'person_phone') AND indexname NOT LIKE 'pk_%'
            """
        )
    ]
    for name, _ in indexes:
        await bare.execute(f"DROP INDEX {name}")
    for start in range(there, PERSONS, CHUNK):
        await bare.execute(_PERSONS, start, min(start + CHUNK, PERSONS) - 1, STEMS)
    await bare.execute("TRUNCATE person_phone")
    await bare.execute(_PHONES)
    await bare.execute("SET maintenance_work_mem = '512MB'")
    for _, ddl in indexes:
        await bare.execute(ddl)
    await bare.execute("VACUUM ANALYZE")
    await bare.execute("SET session_replication_role = origin")


def _stem(n: int) -> str:
    return STEMS[n % len(STEMS)]


def _name(n: int) -> str:
    return ("Иван", "Мария", "Олег", "Анна", "Ольга", "Залим", "Фатима", "Галина")[n % 8]


def _father(n: int) -> str:
    return ("Иванович", "Петровна", "Ильич", "Юрьевна", "Хасановна")[n % 5]


def _day(n: int) -> str:
    return f"{1 + n % 28:02}.{1 + n % 12:02}.{1940 + n % 60}"


CASES = (
    Case("ENP", lambda n: str(7_000_000_000_000_000 + n * 7919 % PERSONS), (1.5, 3), (2, 6)),
    Case("phone", lambda n: f"+79{(1 + n * 7919 % PERSONS) * 7919 % 10**9:09}", (1.5, 3), (2, 6)),
    Case("surname", _stem, (2.2, 6), (3.5, 10)),
    Case("'ива ив 1980'", lambda n: f"{_stem(n)[:3]} {_name(n)[:2]} {1940 + n % 60}", (2.2, 6), (3.5, 10)),
    Case("'Иван% И% О%'", lambda n: f"{_stem(n)} {_name(n)[0]} {_name(n + 3)[0]}", (2.2, 6), (3.5, 10)),
    Case("birth date", _day, (3, 8), (4, 15)),
    Case("name and birth date", lambda n: f"{_name(n)} {_day(n)}", (3, 8), (4, 15)),
    Case("name before surname", lambda n: f"{_name(n)} {_stem(n)}", (6, 15), (12, 30)),
    Case("name and patronymic", lambda n: f"{_name(n)} {_father(n)}", (6, 15), (12, 30)),
    Case("nobody", lambda n: f"{_stem(n)}щщ {_name(n)}", (6, 15), (12, 30)),
)  # fmt: skip


async def _measure(url: str, database: Database, bare: asyncpg.Connection[Any]) -> list[Row]:
    clock = SystemClock()
    user = await StaffService(database, clock, Settings()).by_extension("101")
    if user is None:
        raise AssertionError("the demo people are gone")
    engine = create_async_engine(url, connect_args={"server_settings": SERVER_SETTINGS})
    watched = Database(engine)
    sent: Statements = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    searches: list[tuple[Case, list[Statements]]] = []
    try:
        for case in CASES:
            sets = []
            for number in range(SETS):
                sent.clear()
                await _search(Persons(watched, clock), user, case.typed(number))
                sets.append(list(sent))
            searches.append((case, sets))
        rows: list[Row] = []
        for case, sets in searches:
            _say(case.what)
            rows += await _compare(case, bare, sets, f"{PERSONS // 1000}k")
        rows += await _beside_an_import(url, database, bare, searches)
        return rows
    finally:
        await engine.dispose()


async def _search(persons: Persons, user: User, typed: str) -> None:
    await persons.search(user, PersonQuery.from_text(typed), typed)


async def _compare(
    case: Case, bare: asyncpg.Connection[Any], sets: list[Statements], where: str, best_of: int = BEST_OF
) -> list[Row]:
    ours: list[float] = []
    least: list[float] = []
    one = await bare.prepare("SELECT 1")
    prepared = {statement: await bare.prepare(statement) for every in sets for statement, _ in every}

    async def all_of(statements: Statements) -> None:
        for statement, parameters in statements:
            await prepared[statement].fetch(*parameters)

    for statements in sets:
        ours.append(min([await _timed(partial(all_of, statements)) for _ in range(best_of)]))
        least.append(min([await _timed(one.fetch) for _ in range(best_of)]))
    return [
        Row(
            f"{where} persons: {case.what}, p{int(share * 100)}",
            percentile(ours, share) * 1e6,
            percentile(least, share) * 1e6,
            "us",
            case.good[place],
            case.most[place],
        )
        for place, share in enumerate((0.5, 0.95))
    ]


async def _beside_an_import(
    url: str,
    database: Database,
    bare: asyncpg.Connection[Any],
    searches: list[tuple[Case, list[list[tuple[str, Any]]]]],
) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "register.csv"
        _write(path)
        layout = files.examine(path)
        register = Register(database, SystemClock(), Path(folder))
        batch_id = await register.take_file(path, layout)
        await register.start(None, batch_id, Start(layout.columns, again=True))
        began = time.perf_counter()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "register", "work", env={**os.environ, "HOTLINE_DATABASE_URL": url}
        )
        rows: list[Row] = []
        for case, sets in searches:
            if worker.returncode is None:
                _say(f"{case.what}, beside an import")
                rows += await _compare(case, bare, sets, "beside an import:", best_of=1)
        if await worker.wait() != 0:
            raise AssertionError("the import failed")
        seconds = time.perf_counter() - began
        done = next(one for one in await register.batches(None, 5) if one.id == batch_id)
        if done.added + done.changed + done.unchanged + done.rows_rejected != IMPORTED:
            raise AssertionError(f"rows are missing: {done}")
    return [*rows, Row("import, rows a second, searches beside it", IMPORTED / seconds, None, "rows")]


def _write(path: Path) -> None:
    chance = random.Random(1)
    first = 8_000_000_000_000_000 + chance.randrange(10**12)
    with path.open("w", encoding="cp1251") as file:
        file.write("Фамилия;Имя;Отчество;Дата рождения;ЕНП;Телефон;Адрес\n")
        for number in range(IMPORTED):
            file.write(
                f"{chance.choice(STEMS).upper()}ОВА;АННА;ИВАНОВНА;{1 + number % 28:02}.{1 + number % 12:02}."
                f"{1930 + number % 90};{first + number};8928{number:07};ул. Мира, {number}\n"
            )


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await work()
    return time.perf_counter() - begin
