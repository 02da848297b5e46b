"""A database of the size that is asked: insured persons, appeals that name them, 300 operators. Made once, or kept.

``BENCH_PERSONS`` and ``BENCH_APPEALS`` say how many (100,000 of each unless told). ``BENCH_FOLDER`` keeps the database
there, so that millions are made once and only measured the next time::

    BENCH_PERSONS=3000000 BENCH_APPEALS=5000000 BENCH_FOLDER=/srv/bench python -m tests.bench lists persons

A database is named by its sizes and by the text of the migrations: after a change of the schema it is filled anew, and
one whose filling was broken off too. Rows are made inside PostgreSQL, in two connections, and indexes after the rows.

Names are as skewed as real ones: some fifty thousand surnames, of which a few are very common. Two in a hundred appeals
are open, two in a thousand overdue, everywhere in five years: a hotline of some years.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from hotline import migrations
from hotline.db import SERVER_SETTINGS, Database
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster

PERSONS = int(os.environ.get("BENCH_PERSONS", "100000"))
APPEALS = int(os.environ.get("BENCH_APPEALS", "100000"))
FOLDER = os.environ.get("BENCH_FOLDER")
OPERATORS = 300
CHUNK = 50_000
FIRST_ENP = 7_000_000_000_000_000
SERVER = ("shared_buffers=1GB", "max_wal_size=8GB", "wal_level=minimal", "max_wal_senders=0", "fsync=off")
"""Memory as a server with such a register has it; a bench may lose its data when the power fails."""
TABLES = ("person", "person_phone", "appeal", "appeal_worker")
FILLED = "filled"
HOUR_S = 3600

STEMS = ["Иван", "Петр", "Сидор", "Смирн", "Кузнец", "Поп", "Васил", "Сокол", "Михайл", "Нови", "Федор", "Мороз",
         "Волк", "Алексе", "Лебед", "Семён", "Егор", "Павл", "Козл", "Степан", "Никол", "Орл", "Андре", "Макар",
         "Никит", "Захар", "Зайц", "Солов", "Борис", "Яковл", "Григор", "Роман", "Вороб", "Серге", "Щербак", "Мамед",
         "Ахмед", "Кодз", "Шоген", "Ёлк"]  # fmt: skip
_PERSONS = f"""
WITH parts AS MATERIALIZED (SELECT $3::text[] AS stems,
    ARRAY['Иван','Мария','Олег','Анна','Пётр','Ольга','Ахмед','Елена','Сергей','Наталья','Дмитрий','Татьяна','Алексей',
          'Ирина','Николай','Светлана','Юлия','Залим','Фатима','Мурат','Людмила','Галина','Виктор','Игорь'] AS names,
    ARRAY['Иванович','Петровна','Олегович','Ахмедовна','Ильич','Сергеевна','Николаевич','Юрьевна','Алексеевич',
          'Михайловна','Викторович','Хасановна','Дмитриевич','Андреевна'] AS fathers)
INSERT INTO person (last_name, first_name, patronymic, birth_date, sex, enp, snils, source, insured_status, insurer_id)
SELECT stems[1 + (40 * r1 * r1)::int % 40]
         || (ARRAY['','','','и','ен','ор','ал','ин','ар','ов'])[1 + (10 * r2)::int % 10]
         || (ARRAY['','','к','н','л','т','ц','м','с','р','ч','ш'])[1 + (12 * r3 * r3)::int % 12]
         || (ARRAY['ов','ова','ев','ева','ин','ина','ский','ская','енко','ян'])[1 + (10 * r4)::int % 10],
       names[1 + (24 * r5 * r5)::int % 24], fathers[1 + (14 * r6)::int % 14],
       DATE '1930-01-01' + (34000 * r7)::int, 'u', lpad(({FIRST_ENP} + n)::text, 16, '0'),
       lpad((n * 7919 % 100000000000)::text, 11, '0'), 'register', 'own',
       insurers[1 + (1000 * r8)::int % array_length(insurers, 1)]
FROM parts, (SELECT array_agg(id) AS insurers FROM organisation WHERE kind = 'smo') i,
             (SELECT n, random() r1, random() r2, random() r3, random() r4, random() r5, random() r6, random() r7,
                     random() r8
              FROM generate_series($1::bigint, $2::bigint) n) rows
"""
_PHONES = """
INSERT INTO person_phone (person_id, e164, raw)
SELECT id, '+79' || lpad((id * 7919 % 1000000000)::text, 9, '0'), '' FROM person
"""
_INSURERS = """
INSERT INTO organisation (code, kind, name, short_name)
SELECT 'bench-' || n, 'smo', 'Страховая компания ' || n, 'СК-' || n FROM generate_series(1, 3) n
"""
# Three in four work in the fund, first line or second; the others in an insurer, and see its insured only.
_STAFF = f"""
INSERT INTO staff_user (login, password_hash, last_name, first_name, organisation_id, created_at)
SELECT 'bench-' || n, '', 'Сотрудник' || chr(1040 + n % 32) || chr(1072 + n / 32), 'Имя',
       (SELECT min(id) FROM organisation WHERE kind = CASE WHEN n % 4 = 0 THEN 'smo' ELSE 'tfoms' END), now()
FROM generate_series(1, {OPERATORS}) n
"""
_ROLES = """
INSERT INTO staff_user_role SELECT u.id, CASE WHEN o.kind = 'smo' THEN 'sp2' WHEN u.id % 2 = 0 THEN 'op1' ELSE 'op2' END
FROM staff_user u JOIN organisation o ON o.id = u.organisation_id WHERE login LIKE 'bench-%'
"""
# Owners and applicants are scattered, as they are in life: neighbours in the table have nothing in common.
_APPEALS = """
WITH staff AS MATERIALIZED (SELECT array_agg(id ORDER BY id) AS ids, count(*)::int AS many,
                                   array_agg(organisation_id ORDER BY id) AS orgs
                            FROM staff_user WHERE login LIKE 'bench-%'),
     codes AS MATERIALIZED (SELECT array_agg(code ORDER BY code) AS topics, array_agg(type_code ORDER BY code) AS types,
                                   count(*)::int AS many,
                                   (SELECT min(code) FROM source) AS source,
                                   (SELECT array_agg(code ORDER BY code) FROM channel) AS ways,
                                   (SELECT count(*)::int FROM channel) AS many_ways FROM topic),
     phases AS MATERIALIZED (SELECT phase, code FROM status WHERE default_for_phase),
     rows AS (SELECT n, CASE WHEN n % 1000 = 0 THEN 'incoming' WHEN n % 2000 = 50 THEN 'rework'
                             WHEN n % 50 = 0 THEN 'active' WHEN n % 2000 = 1 THEN 'review'
                             WHEN n % 5000 = 7 THEN 'deleted' ELSE 'closed' END AS phase,
                     now() - ($3 - n) * interval '30 seconds' AS at,
                     (hashint4(n) & 2147483647) % $4 AS who, (hashint4(n + 7) & 2147483647) % 1000000 AS chance
              FROM generate_series($1::int, $2::int) n)
INSERT INTO appeal (number, idempotency_key, phase, status_code, created_at, appeal_at, type_code, topic_code,
                    channel_code, form, source_code, applicant_id, insured_id, applicant_name, applicant_snapshot,
                    insured_snapshot, content, creator_id, owner_id, forwarded_to_id, organisation_id,
                    responsible_org_id, due_at, due_rule, due_base)
SELECT '00-' || to_char(at, 'DDMMYYYY') || '-' || lpad(n::text, 8, '0'),
       'bench-' || n, rows.phase, phases.code, at, at,
       types[1 + chance % codes.many], topics[1 + chance % codes.many], ways[1 + chance % many_ways], 'oral',
       codes.source, person.id, person.id, last_name || ' ' || first_name || ' ' || patronymic,
       jsonb_build_object('phone', '+79' || lpad((person.id * 7919 % 1000000000)::text, 9, '0')), '{}',
       concat_ws(' ', words[1 + n % 30], words[1 + n / 3 % 30], words[1 + n / 11 % 30], words[1 + n / 17 % 30],
                 words[1 + n / 29 % 30], words[1 + n / 37 % 30], words[1 + n / 53 % 30], words[1 + n / 71 % 30],
                 'посёлок', 'ров' || chr(1072 + n % 32) || chr(1072 + n / 32 % 32) || chr(1072 + n / 1024 % 32)
                            || 'ский'),
       ids[1 + chance % staff.many], ids[1 + chance % staff.many],
       CASE WHEN rows.phase = 'incoming' THEN ids[1 + (chance + 1) % staff.many] END,
       orgs[1 + chance % staff.many], orgs[1 + chance % staff.many],
       now() + CASE WHEN n % 500 = 0 THEN -1 ELSE 1 END * (n % 30 + 1) * interval '1 day', 'bench', now()
FROM rows JOIN person ON person.id = $5 + who JOIN phases ON phases.phase = rows.phase, staff, codes,
     (SELECT ARRAY['полис','поликлиника','врач','приём','отказ','лекарство','больница','направление','анализ',
                   'операция','ребёнок','прививка','диспансеризация','жалоба','очередь','регистратура','талон','справка',
                   'оплата',
                   'страховая','компания','замена','утеря','прикрепление','участок','терапевт','хирург','осмотр',
                   'консультация','реабилитация'] AS words) w
"""
_WORKERS = """
INSERT INTO appeal_worker (appeal_id, user_id, phase, appeal_at, due_at, applicant_key, type_code, topic_code,
                           channel_code, status_code, responsible_org_id, owner_id)
SELECT id, owner_id, phase_of_work(phase), appeal_at, due_at, applicant_key, type_code, topic_code, channel_code,
       status_code, responsible_org_id, owner_id
FROM appeal
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A database that is full, and a connection to it with the settings of the product."""

    url: str
    database: Database
    bare: asyncpg.Connection[Any]


def say(what: str) -> None:
    """Tell on stderr what goes on."""
    sys.stderr.write(f"  {what}\n")


@asynccontextmanager
async def filled() -> AsyncIterator[Filled]:
    """Start a private PostgreSQL with a filled database; it is there again the next time if ``BENCH_FOLDER`` is set."""
    name = f"bench_{PERSONS}_{APPEALS}_{_schema()}"
    async with PrivateCluster(Path(FOLDER) if FOLDER else None, SERVER) as cluster:
        url = await cluster.create_database(name)
        if not await _is_filled(url):
            url = await cluster.create_database(name, replace=True)
            await _fill(url)
        database = Database.connect(url)
        bare = await _connect(url)
        try:
            yield Filled(url, database, bare)
        finally:
            await bare.close()
            await database.close()


def _schema() -> str:
    """Return what changes with the text of the migrations."""
    found = hashlib.sha256()
    for path in sorted(Path(migrations.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


async def _connect(url: str) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(
        url.replace("+asyncpg", ""), server_settings=SERVER_SETTINGS, command_timeout=HOUR_S
    )  # fmt: skip


async def _is_filled(url: str) -> bool:
    bare = await _connect(url)
    try:
        said = await bare.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
    finally:
        await bare.close()
    return bool(said == FILLED)


async def _fill(url: str) -> None:
    say(f"making {PERSONS} persons and {APPEALS} appeals")
    await migrations.upgrade(url)
    database = Database.connect(url)
    await load_profile(database, "oms")
    await load_demo(database)
    await database.close()
    pair = [await _connect(url), await _connect(url)]
    bare = pair[0]
    for one in pair:
        # Generated rows refer to what exists; checking their foreign keys would take longer than making them.
        await one.execute("SET session_replication_role = replica")
        await one.execute("SET maintenance_work_mem = '1GB'")
        await one.execute("SET max_parallel_maintenance_workers = 0")
    for statement in (_INSURERS, _STAFF, _ROLES):
        await bare.execute(statement)
    for table in TABLES:
        await bare.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    again = await _without_indexes(bare)
    await _shared(pair, [(_PERSONS, start, end - 1, STEMS) for start, end in _chunks(0, PERSONS)])
    await bare.execute(_PHONES)
    first = await bare.fetchval("SELECT min(id) FROM person WHERE enp >= $1", str(FIRST_ENP))
    say("appeals")
    await _shared(
        pair, [(_APPEALS, start, end - 1, APPEALS, PERSONS, first) for start, end in _chunks(1, APPEALS + 1)]
    )  # fmt: skip
    await bare.execute(_WORKERS)
    say("indexes")
    await _shared(pair, [(one,) for one in again])
    for table in TABLES:
        await bare.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
    say("vacuum")
    await bare.execute("VACUUM ANALYZE")
    await bare.execute(f"COMMENT ON DATABASE \"{await bare.fetchval('SELECT current_database()')}\" IS '{FILLED}'")
    for one in pair:
        await one.close()


def _chunks(start: int, end: int) -> Iterable[tuple[int, int]]:
    return ((at, min(at + CHUNK, end)) for at in range(start, end, CHUNK))


async def _without_indexes(bare: asyncpg.Connection[Any]) -> list[str]:
    """Drop the indexes of the large tables but the primary keys; return the statements that make them again."""
    constraints = await bare.fetch(
        """
        SELECT conrelid::regclass::text AS "table", conname AS name, pg_get_constraintdef(oid) AS body
        FROM pg_constraint WHERE contype = 'u' AND conrelid = ANY ($1::text[]::regclass[])
        """,
        TABLES,
    )
    for one in constraints:
        await bare.execute(f"ALTER TABLE {one['table']} DROP CONSTRAINT {one['name']}")
    indexes = await bare.fetch(
        """
        SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS body
        FROM pg_index WHERE NOT indisprimary AND indrelid = ANY ($1::text[]::regclass[])
        """,
        TABLES,
    )
    for one in indexes:
        await bare.execute(f"DROP INDEX {one['name']}")
    # The stems of words take longest, so they are begun first.
    made = sorted((one["body"] for one in indexes), key=lambda body: "USING gin" not in body)
    # Two indexes of a table can be made at the same time, but not while a constraint is added.
    return [*made, *(f"ALTER TABLE {one['table']} ADD CONSTRAINT {one['name']} {one['body']}" for one in constraints)]


async def _shared(pair: list[asyncpg.Connection[Any]], work: list[tuple[Any, ...]]) -> None:
    """Let the connections take pieces of work until none is left."""
    left = iter(enumerate(work, 1))

    async def take(connection: asyncpg.Connection[Any]) -> None:
        for number, (statement, *parameters) in left:
            await connection.execute(statement, *parameters)
            if number % 10 == 0:
                say(f"{number} of {len(work)}")

    await asyncio.gather(*(take(one) for one in pair))
