"""«Обращения»: all that somebody has ever worked with, read from copies beside him (S000-05, DAY-25, ADR 0033)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from hotline.journal.listing import DueFilter, Filters
from hotline.migrations.initial.workers import COPIED
from tests.integration.journal.world import World

_DIFFERENT = f"""
SELECT count(*) FROM appeal_worker w JOIN appeal a ON a.id = w.appeal_id
WHERE ({", ".join(f"w.{name}" for name in COPIED)}, w.phase)
      IS DISTINCT FROM ({", ".join(f"a.{name}" for name in COPIED)}, phase_of_work(a.phase))
"""
_CHANGES = {
    "appeal_at": "appeal_at - interval '1 day'",
    "due_at": "due_at + interval '1 day'",
    "applicant_name": "'Иная Анна'",
    "type_code": "(SELECT min(code) FROM appeal_type WHERE code <> type_code)",
    "topic_code": "(SELECT min(code) FROM topic WHERE code <> topic_code)",
    "channel_code": "(SELECT min(code) FROM channel WHERE code <> channel_code)",
    "status_code": "(SELECT min(code) FROM status WHERE code <> status_code)",
    "responsible_org_id": "(SELECT min(id) FROM organisation WHERE id <> responsible_org_id)",
    "owner_id": "(SELECT max(id) FROM staff_user)",
}


@pytest.mark.parametrize("column", _CHANGES)
async def test_whatever_changes_an_appeal_changes_its_copies(world: World, column: str) -> None:
    """S000-05: by one statement for several appeals, as a repair by hand would do it."""
    for login in ("op101", "op201"):
        await world.save(login)
    copied = "applicant_key" if column == "applicant_name" else column
    async with world.db.begin() as session:
        before = set(await session.scalars(text(f"SELECT {copied} FROM appeal_worker")))
        await session.execute(text(f"UPDATE appeal SET {column} = {_CHANGES[column]}"))
        after = set(await session.scalars(text(f"SELECT {copied} FROM appeal_worker")))
        assert before.isdisjoint(after)
        assert await session.scalar(text(_DIFFERENT)) == 0


async def test_everybody_who_worked_with_it_has_the_copies(world: World) -> None:
    """S000-07, S000-51: forwarded and accepted, it is another's and another status for both."""
    people = world.people
    appeal = await world.save("op101")
    sent = await world.journal.appeals.forward(people["op101"], appeal.id, people["op201"].id, appeal.version)
    await world.journal.appeals.accept(people["op201"], appeal.id, sent.version)
    async with world.db.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM appeal_worker")) == 2
        assert await session.scalar(text(_DIFFERENT)) == 0
    of_anna = Filters(owner=people["op201"].id)
    for login in ("op101", "op201"):
        assert await ids(world, login, of_anna) == [appeal.id]
        assert await ids(world, login, Filters(owner=people["op101"].id)) == []


async def test_each_filter_narrows_what_one_has_worked_with(world: World) -> None:
    """DAY-25: of two appeals that differ in everything each filter finds the one that it says."""
    early = await world.save(appeal_at="2026-11-10T10:00")
    late = await world.save(type="1", topic="1.01", channel="K02", appeal_at="2026-11-18T10:00")
    async with world.db.begin() as session:
        await session.execute(
            text("UPDATE appeal SET phase = 'closed', status_code = 'closed', due_at = :due WHERE id = :id"),
            {"due": world.clock.now(), "id": early.id},
        )
        await session.execute(
            text("UPDATE appeal SET due_at = :due WHERE id = :id"),
            {"due": world.clock.now() + timedelta(hours=1), "id": late.id},
        )
        await session.execute(
            text("INSERT INTO call_appeal (call_key, appeal_id, relation) VALUES ('a-1', :id, 'primary')"),
            {"id": late.id},
        )
    assert await ids(world, "op101", Filters()) == [late.id, early.id]
    for narrow in (
        {"received_from": date(2026, 11, 11)}, {"type": "1"}, {"topic": "1.01"}, {"channel": "K02"},
        {"status": late.status.code}, {"due": DueFilter.SOON}, {"calls": True},
    ):  # fmt: skip
        assert await ids(world, "op101", Filters(**narrow)) == [late.id], narrow
    assert await ids(world, "op101", Filters(received_to=date(2026, 11, 10))) == [early.id]
    assert await ids(world, "op101", Filters(calls=False)) == [early.id]
    assert await ids(world, "op101", Filters(organisation=world.people["sp501"].organisation.id)) == []
    assert await ids(world, "op101", Filters(due=DueFilter.OVERDUE)) == []
    world.clock.advance(timedelta(hours=2))
    assert await ids(world, "op101", Filters(due=DueFilter.OVERDUE)) == [late.id]


async def ids(world: World, login: str, filters: Filters) -> list[int]:
    page = await world.journal.queries.appeals(world.people[login], "mine", filters=filters)
    return [row.id for row in page.rows]
