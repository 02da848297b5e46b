"""Every order of a list, page by page; the phase beside a worker; frequent words (S000-02, S000-72, S001-035)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text, update

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.journal.listing import Filters, Order, Sort
from hotline.journal.model import AppealRow, Phase
from hotline.journal.tables import AppealRecord
from hotline.journal.word_statistics import frequent
from tests.integration.journal.test_search import find
from tests.integration.journal.world import World, fill, make_world

TITLE = {Sort.APPLICANT: "applicant", Sort.OWNER: "owner", Sort.STATUS: "status"}


async def walk(world: World, login: str, folder: str, order: Order, limit: int) -> list[AppealRow]:
    rows: list[AppealRow] = []
    after = None
    for _ in range(20):
        page = await world.journal.queries.appeals(
            world.people[login], folder, order=order, filters=Filters(), after=after, limit=limit
        )
        rows += page.rows
        after = page.after
        if after is None:
            return rows
    raise AssertionError("the list has no end")


@pytest.mark.parametrize(
    ("login", "folder"),
    [("admin", "all"), ("op101", "all"), ("op101", "mine"), ("op101", "in_work"), ("admin", "overdue")],
)
async def test_small_pages_are_the_long_page(world: World, login: str, folder: str) -> None:
    """S000-02, DAY-25: whatever way an order is read, its pages hold everything once and in the same order."""
    for number, owner in enumerate(("op102", "op101", "op201", "op101", "op102")):
        await world.save(owner, **{"applicant.last_name": "БАГДВ"[number] + "ов"})
    if folder == "overdue":
        async with world.db.begin() as session:
            await session.execute(text("UPDATE appeal SET due_at = now() - interval '9 years'"))
    for by in Sort:
        whole = await walk(world, login, folder, Order(by), 50)
        ids = [row.id for row in whole]
        assert len(whole) == (2 if folder in {"mine", "in_work"} else 5)
        assert [row.id for row in await walk(world, login, folder, Order(by), 2)] == ids, by
        assert [row.id for row in await walk(world, login, folder, Order(by, descending=True), 2)] == ids[::-1], by
        if by in TITLE:
            shown = [getattr(row, TITLE[by]) for row in whole]
            assert shown == sorted(shown)


async def _beside(world: World, appeal_id: int) -> set[str | None]:
    async with world.db.begin() as session:
        found = await session.scalars(text("SELECT phase FROM appeal_worker WHERE appeal_id = :id"), {"id": appeal_id})
        return set(found)


async def test_the_phase_stands_beside_the_worker(world: World) -> None:
    """S000-10, S000-72: the folders of what one has worked with are looked up by it; whoever changes the appeal."""
    appeal = await world.save()
    for phase in (*Phase, Phase.ACTIVE):
        async with world.db.begin() as session:
            change = update(AppealRecord).where(AppealRecord.id == appeal.id)
            await session.execute(change.values(phase=phase.value))
        over = phase in {Phase.CLOSED, Phase.CANCELLED}
        assert await _beside(world, appeal.id) == {None if over else phase.value}
        counts = {one.folder: one.count for one in await world.journal.queries.folders(world.people["op101"])}
        for code, holds in (("review", Phase.REVIEW), ("deleted", Phase.DELETED)):
            page = await world.journal.queries.appeals(world.people["op101"], code)
            assert [row.id for row in page.rows] == [appeal.id] * (phase is holds)
            assert counts[code] == int(phase is holds)


async def test_a_worker_who_comes_while_the_phase_changes_gets_the_new_one(own_db: Database, clock: FakeClock) -> None:
    """Neither sees what the other has not committed yet: the worker has to wait for the change."""
    await fill(own_db, clock)
    world = await make_world(own_db, clock)
    appeal = await world.save()
    joins = text("INSERT INTO appeal_worker (appeal_id, user_id) VALUES (:id, :user)")

    async def join() -> None:
        async with own_db.begin() as session:
            await session.execute(joins, {"id": appeal.id, "user": world.people["op201"].id})

    async with own_db.begin() as session:
        change = update(AppealRecord).where(AppealRecord.id == appeal.id)
        await session.execute(change.values(phase=Phase.REVIEW.value))
        joining = asyncio.create_task(join())
        async with asyncio.timeout(20):
            while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                assert not joining.done(), "it did not wait"
                await asyncio.sleep(0)
    await joining
    assert await _beside(world, appeal.id) == {"review"}


async def test_frequent_words_are_known(world: World) -> None:
    """S001-035: by the statistics of PostgreSQL, whose analysis sees every text here."""
    await _many(world)
    expected = {
        "('полис')": True,
        "('полис' & 'получить')": True,
        "('полис' & 'жирафа')": False,
        "('жирафа')": False,
        "('gjkbc') | ('полис')": True,
        "('пол':*)": True,
        "('жир':*)": False,
        "('и' & 'в')": False,
    }
    async with world.db.begin() as session:
        assert {words: await frequent(session, words, 1_000_000) for words in expected} == expected


async def test_a_word_that_was_frequent_once_is_found_in_old_texts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S001-035: the newest appeals are only the quick way; what they do not have is looked up."""
    old = await world.save(content="Как получить полис жирафа?")
    await _many(world)
    monkeypatch.setattr("hotline.journal.search.FAR", 10)
    monkeypatch.setattr("hotline.journal.word_statistics.WALKED", 0)
    answer = await find(world, "жирафа")
    assert [hit.row.id for hit in answer.appeals] == [old.id]


async def _many(world: World) -> None:
    appeal = await world.save()
    async with world.db.begin() as session:
        columns = [
            column.name
            for column in AppealRecord.__table__.columns
            if column.computed is None and column.name not in {"id", "number", "idempotency_key", "draft_id"}
        ]
        names = ", ".join(columns)
        await session.execute(
            text(
                f"INSERT INTO appeal (number, idempotency_key, {names}) "
                f"SELECT 'n' || n, 'k' || n, {names} FROM appeal, generate_series(1, 60) n WHERE id = :id"
            ),
            {"id": appeal.id},
        )
        await session.execute(text("ANALYZE appeal"))
