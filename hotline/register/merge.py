"""Staging rows become persons, a bounded range in one statement each, so that searches never wait (S001-044).

Who is who: the same key of the register, else the same ENP, else the same SNILS when the ENPs do not contradict
(DAY-26). A row that says what the register said before touches nothing, so what people typed into a dossier stays until
the register itself changes its mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a range of rows."""

    added: int
    changed: int
    unchanged: int


# Ranges are small and every lookup has an index; after a bulk load the planner's statistics would say otherwise.
_PLANNING = (
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL synchronous_commit = off",
    "SET LOCAL enable_hashjoin = off",
    "SET LOCAL enable_mergejoin = off",
    "SET LOCAL enable_seqscan = off",
)

_MERGE = text(
    """
    WITH incoming AS MATERIALIZED (
        SELECT s.*, e.person_id AS known_id,
               coalesce(e.row_hash = s.row_hash AND e.closed_on IS NULL, false) AS same
        FROM register_staging s
        LEFT JOIN register_entry e ON e.scope = :scope AND e.key = s.key
        WHERE s.batch_id = :batch AND s.row_no > :lower AND s.row_no <= :upper
    ), matched AS MATERIALIZED (
        SELECT i.*, coalesce(i.known_id, by_enp.id, by_snils.id) AS match_id
        FROM incoming i
        LEFT JOIN person by_enp ON by_enp.enp = i.enp AND by_enp.enp IS NOT NULL AND by_enp.merged_into_id IS NULL
        LEFT JOIN LATERAL (
            SELECT p.id FROM person p
            WHERE i.known_id IS NULL AND by_enp.id IS NULL
              AND p.snils = i.snils AND p.snils IS NOT NULL AND p.merged_into_id IS NULL
              AND (p.enp IS NULL OR i.enp IS NULL OR p.enp = i.enp)
            ORDER BY p.id LIMIT 1
        ) by_snils ON true
        WHERE NOT i.same
    ), found AS MATERIALIZED (
        SELECT m.*,
               -- Two rows of a file are two people, even when they share a SNILS.
               CASE WHEN row_number() OVER (PARTITION BY m.match_id ORDER BY m.known_id NULLS LAST, m.row_no) = 1
                    THEN m.match_id END AS old_id
        FROM matched m
    ), numbered AS MATERIALIZED (
        SELECT f.*, coalesce(f.old_id, nextval(pg_get_serial_sequence('person', 'id'))) AS person_id FROM found f
    ), added AS (
        INSERT INTO person (id, last_name, first_name, patronymic, birth_date, sex, enp, snils, policy, insurer_id,
                            address, address_fact, email, clinic, is_dead, died_on, valid_from, valid_to, source,
                            insured_status, created_at)
        SELECT person_id, last_name, first_name, patronymic, birth_date, sex, enp, snils, policy, insurer_id,
               address, address_fact, email, clinic, is_dead, died_on, valid_from, valid_to, 'register', 'own', :now
        FROM numbered WHERE old_id IS NULL
        RETURNING 1
    ), changed AS (
        UPDATE person p
        SET last_name = n.last_name, first_name = n.first_name, patronymic = n.patronymic,
            birth_date = coalesce(n.birth_date, p.birth_date),
            sex = CASE WHEN n.sex = 'u' THEN p.sex ELSE n.sex END,
            enp = coalesce(n.enp, p.enp), snils = coalesce(n.snils, p.snils), policy = coalesce(n.policy, p.policy),
            insurer_id = coalesce(n.insurer_id, p.insurer_id),
            address = coalesce(nullif(n.address, ''), p.address),
            address_fact = coalesce(nullif(n.address_fact, ''), p.address_fact),
            email = coalesce(nullif(n.email, ''), p.email),
            clinic = coalesce(nullif(n.clinic, ''), p.clinic),
            is_dead = n.is_dead, died_on = n.died_on, valid_from = coalesce(n.valid_from, p.valid_from),
            valid_to = n.valid_to, source = 'register', insured_status = 'own', version = p.version + 1
        FROM numbered n WHERE n.old_id IS NOT NULL AND p.id = n.old_id
        RETURNING 1
    ), phones AS (
        INSERT INTO person_phone (person_id, e164, raw, kind)
        SELECT DISTINCT n.person_id, number, number, CASE WHEN number LIKE '+79%' THEN 'mobile' ELSE 'other' END
        FROM numbered n, unnest(n.phones) AS number
        ON CONFLICT (e164, person_id) DO NOTHING
        RETURNING 1
    ), entries AS (
        INSERT INTO register_entry (scope, key, person_id, row_hash, batch_id)
        SELECT :scope, key, person_id, row_hash, :batch FROM numbered
        ON CONFLICT (scope, key) DO UPDATE
        SET person_id = excluded.person_id, row_hash = excluded.row_hash, batch_id = excluded.batch_id, closed_on = NULL
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM changed) AS changed,
           (SELECT count(*) FROM incoming WHERE same) AS unchanged,
           (SELECT count(*) FROM phones) + (SELECT count(*) FROM entries) AS others
    """
)

_DUPLICATES = text(
    """
    WITH twice AS (
        SELECT row_no, first_no FROM (
            SELECT row_no, min(row_no) OVER (PARTITION BY key) AS first_no FROM register_staging WHERE batch_id = :batch
        ) all_rows WHERE row_no > first_no
    ), gone AS (
        DELETE FROM register_staging s USING twice t WHERE s.batch_id = :batch AND s.row_no = t.row_no RETURNING 1
    ), told AS (
        INSERT INTO register_issue (batch_id, row_no, "column", reason, rejected)
        SELECT :batch, row_no, '', 'the same person as in row ' || first_no, true FROM twice ORDER BY row_no LIMIT :most
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM told) AS told
    """
)

_MISSING = text(
    """
    SELECT e.key FROM register_entry e
    WHERE e.scope = :scope AND e.closed_on IS NULL
      AND NOT EXISTS (SELECT 1 FROM register_staging s WHERE s.batch_id = :batch AND s.key = e.key)
    """
)
_OPEN_ENTRIES = text("SELECT count(*) FROM register_entry WHERE scope = :scope AND closed_on IS NULL")

_CLOSE = text(
    """
    WITH closed AS (
        UPDATE register_entry SET closed_on = :day, batch_id = :batch
        WHERE scope = :scope AND key = ANY(:keys) AND closed_on IS NULL
        RETURNING person_id, scope, key
    )
    UPDATE person p SET valid_to = least(p.valid_to, :day), insured_status = 'unknown', version = p.version + 1
    FROM closed c
    WHERE p.id = c.person_id
      -- Another register, or another row of this one, may still have him.
      AND NOT EXISTS (SELECT 1 FROM register_entry e WHERE e.person_id = p.id AND e.closed_on IS NULL
                      AND (e.scope, e.key) <> (c.scope, c.key))
    """
)


async def merge_rows(
    session: AsyncSession, batch: int, scope: str, lower: int, upper: int, now: datetime
) -> Merged:  # fmt: skip
    """Merge the staging rows behind ``lower`` up to ``upper``."""
    for setting in _PLANNING:
        await session.execute(text(setting))
    row = (
        await session.execute(_MERGE, {"batch": batch, "scope": scope, "lower": lower, "upper": upper, "now": now})
    ).one()
    return Merged(row.added, row.changed, row.unchanged)


async def drop_duplicates(session: AsyncSession, batch: int, most_told: int) -> int:
    """Reject rows about somebody whom an earlier row of the same file names; return how many."""
    found = (await session.execute(_DUPLICATES, {"batch": batch, "most": most_told})).one()
    return int(found.gone)


async def missing(session: AsyncSession, batch: int, scope: str) -> tuple[list[str], int]:
    """Return the keys that the register had and a full file has not, and how many it had."""
    there = int(await session.scalar(_OPEN_ENTRIES, {"scope": scope}) or 0)
    keys = list(await session.scalars(_MISSING, {"scope": scope, "batch": batch}))
    return keys, there


async def close_entries(session: AsyncSession, batch: int, scope: str, keys: list[str], day: date) -> None:
    """End the insurance of people who are not in the register any more."""
    for setting in _PLANNING:
        await session.execute(text(setting))
    await session.execute(_CLOSE, {"batch": batch, "scope": scope, "keys": keys, "day": day})
