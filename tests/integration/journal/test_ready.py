"""Statements kept as texts: another moment, another reader or other rights never get the answer of before (S000-06)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from hotline.journal.folder_book import FRESH
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
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


QUESTIONS = (
    "звонков", "ветров", "звонков пётр", "ветров олег", "зв п", "ве о", "звонков пётр ильич", "ветров олег ильич",
    "пётр звонков", "олег ветров", "звонков 1980", "ветров 1979", "29.02.1980", "01.03.1979", "звонков 29.02.1980",
    "9912345678901239", "9900000000000002", "8 000 777-01-01", "8 000 777-09-09", "никто",
)  # fmt: skip


@pytest.mark.parametrize("login", ["op101", "sp501"])
async def test_questions_of_one_shape_get_their_own_answers(world: World, login: str) -> None:
    """S001-044…S001-046: the register is asked by kept texts; what stands in a question is never kept with them."""
    people = (
        ("Звонков", "Пётр", "Ильич", "1980-02-29", "9912345678901239", "8 000 777-01-01"),
        ("Ветров", "Олег", "Ильич", "1979-03-01", "9900000000000002", "8 000 777-09-09"),
    )
    for last, first, father, born, enp, phone in people:
        await world.save(
            applicant_last_name=last, applicant_first_name=first, applicant_patronymic=father,
            applicant_birth_date=born, applicant_enp=enp, applicant_phone=phone,
        )  # fmt: skip
    kept = Persons(world.db, world.clock)
    user = world.people[login]

    async def found(persons: Persons, typed: str) -> list[str]:
        return [row.last_name for row in (await persons.search(user, PersonQuery.from_text(typed), typed)).rows]

    expected = {typed: await found(Persons(world.db, world.clock), typed) for typed in QUESTIONS}
    assert expected["звонков пётр ильич"] == ([] if login == "sp501" else ["Звонков"])
    assert expected["9900000000000002"] == ["Ветров"]
    assert expected["никто"] == []
    for typed in (*QUESTIONS, *QUESTIONS[::-1]):
        assert await found(kept, typed) == expected[typed], typed
    assert not any(name in repr(vars(kept._ready)).casefold() for name in ("звонков", "ветров", "99123", "777"))


async def shown(world: World, who: User, folder: str = "overdue") -> list[str]:
    return [row.number for row in (await world.journal.queries.appeals(who, folder)).rows]


async def count(world: World, who: User) -> int:
    return next(one.count for one in await world.journal.queries.folders(who) if one.folder == "overdue")
