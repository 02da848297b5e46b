"""The lists that a card is checked against: the same rows that can be chosen, in one statement (S000-33…S000-44)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.journal.card_lists import card_lists
from hotline.journal.cardcheck import Lists
from tests.integration.journal.world import World, statements


async def lists(world: World, login: str = "op101") -> Lists:
    async with world.db.begin() as session:
        return await card_lists(session, world.clock.now().date(), world.people[login].organisation.id)


async def test_they_are_the_lists_that_people_choose_from(world: World) -> None:
    """Codes, and what hangs on them: types of topics, forms of channels, which types are complaints."""
    organisation = world.people["op101"].organisation.id
    choices, found = world.journal.classifier, await lists(world)
    assert found.types == {row.code for row in await choices.types(organisation)}
    assert found.complaints == await choices.complaint_types(organisation)
    assert found.topics == {row.code: row.type for row in await choices.topics("", organisation_id=organisation)}
    assert found.channels == {row.code: row.form for row in await choices.channels(organisation)}
    assert found.sources == {row.code for row in await choices.sources(organisation)}
    assert found.kinships == {row.code for row in await choices.kinships(organisation)}
    assert all((found.types, found.complaints, found.topics, found.channels, found.sources, found.kinships))
    async with statements() as sent:
        await lists(world)
    assert len(sent) == 1


@pytest.mark.parametrize("table", ["appeal_type", "topic", "channel", "source", "kinship"])
async def test_what_is_closed_not_yet_open_or_anothers_cannot_be_chosen(world: World, table: str) -> None:
    """Rows in use are closed by date; an organisation's own row is nobody else's."""
    kind = {"appeal_type": "types"}.get(table, f"{table}s")
    codes = sorted(getattr(await lists(world), kind))[:3]
    today = world.clock.now().date()
    changes = (("valid_to", today), ("valid_from", today + timedelta(days=1)),
               ("organisation_id", world.people["sp501"].organisation.id))  # fmt: skip
    async with world.db.begin() as session:
        for code, (column, value) in zip(codes, changes, strict=False):
            await session.execute(text(f"UPDATE {table} SET {column} = :v WHERE code = :c"), {"v": value, "c": code})
    left = set(getattr(await lists(world), kind))
    assert left.isdisjoint(codes)
    assert set(codes[2:]) <= set(getattr(await lists(world, "sp501"), kind))
    assert set(codes[:2]).isdisjoint(getattr(await lists(world, "sp501"), kind))
