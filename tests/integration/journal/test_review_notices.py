"""Closing into review tells the reviewers, once (S000-64, domain 2.2)."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal, Phase
from hotline.journal.notice_model import Notice, NoticeKind
from hotline.journal.tables import OutboxRow
from tests.integration.journal.world import World


async def letter(world: World, number: int) -> Appeal:
    """A letter that op201 has in work: its closing goes to the administrator."""
    return await world.save("op201", channel="K07", written_no=str(number), written_date="2026-11-19")


async def close(world: World, appeal: Appeal) -> None:
    """op201 closes it: it goes to review."""
    form = MoveForm(result="R02", measures="Разъяснено", written_close_date=world.clock.now().date())
    done = await world.journal.appeals.fire(world.people["op201"], appeal.id, "close", appeal.version, form)
    assert done.phase is Phase.REVIEW


async def told(world: World, login: str) -> list[Notice]:
    """What stands behind somebody's bell about reviews, newest first."""
    found = await world.journal.notices.latest(world.people[login])
    return [one for one in found if one.kind == NoticeKind.REVIEW]


async def rings(world: World) -> int:
    """How often bells were made to ring about reviews: what waits in the outbox, which this world does not empty."""
    async with world.db.begin() as session:
        statement = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == "notice.review")
        return int(await session.scalar(statement) or 0)


async def test_the_reviewer_is_told_once_and_the_notice_grows_until_it_is_read(world: World) -> None:
    """One ring; the second and third closing are counted in the same line; after reading, a new one begins."""
    appeals = [await letter(world, number) for number in range(4)]
    admin = world.people["admin"]
    await close(world, appeals[0])
    (one,) = await told(world, "admin")
    assert (one.number, one.appeal_id) == (appeals[0].number, appeals[0].id)
    await close(world, appeals[1])
    await close(world, appeals[2])
    (grown,) = await told(world, "admin")
    assert (grown.appeal_id, dict(grown.details), grown.read) == (None, {"waiting": 3}, False)
    assert (await world.journal.notices.unread(admin.id), await rings(world)) == (1, 1)
    await world.journal.notices.read(admin, grown.id)
    await close(world, appeals[3])
    new, old = await told(world, "admin")
    assert (new.number, new.read, old.id, old.read) == (appeals[3].number, False, grown.id, True)
    assert await rings(world) == 2
    assert await told(world, "op201") == await told(world, "sp502") == []


async def test_closings_at_the_same_moment_are_all_counted(own_world: World) -> None:
    """No transaction sees the other's notice; none is lost, and none waits for ever."""
    world = own_world
    appeals = [await letter(world, number) for number in range(6)]
    await asyncio.wait_for(asyncio.gather(*(close(world, one) for one in appeals)), 30)
    (one,) = await told(world, "admin")
    assert dict(one.details) == {"waiting": 6}
