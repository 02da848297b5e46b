"""Search in the register (S000-13…S000-20, S001-044…S001-046, DAY-01, domain 2.8)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from hotline.errors import BadInput, NotFound
from hotline.journal.identifiers import enp_check_digit
from hotline.journal.model import PersonRow
from hotline.journal.personquery import PersonQuery
from hotline.journal.tables_person import PersonPhoneRow
from hotline.journal.tables_person import PersonRow as PersonTable
from hotline.staff.rules import fold
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World, generic_plan, statements


async def search(world: World, typed: str, login: str = "op101") -> tuple[PersonRow, ...]:
    found = await world.journal.persons.search(world.people[login], PersonQuery.from_text(typed))
    return found.rows


async def add(world: World, last: str, first: str, patronymic: str = "", born: str = "1980-02-29", **more: str) -> int:
    async with world.db.begin() as session:
        person = PersonTable(
            last_name=last, first_name=first, patronymic=patronymic, birth_date=date.fromisoformat(born), **more
        )
        session.add(person)
        await session.flush()
        return person.id


@pytest.mark.parametrize(
    "typed",
    [
        "Искомый Ёжик Львович",
        "иском",
        "ИСКОМЫЙ ежик",
        "иском ё л",
        "иск еж 1980",
        "иском 29.02.1980",
        "Bcrjvsq",
        "9912345678901239",
        "иском 9912345678901239",
        "11223344595",
    ],
)
async def test_ways_to_find_one(world: World, typed: str) -> None:
    person = await add(world, "Искомый", "Ёжик", "Львович", enp="9912345678901239", snils="11223344595")
    assert [row.id for row in await search(world, typed)] == [person]


async def test_readings_that_cost_a_walk_come_last(world: World) -> None:
    """S001-045: a surname with a patronymic is looked for when there is nobody else, initials when ten are not full."""
    by_father = await add(world, "Редкая", "Анна", "Петровна")
    assert [row.id for row in await search(world, "редк петр")] == [by_father]
    by_name = await add(world, "Редкий", "Пётр", "Ильич")
    assert [row.id for row in await search(world, "редк петр")] == [by_name]
    assert [row.id for row in await search(world, "петр редк")] == [by_name]
    father = await add(world, "Иной", "Пётр", "Редкович")
    assert [row.id for row in await search(world, "петр редк")] == [by_name, father]
    for number in range(10):
        await add(world, "Редкий", "Петр" + "абвгдежзик"[number])
    await search(world, "петр редк")  # titles are remembered for a while
    async with statements() as sent:
        assert father not in [row.id for row in await search(world, "петр редк")]
    assert sum("FROM person" in statement for statement in sent) == 2


@pytest.mark.parametrize("typed", ["искомыйй", "иском и", "иском 1981", "иском 28.02.1980", "9900000000000002"])
async def test_what_does_not_fit_is_not_found(world: World, typed: str) -> None:
    await add(world, "Искомый", "Ёжик", enp="9912345678901239")
    assert await search(world, typed) == ()


async def test_at_most_ten_and_a_hint_to_narrow(world: World) -> None:
    for number in range(11):
        await add(world, "Многих", "Имя" + "абвгдежзикл"[number])
    found = await world.journal.persons.search(world.people["op101"], PersonQuery.from_text("многих"))
    assert (len(found.rows), found.more) == (10, True)
    assert [row.first_name[-1] for row in found.rows] == list("абвгдежзик")
    found = await world.journal.persons.search(world.people["op101"], PersonQuery.from_text("многих имяа"))
    assert (len(found.rows), found.more) == (1, False)


async def test_an_empty_search_is_refused(world: World) -> None:
    with pytest.raises(BadInput):
        await search(world, " - ")


async def test_everything_about_a_person_in_one_statement(world: World) -> None:
    appeal = await world.save(applicant_birth_date="1980-02-29", applicant_enp="9912345678901239")
    async with statements() as sent:
        (person,) = await search(world, "звонков")
    assert sum("person" in statement and "SELECT" in statement for statement in sent) == 1
    assert (person.id, person.full_name, person.birth_date) == (
        appeal.applicant.person_id,
        "Звонков Пётр",
        date(1980, 2, 29),
    )
    assert (person.phones, person.open_appeals, person.enp) == (("+70007770101",), 1, "9912345678901239")


async def test_searches_are_audited_without_the_names_in_them(world: World) -> None:
    await search(world, "звонков 1980")
    async with world.db.begin() as session:
        entry = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "search"))).one()
    assert entry.user_id == world.people["op101"].id
    assert entry.details == {"found": 0, "by": ["last_name", "born_from", "born_before"]}


async def test_insurers_see_their_own_and_others_only_by_full_data(world: World) -> None:
    """Domain 2.8."""
    own_insurer = world.people["sp501"].organisation.id
    own = await add(world, "Застрахованный", "Свой", enp="9912345678901239")
    other = await add(world, "Застрахованный", "Чужой", "Иванович", enp="9900000000000002")
    async with world.db.begin() as session:
        person = await session.get(PersonTable, own)
        assert person is not None
        person.insurer_id = own_insurer

    async def seen(typed: str, login: str) -> list[int]:
        return [row.id for row in await search(world, typed, login)]

    assert await seen("застрах", "op101") == [own, other]
    assert await seen("застрах", "sp501") == [own]
    assert await seen("застрахованный чужой 29.02.1980", "sp501") == []  # not the full name
    assert await seen("застрахованный чужой иванович 1980", "sp501") == []  # not the day
    assert await seen("застрахованный чужой иванович 29.02.1980", "sp501") == [other]
    assert await seen("9900000000000002", "sp501") == [other]
    async with world.db.begin() as session:
        session.add_all(PersonPhoneRow(person_id=one, e164="+70009990099", raw="") for one in (own, other))
    by_number = [await world.journal.persons.owners("+70009990099", world.people[who]) for who in ("op101", "sp501")]
    assert [[row.id for row in one.rows] for one in by_number] == [[own, other], [own]]


async def test_who_calls_from_a_number(world: World) -> None:
    """DAY-11: at most five; withheld and internal numbers are nobody's."""
    people = [await add(world, "Общий", f"Телефон{number}") for number in range(6)]
    async with world.db.begin() as session:
        session.add_all(PersonPhoneRow(person_id=person, e164="+70009990000", raw="") for person in people)
        session.add(PersonPhoneRow(person_id=people[0], e164="101", raw="101"))
        session.add(PersonPhoneRow(person_id=people[0], e164="+70009990001", raw="", is_wrong=True))
    assert len(await world.journal.persons.by_phone("+70009990000")) == 5
    for number in ("101", "+70009990001", "", None):
        assert await world.journal.persons.by_phone(number) == ()


async def test_who_alone_is_known_by_a_number(world: World) -> None:
    """DAY-11: one person of all, not of those whom the reader may find, and alive."""
    alone, twin, hidden, dead = [await add(world, "Одинокий", name) for name in ("Один", "Два", "Три", "Четыре")]
    numbers = {"+70009990011": [alone], "+70009990012": [twin, hidden], "+70009990013": [dead], "+70009990014": []}
    async with world.db.begin() as session:
        session.add_all(
            PersonPhoneRow(person_id=person, e164=number, raw="") for number, them in numbers.items() for person in them
        )
        for person, own in ((twin, True), (dead, False)):
            row = await session.get(PersonTable, person)
            assert row is not None
            row.is_dead = not own
            row.insurer_id = world.people["sp501"].organisation.id if own else None
    found = {number: await world.journal.persons.owners(number, world.people["sp501"]) for number in numbers}
    everybody = {number: (await world.journal.persons.owners(number)).sole for number in numbers}
    assert [row.id for row in found["+70009990012"].rows] == [twin]
    assert not any(one.sole for one in found.values())
    assert everybody == dict(zip(numbers, (True, False, False, False), strict=True))


async def test_history_of_a_person(world: World) -> None:
    """S000-19, S000-20, S001-057."""
    first = await world.save(applicant_birth_date="1980-02-29")
    second = await world.save(applicant_birth_date="1980-02-29")
    person = first.applicant.person_id
    assert person is not None
    async with world.db.begin() as session:
        await session.execute(text("UPDATE appeal SET phase = 'closed' WHERE id = :id"), {"id": first.id})
    persons = world.journal.persons
    assert [row.id for row in await persons.appeals(world.people["op101"], person)] == [second.id]
    everything = await persons.appeals(world.people["op101"], person, show_all=True)
    assert [row.id for row in everything] == [second.id, first.id]
    assert await persons.appeals(world.people["sp501"], person, show_all=True) == ()


async def test_looking_at_a_person_is_audited(world: World) -> None:
    person = await add(world, "Искомый", "Ёжик")
    assert (await world.journal.persons.get(world.people["op101"], person)).last_name == "Искомый"
    async with world.db.begin() as session:
        entry = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "view"))).one()
    assert (entry.entity, entry.entity_id) == ("person", str(person))
    with pytest.raises(NotFound):
        await world.journal.persons.get(world.people["op101"], person + 1)


async def test_searches_use_their_indexes_under_a_generic_plan(world: World) -> None:
    """What was measured on three million people, on as many as make an index worth it."""
    shapes = {
        "иванов иван иванович": "ix_person_two",
        "ива ив 1980": "ix_person_two",
        "ив и и": "ix_person_ini",
        "иванов": "ix_person_fio",
        "иванов 1980": "ix_person_fio",
        "29.02.1980": "ix_person_birth_date",
        "9912345678901239": "uq_person_enp",
        "11223344595": "ix_person_snils",
        "123456": "ix_person_policy",
        "+79161234567": "uq_person_phone_e164_person_id",
    }
    async with world.db.begin() as session:
        await session.execute(
            text(
                """
                INSERT INTO person (last_name, first_name, patronymic, birth_date, enp, snils, policy)
                SELECT chr(1040 + n % 32) || md5(n::text), chr(1040 + n % 29) || n, chr(1040 + n % 23) || n,
                       date '1930-01-01' + n % 30000, 'e' || n, 's' || n, 'p' || n
                FROM generate_series(1, 20000) n
                """
            )
        )
        await session.execute(
            text(
                "INSERT INTO person_phone (person_id, e164, raw) "
                "SELECT id, '+8' || id, '' FROM person WHERE enp LIKE 'e%'"
            )
        )
        await session.execute(text("ANALYZE person"))
        await session.execute(text("ANALYZE person_phone"))
    for typed, index in shapes.items():
        async with statements() as sent:
            await search(world, typed)
        plan = await generic_plan(world, sent[0])
        assert index in plan, f"{typed}\n{plan}"
        assert "Seq Scan on person" not in plan, f"{typed}\n{plan}"


async def test_the_database_folds_names_as_the_program_does(world: World) -> None:
    names = ["Ёлкин-Пальмов", "О'Коннор", "д’Артаньян", "Оглы Мамед", "Щербакова", "И.", "Müller", "Їжак"]
    for name in names:
        await add(world, name, name)
    async with world.db.begin() as session:
        stored = await session.execute(
            select(PersonTable.last_name, PersonTable.s_sur).where(PersonTable.last_name.in_(names))
        )
        assert {name: key for name, key in stored} == {name: fold(name) for name in names}  # noqa: C416 - rows


async def test_the_demo_people_are_valid_and_invented(world: World) -> None:
    async with world.db.begin() as session:
        enps = (await session.scalars(select(PersonTable.enp).where(PersonTable.source == "register"))).all()
        phones = (await session.scalars(select(PersonPhoneRow.e164))).all()
    assert len(enps) == 200
    assert all(enp and enp.startswith("99") and enp[15] == enp_check_digit(enp[:15]) for enp in enps)
    assert all(phone.startswith("+7000") for phone in phones)
    assert len(await world.journal.persons.by_phone("+70005560000")) == 2


async def test_the_same_snils_is_the_same_person_on_a_card(world: World) -> None:
    """DAY-26: unless ENPs or surnames contradict; an attached dossier that was merged leads to the living one."""
    known = await add(world, "Снилсова", "Анна", born="1970-01-01", snils="11223344595")
    same = await world.save(applicant_last_name="Снилсова", applicant_first_name="Аня", applicant_snils="11223344595")
    assert same.applicant.person_id == known
    other = await world.save(
        applicant_last_name="Другая", applicant_snils="11223344595", applicant_phone="+70001112233"
    )
    assert other.applicant.person_id not in {None, known}
    heir = await add(world, "Живая", "Анна")
    async with world.db.begin() as session:
        await session.execute(text("UPDATE person SET merged_into_id = :to WHERE id = :id"), {"to": heir, "id": known})
    later = await world.save(applicant_last_name="Снилсова", applicant_person_id=str(known))
    assert later.applicant.person_id == heir
