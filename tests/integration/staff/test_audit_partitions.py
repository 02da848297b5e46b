"""The audit trail in one table a month, on the real database (152-ФЗ art. 19, domain 3.4)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.staff.audit import audit
from hotline.staff.audit_partitions import AuditPartitions
from hotline.staff.model import Organisation, Right, User
from hotline.staff.tables import OrganisationRow, UserRow
from hotline.staff.trail import AuditTrail, TrailQuery

NOW = datetime(2031, 5, 20, 7, 0, tzinfo=UTC)


async def reader(db: Database) -> User:
    """Somebody who may read the trail."""
    async with db.begin() as session:
        organisation = OrganisationRow(code="07", kind="tfoms", name="Фонд", short_name="ТФОМС")
        session.add(organisation)
        await session.flush()
        row = UserRow(
            login="x", password_hash="", last_name="Х", first_name="Х", organisation_id=organisation.id, created_at=NOW
        )
        session.add(row)
        await session.flush()
        fund = Organisation(organisation.id, "07", "tfoms", "Фонд", "ТФОМС")
        return User(row.id, "x", "Х", "Х", "", fund, None, permissions=frozenset({Right.AUDIT_VIEW}))


async def write(db: Database, at: datetime, entity_id: str) -> None:
    async with db.begin() as session:
        audit(session, "view", ("appeal", entity_id), user_id=None, at=at)


async def tables(db: Database) -> dict[str, str]:
    """Entry → the table that it lies in."""
    async with db.begin() as session:
        rows = await session.execute(text("SELECT entity_id, tableoid::regclass::text FROM audit_event"))
        return {entry: table for entry, table in rows if entry.startswith("t")}


async def test_entries_go_to_their_month_and_none_is_ever_refused(own_db: Database) -> None:
    """Domain 3.4: made ahead, made again, made too late: every entry is kept and found, in order."""
    clock = FakeClock(NOW)
    keeper = AuditPartitions(own_db, clock)
    await write(own_db, NOW, "t-early")  # by a set-up: before there is any table for the month
    await keeper.prepare()
    await keeper.prepare()
    moments = {
        "t-same": NOW, "t-last": datetime(2031, 6, 30, 23, 59, 59, tzinfo=UTC),
        "t-first": datetime(2031, 7, 1, tzinfo=UTC), "t-far": NOW + timedelta(days=900),
        "t-past": NOW.replace(year=2001),
    }  # fmt: skip
    for entry, at in moments.items():
        await write(own_db, at, entry)
    default, present = "audit_event_default", "audit_event_2031_05"
    assert await tables(own_db) == {
        "t-early": present, "t-same": present, "t-last": "audit_event_2031_06", "t-first": "audit_event_2031_07",
        "t-far": default, "t-past": default,
    }  # fmt: skip
    found = await AuditTrail(own_db, clock).search(await reader(own_db), TrailQuery(entity="appeal"))
    assert [line.entity_id for line in found.lines] == ["t-far", "t-first", "t-last", "t-same", "t-early", "t-past"]
    clock.advance(timedelta(days=40))
    await keeper.prepare()
    async with own_db.begin() as session:
        assert await session.scalar(text("SELECT to_regclass('audit_event_2031_09')::text")) == "audit_event_2031_09"


async def test_a_first_start_after_a_set_up_warns_of_nothing(
    own_db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Domain 3.4: the set-up's entries are in their month's table, guarded as before; the default one is there again.

    Entries of two months in the default table, which only a wrong clock makes, stay where they are.
    """
    await write(own_db, NOW, "t-set-up")
    clock = FakeClock(NOW)
    await AuditPartitions(own_db, clock).prepare()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    for change in ("UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event_2031_05", "TRUNCATE audit_event"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with own_db.begin() as session:
                await session.execute(text(change))
    for days in (200, 240):
        await write(own_db, NOW + timedelta(days=days), f"t-{days}")
    clock.advance(timedelta(days=200))
    await AuditPartitions(own_db, clock).prepare()
    default = "audit_event_default"
    assert await tables(own_db) == {"t-set-up": "audit_event_2031_05", "t-200": default, "t-240": default}
    assert "no table for the audit trail of 2031-12-01 yet" in caplog.text


@pytest.mark.parametrize("table", ["audit_event_default", "audit_event_2031_05"])
async def test_no_month_loses_an_entry(own_db: Database, table: str) -> None:
    """Domain 3.4: what refuses changes of the whole refuses them of each month's table."""
    await AuditPartitions(own_db, FakeClock(NOW)).prepare()
    await write(own_db, NOW if table.endswith("05") else NOW.replace(year=2001), "t-kept")
    for change in (f"UPDATE {table} SET action = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with own_db.begin() as session:
                await session.execute(text(change))
    assert await tables(own_db) == {"t-kept": table}


async def test_a_search_reads_the_months_it_needs_from_their_indexes(own_db: Database) -> None:
    """Domain 3.4: neither a page of the newest nor the history of one record reads a table through, or another year."""
    clock = FakeClock(NOW)
    await AuditPartitions(own_db, clock).prepare()
    async with own_db.begin() as session:
        await session.execute(
            text(
                "INSERT INTO audit_event (at, action, entity, entity_id) "
                "SELECT CAST(:now AS timestamptz) + number * interval '20 minutes', 'view', 'appeal', "
                "(number % 500)::text FROM generate_series(1, 6000) number"
            ),
            {"now": NOW},
        )
        await session.execute(text("ANALYZE audit_event"))
    since, until = datetime(2031, 6, 1, tzinfo=UTC), datetime(2031, 6, 15, tzinfo=UTC)
    trail = AuditTrail(own_db, clock)
    found = await trail.search(
        await reader(own_db), TrailQuery(entity="appeal", entity_id="7", since=since, until=until)
    )
    assert {line.entity_id for line in found.lines} == {"7"}
    assert all(since <= line.at < until for line in found.lines)
    async with own_db.begin() as session:
        plan = await session.scalars(
            text(
                "EXPLAIN SELECT * FROM audit_event WHERE entity = 'appeal' AND entity_id = '7' AND at >= :since "
                "AND at < :until ORDER BY at DESC, id DESC LIMIT 101"
            ),
            {"since": since, "until": until},
        )
        told = "\n".join(plan.all())
    assert "audit_event_2031_06" in told
    assert "audit_event_2031_07" not in told
    assert "Seq Scan" not in told
