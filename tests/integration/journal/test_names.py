"""Titles behind the codes of lists: remembered, and read again when they change."""

from __future__ import annotations

from sqlalchemy import text

from hotline.journal.tables_classifier import TopicRow
from hotline.staff.tables import UserRow
from tests.integration.journal.world import World, statements


async def test_a_title_that_is_changed_here_stands_in_the_next_list(world: World) -> None:
    await world.save()
    (before,) = await lines(world)
    assert before[1] == "Первая А. И."
    assert before[0] not in {"", "2.01", "Другое название"}
    async with world.db.begin() as session:
        (await session.get_one(TopicRow, "2.01")).title = "Другое название"
        (await session.get_one(UserRow, world.people["op101"].id)).last_name = "Замужняя"
    assert await lines(world) == [("Другое название", "Замужняя А. И.")]


async def test_a_code_that_another_process_added_is_read(world: World) -> None:
    appeal = await world.save()
    await lines(world)
    async with world.db.begin() as session:
        # Nothing that the program would notice.
        await session.execute(
            text(
                "INSERT INTO topic (code, title, type_code)"
                " SELECT '2.99', 'Новая', type_code FROM topic WHERE code = '2.01'"
            )
        )
        await session.execute(text("UPDATE appeal SET topic_code = '2.99' WHERE id = :id"), {"id": appeal.id})
    async with statements() as sent:
        assert [topic for topic, _ in await lines(world)] == ["Новая"]
        assert [topic for topic, _ in await lines(world)] == ["Новая"]
    assert len(sent) == 3  # two pages, and the titles once


async def lines(world: World) -> list[tuple[str, str]]:
    """Return topics and owners of the first page of an operator."""
    page = await world.journal.queries.appeals(world.people["op101"], "mine")
    return [(row.topic, row.owner) for row in page.rows]
