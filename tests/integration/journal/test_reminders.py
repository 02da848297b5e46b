"""Reminders on the real database (domain 2.5, S000-06): to whom, when, once, in the zone and by the calendar."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update

from hotline.config import Settings
from hotline.events import Bus
from hotline.journal.notice_model import NoticeKind, NoticeMade
from hotline.journal.service import Journal
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_terms import NotificationRow, ReminderRow
from tests.integration.journal.world import World

MOSCOW = ZoneInfo("Europe/Moscow")


async def kinds(world: World, login: str) -> list[str]:
    """What somebody was told about appeals, oldest first; the digests left out."""
    async with world.db.begin() as session:
        statement = (
            select(NotificationRow.kind)
            .where(NotificationRow.user_id == world.people[login].id, NotificationRow.kind != NoticeKind.DIGEST)
            .order_by(NotificationRow.id)
        )
        return list(await session.scalars(statement))


async def go_to(world: World, moment: datetime) -> int:
    """Move the clock and look."""
    world.clock.advance(moment - world.clock.now())
    return await world.journal.reminders.look()


async def test_a_letter_is_reminded_of_at_three_days_one_day_and_at_its_end(world: World) -> None:
    """Registered on Friday 20 November 2026: due on Sunday 20 December, so both reminders come before the week-end."""
    await world.save("op201", channel="K07", written_no="1", written_date="2026-11-19")
    await go_to(world, datetime(2026, 12, 17, 8, 59, tzinfo=MOSCOW))
    assert await kinds(world, "op201") == []
    await go_to(world, datetime(2026, 12, 17, 9, 0, tzinfo=MOSCOW))
    await go_to(world, datetime(2026, 12, 17, 9, 1, tzinfo=MOSCOW))
    assert await kinds(world, "op201") == ["due_soon"]
    await go_to(world, datetime(2026, 12, 18, 9, 0, tzinfo=MOSCOW))
    await go_to(world, datetime(2026, 12, 20, 23, 59, 58, tzinfo=MOSCOW))
    assert await kinds(world, "op201") == ["due_soon", "due_tomorrow"]
    await go_to(world, datetime(2026, 12, 21, tzinfo=MOSCOW))
    await go_to(world, datetime(2026, 12, 22, tzinfo=MOSCOW))
    assert await kinds(world, "op201") == ["due_soon", "due_tomorrow", "overdue"]


async def test_an_oral_one_at_half_and_nine_tenths_to_its_sender_and_its_target(world: World) -> None:
    appeal = await world.save("op101")
    await world.journal.appeals.forward(world.people["op101"], appeal.id, world.people["op201"].id, appeal.version)
    start = appeal.appeal_at
    assert appeal.due_at == start + timedelta(hours=24)
    for hours in (11.9, 12, 21.5, 21.6):
        await go_to(world, start + timedelta(hours=hours))
    assert await kinds(world, "op101") == ["due_half", "due_nearly"]
    assert [kind for kind in await kinds(world, "op201") if kind.startswith("due")] == ["due_half", "due_nearly"]


async def test_another_deadline_is_reminded_of_anew_and_a_closed_one_never(world: World) -> None:
    first, second = await world.save("op101"), await world.save("op101")
    async with world.db.begin() as session:
        await session.execute(
            update(AppealRecord).where(AppealRecord.id == second.id).values(phase="closed", status_code="closed")
        )
    await go_to(world, first.appeal_at + timedelta(hours=30))
    async with world.db.begin() as session:
        later = world.clock.now() + timedelta(hours=1)
        await session.execute(update(AppealRecord).where(AppealRecord.id == first.id).values(due_at=later))
    await go_to(world, later + timedelta(seconds=1))
    assert await kinds(world, "op101") == ["overdue", "overdue"]
    async with world.db.begin() as session:
        rows = list(await session.scalars(select(ReminderRow).order_by(ReminderRow.due_at, ReminderRow.stage)))
    assert {row.appeal_id for row in rows} == {first.id}
    assert Counter(row.told for row in rows) == {True: 2, False: 4}


async def test_the_morning_is_that_of_the_organisation(world: World) -> None:
    """Domain 2.5 h: nine o'clock in Kamchatka is midnight in Moscow."""
    async with world.db.begin() as session:
        await session.execute(text("UPDATE organisation SET time_zone = 'Asia/Kamchatka'"))
    people = [await world.staff.user(user.id) for user in world.people.values()]
    world.people.update({user.login: user for user in people if user is not None})
    appeal = await world.save("op201", channel="K07", written_no="1", written_date="2026-11-19")
    assert appeal.due_at == datetime(2026, 12, 20, 23, 59, 59, tzinfo=ZoneInfo("Asia/Kamchatka"))
    await go_to(world, datetime(2026, 12, 16, 20, 59, tzinfo=UTC))
    assert await kinds(world, "op201") == []
    await go_to(world, datetime(2026, 12, 16, 21, 0, tzinfo=UTC))
    assert await kinds(world, "op201") == ["due_soon"]


async def test_the_digest_comes_once_on_a_working_morning(world: World) -> None:
    await world.save("op101")
    await world.save("op201", channel="K07", written_no="1", written_date="2026-11-19")
    for day, hour in ((21, 10), (22, 10), (23, 8), (23, 9), (23, 15)):
        await go_to(world, datetime(2026, 11, day, hour, tzinfo=MOSCOW))
    async with world.db.begin() as session:
        statement = select(NotificationRow).where(NotificationRow.kind == NoticeKind.DIGEST)
        found = {row.user_id: dict(row.details) for row in await session.scalars(statement)}
    assert found == {
        world.people["op101"].id: {"open": 1, "overdue": 1, "today": 0, "soon": 0},
        world.people["op201"].id: {"open": 1, "overdue": 0, "today": 0, "soon": 0},
    }


async def test_two_who_look_at_once_say_it_once(own_world: World) -> None:
    for _ in range(20):
        await own_world.save("op101")
    own_world.clock.advance(timedelta(hours=13))
    told = await asyncio.gather(*(own_world.journal.reminders.look() for _ in range(4)))
    assert sum(told) == 20 + 1  # and the digest of the day
    assert await kinds(own_world, "op101") == ["due_half"] * 20


async def test_the_loop_looks_at_once_and_the_bus_hears_of_it(own_world: World) -> None:
    bus, heard, facts = Bus(), asyncio.Event(), []

    async def hear(fact: NoticeMade) -> None:
        facts.append(fact)
        heard.set()

    bus.subscribe(NoticeMade, handler=hear, name="test")
    appeal = await own_world.save("op101")
    own_world.clock.advance(timedelta(hours=13))
    reminders = Journal(own_world.db, own_world.clock, Settings(), bus).reminders
    reminders.start()
    async with asyncio.timeout(10):
        await heard.wait()
    await reminders.close()
    await bus.close()
    said = facts[0]
    assert (said.kind, said.number, said.user_ids) == ("due_half", appeal.number, (own_world.people["op101"].id,))
