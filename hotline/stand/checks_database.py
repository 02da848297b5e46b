"""What the doctor asks the database: its clock, its words, what waits in it, what is broken in it."""

from __future__ import annotations

from datetime import timedelta

import asyncpg

from hotline.clock import Clock
from hotline.stand.finding import LIMIT_S, Row, Wrong

MAX_SKEW_S = 1.0
STALE = timedelta(minutes=15)
"""What should be done at once and waits for longer is stuck."""
LONGEST_CALL = timedelta(hours=6)

# Names of citizens are looked for and sorted by these rules.
WORDS = """
    SELECT pg_encoding_to_char(encoding) AS encoding, lower('ЁЖ') = 'ёж' AS letters,
           'Ёлкина' > 'Дятлов' AND 'Ёлкина' < 'Жукова' AS sorting,
           datcollversion IS NOT DISTINCT FROM pg_database_collation_actual_version(oid) AS same_rules
    FROM pg_database WHERE datname = current_database()
"""
BROKEN_INDEXES = """
    SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index WHERE NOT indisvalid
"""
JOBS = """
    SELECT count(*) FROM jobs.procrastinate_jobs j
    WHERE j.status = 'todo' AND coalesce(j.scheduled_at, '-infinity') < $1
      AND NOT EXISTS (SELECT FROM jobs.procrastinate_events e WHERE e.job_id = j.id AND e.at >= $1)
"""
MONTHS = """
    SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_event'::regclass) - 1 AS made,
           to_regclass($1) IS NOT NULL AS this, to_regclass($2) IS NOT NULL AS next
"""


def rows(url: str, clock: Clock) -> list[Row]:
    """Return the checks of a database."""
    jobs = "see the service's log: its job queue does not work; restart the service"
    return [
        ("clock of PostgreSQL", lambda: skew(url, clock), "let chrony or systemd-timesyncd set the clocks"),
        (
            "Russian words",
            lambda: words(url),
            "create the database anew with --encoding=UTF8 --locale-provider=icu --icu-locale=ru-RU and restore a"
            " backup; after new rules: REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION",
        ),
        (
            "indexes",
            lambda: indexes(url),
            "DROP INDEX CONCURRENTLY …, then hotline db upgrade or REINDEX (docs/upgrade.md)",
        ),
        ("background jobs", lambda: jobs_waiting(url, clock), jobs),
        ("outbox", lambda: outbox(url, clock), "restart the service: it publishes what waits when it starts"),
        (
            "calls without an end",
            lambda: open_calls(url, clock),
            "restart the service; Asterisk's logs must be readable",
        ),
        ("audit trail", lambda: months(url, clock), "restart the service: it makes the tables of the coming months"),
    ]


async def skew(url: str, clock: Clock) -> str:
    """Compare the clocks; the answer's way is half of what asking took."""
    connection = await connect(url)
    try:
        before = clock.now()
        told = await connection.fetchval("SELECT clock_timestamp()")
        after = clock.now()
    finally:
        await connection.close()
    off = abs((told - (before + (after - before) / 2)).total_seconds())
    if off > MAX_SKEW_S + (after - before).total_seconds():
        raise Wrong(f"its clock and ours are {off:.1f} s apart")
    return "the same as ours"


async def words(url: str) -> str:
    """See that «Ё» is a letter in its place, and that its place is where the indexes believe it to be."""
    row = await _one(url, WORDS)
    if row["encoding"] != "UTF8":
        raise Wrong(f"the encoding is {row['encoding']}")
    if not row["letters"] or not row["sorting"]:
        raise Wrong("«Ё» is not the letter after «Е»: names are found and sorted wrongly")
    if not row["same_rules"]:
        raise Wrong("the rules of sorting changed under the indexes: rows may not be found")
    return "found and sorted as Russian ones"


async def indexes(url: str) -> str:
    """Find what a broken-off CREATE INDEX CONCURRENTLY has left."""
    if broken := (await _one(url, BROKEN_INDEXES))[0]:
        raise Wrong(f"not usable: {broken}")
    return "all usable"


async def jobs_waiting(url: str, clock: Clock) -> str:
    """Count jobs that nobody has taken for a quarter of an hour."""
    if count := (await _one(url, JOBS, clock.now() - STALE))[0]:
        raise Wrong(f"{count} wait for longer than {STALE.seconds // 60} minutes")
    return "none waits for long"


async def outbox(url: str, clock: Clock) -> str:
    """Count facts that should have been published."""
    count = (await _one(url, "SELECT count(*) FROM outbox WHERE created_at < $1", clock.now() - STALE))[0]
    if count:
        raise Wrong(f"{count} facts wait for longer than {STALE.seconds // 60} minutes")
    return "nothing waits for long"


async def open_calls(url: str, clock: Clock) -> str:
    """Count calls that cannot still be going on."""
    query = "SELECT count(*) FROM call WHERE ended_at IS NULL AND started_at < $1"
    if count := (await _one(url, query, clock.now() - LONGEST_CALL))[0]:
        raise Wrong(f"{count} are older than {LONGEST_CALL.seconds // 3600} hours")
    return "none but those of now"


async def months(url: str, clock: Clock) -> str:
    """See that the audit trail has its tables; before the first start of the service it has none."""
    now = clock.now()
    names = [f"audit_event_{now:%Y_%m}", f"audit_event_{now.replace(day=1) + timedelta(days=32):%Y_%m}"]
    row = await _one(url, MONTHS, *names)
    if not row["made"]:
        return "no months yet: the service makes them when it starts"
    if missing := [name for name, there in zip(names, (row["this"], row["next"]), strict=True) if not there]:
        raise Wrong(f"no table {' nor '.join(missing)}")
    return f"{row['made']} months"


async def connect(url: str) -> asyncpg.Connection:
    """Connect as the service does."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1), timeout=LIMIT_S)


async def _one(url: str, query: str, *values: object) -> asyncpg.Record:
    connection = await connect(url)
    try:
        return await connection.fetchrow(query, *values)
    finally:
        await connection.close()
