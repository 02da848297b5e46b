"""An upgrade beside a working service: bounded waits, and who is in the way (issue 6: zero-downtime upgrade)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.migrations import UpgradeFailed, current, require_fit, upgrade, upgrading
from hotline.migrations.guard import contract
from hotline.staff.service import StaffService

HEAD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "{step}", "{before}", None, None
def upgrade() -> None:
"""


def migration(folder: Path, step: str, before: str, *body: str) -> None:
    lines = [HEAD.format(step=step, before=before), *(f"    {line}\n" for line in body)]
    (folder / f"{step}_test.py").write_text("".join(lines))


@asynccontextmanager
async def connection(url: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    opened = await asyncpg.connect(dsn, server_settings={"application_name": name})
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with shorter waits."""
    monkeypatch.setattr(upgrading, "LOCK_S", 0.3)
    monkeypatch.setattr(upgrading, "_PAUSE_S", 0.05)
    monkeypatch.setattr(upgrading, "_LOOK_S", 0.02)


@pytest.mark.usefixtures("quick")
async def test_an_upgrade_waits_for_nobody_long_tells_who_and_succeeds_after_the_release(
    demo_db_url: str, tmp_path: Path
) -> None:
    """The service goes on: whoever wants the table behind the migration gets it, each time within the lock timeout."""
    migration(tmp_path, "0002", "0001", 'op.add_column("staff_user", sa.Column("badge", sa.Text()))')
    told: list[str] = []
    waited = asyncio.Event()

    def tell(line: str) -> None:
        if "held by" in line:  # a very busy machine may learn it at a later try
            told.append(line)
            waited.set()

    async with connection(demo_db_url, "a report") as holder, connection(demo_db_url, "the service") as service:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT count(*) FROM staff_user")  # a long report: everybody may read beside it
        upgraded = asyncio.create_task(upgrade(demo_db_url, tell=tell, more=[tmp_path]))
        async with asyncio.timeout(30):
            await waited.wait()
            await service.execute("SET statement_timeout = '10s'")
            for _ in range(3):
                await service.execute("UPDATE staff_user SET first_name = first_name")
                await service.fetchval("SELECT count(*) FROM staff_user")
            assert not upgraded.done()
            await transaction.commit()
            assert await upgraded == ["0002"]
        assert "migration 0002 waits for staff_user, held by process" in told[0]
        assert str(holder.get_server_pid()) in told[0]
        assert "(a report, user postgres, idle in transaction, in its transaction for " in told[0]
        # What the old version does goes on, in connections that were open before.
        assert await service.fetchval("SELECT badge FROM staff_user LIMIT 1") is None


@pytest.mark.usefixtures("quick")
async def test_an_upgrade_that_gets_no_lock_is_given_up_and_changes_nothing(own_db_url: str, tmp_path: Path) -> None:
    """Bounded, each finished migration kept, and the message says what to do about whom."""
    migration(tmp_path, "0002", "0001", 'op.create_table("first", sa.Column("id", sa.BigInteger()))')
    migration(
        tmp_path, "0003", "0002",
        'op.create_table("half", sa.Column("id", sa.BigInteger()))',
        'op.add_column("call", sa.Column("badge", sa.Text()))',
    )  # fmt: skip
    async with connection(own_db_url, "psql") as holder, holder.transaction():
        await holder.execute("LOCK TABLE call IN ACCESS SHARE MODE")
        async with asyncio.timeout(30):
            with pytest.raises(UpgradeFailed, match=r"0003 waits for call, held by process \d+ \(psql.*given up"):
                await upgrade(own_db_url, wait_s=3, more=[tmp_path])
        found = await holder.fetch("SELECT to_regclass('first') IS NULL, to_regclass('half') IS NULL")
    assert [tuple(row) for row in found] == [(False, True)]
    assert await upgrade(own_db_url, more=[tmp_path]) == ["0003"]


async def test_a_statement_that_takes_too_long_is_taken_back(
    own_db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrading, "STATEMENT_S", 0.2)
    migration(tmp_path, "0002", "0001", 'op.execute("SELECT pg_sleep(60)")')
    async with asyncio.timeout(30):
        with pytest.raises(UpgradeFailed, match="migration 0002: a statement took longer"):
            await upgrade(own_db_url, more=[tmp_path])
    assert await current(own_db_url) == "0001"


async def test_an_index_is_built_beside_the_work(own_db_url: str, tmp_path: Path) -> None:
    """A migration may leave its transaction, as CREATE INDEX CONCURRENTLY must."""
    migration(
        tmp_path, "0002", "0001",
        "with op.get_context().autocommit_block():",
        '    op.create_index("ix_call_try", "call", ["operator"], postgresql_concurrently=True)',
    )  # fmt: skip
    assert await upgrade(own_db_url, more=[tmp_path]) == ["0002"]
    async with connection(own_db_url, "test") as looking:
        assert await looking.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_call_try'::regclass")


async def test_a_service_starts_only_on_a_schema_for_it(
    own_db_url: str, own_db: Database, tmp_path: Path, clock: FakeClock
) -> None:
    """The old version works, and starts, on the expanded schema; on the contracted one it refuses in clear words."""
    migration(tmp_path, "0002", "0001", 'op.add_column("staff_user", sa.Column("badge", sa.Text()))')
    await upgrade(own_db_url, more=[tmp_path])
    await require_fit(own_db)
    assert await StaffService(own_db, clock, Settings()).directory("") == ()
    migration(tmp_path, "0003", "0002", f'op.execute("{contract("0002")}")')
    await upgrade(own_db_url, more=[tmp_path])
    with pytest.raises(Unavailable, match=r"too new \(0003; it needs a program from 0002 on, this one is 0001\)"):
        await require_fit(own_db)
    async with own_db.begin() as session:
        await (await session.connection()).exec_driver_sql("DROP TABLE schema_state")
    with pytest.raises(Unavailable, match="is empty: hotline db upgrade"):
        await require_fit(own_db)
