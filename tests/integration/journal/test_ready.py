"""Statements kept as texts: another moment, another reader or other rights never get the answer of before (S000-06)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from hotline.journal.folder_book import FRESH
from hotline.journal.tables_lists import FolderRow
from hotline.staff.model import Right, User
from tests.integration.journal.world import World


async def test_what_becomes_overdue_is_counted_and_listed_from_that_moment_on(world: World) -> None:
    """S000-06: the first question is asked before the deadline, the same text is asked again after it."""
    anna = world.people["op201"]
    appeal = await world.save("op201")
    assert (await shown(world, anna), await count(world, anna)) == ([], 0)
    assert appeal.due_at is not None
    world.clock.advance(appeal.due_at - world.clock.now() + timedelta(seconds=1))
    assert (await shown(world, anna), await count(world, anna)) == ([appeal.number], 1)


async def test_each_reader_gets_his_own(world: World) -> None:
    """S000-05: two operators with the same role, one after the other, twice."""
    hers = await world.save("op101")
    his = await world.save("op102")
    for _ in range(2):
        assert await shown(world, world.people["op101"], "mine") == [hers.number]
        assert await shown(world, world.people["op102"], "mine") == [his.number]


async def test_a_right_that_is_taken_away_changes_the_next_list(world: World) -> None:
    """S000-73: whoever may see everybody's has everybody's; without the right he has his own again."""
    saved = await world.save("op101")
    boss = world.people["admin"]
    fewer = replace(boss, permissions=boss.permissions - {Right.APPEAL_VIEW_ALL})
    assert await shown(world, boss, "mine") == [saved.number]
    assert await shown(world, fewer, "mine") == []
    assert await shown(world, boss, "mine") == [saved.number]


async def test_a_folder_that_the_profile_changes_is_read_by_its_new_rule(world: World) -> None:
    saved = await world.save("op201")
    anna = world.people["op201"]
    assert await shown(world, anna, "in_work") == [saved.number]
    async with world.db.begin() as session:
        await session.execute(update(FolderRow).where(FolderRow.code == "in_work").values(phases=["review"]))
    world.clock.advance(FRESH)
    assert await shown(world, anna, "in_work") == []


async def shown(world: World, who: User, folder: str = "overdue") -> list[str]:
    return [row.number for row in (await world.journal.queries.appeals(who, folder)).rows]


async def count(world: World, who: User) -> int:
    return next(one.count for one in await world.journal.queries.folders(who) if one.folder == "overdue")
