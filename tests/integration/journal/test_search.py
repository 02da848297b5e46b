"""Search for appeals and calls by one field, and that nobody finds what he may not list (domain 2.8, ADR 0019)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from hotline.journal.question import understand
from hotline.journal.search import Answer, By
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World, generic_plan, statements


async def find(world: World, typed: str, login: str = "op101") -> Answer:
    return await world.journal.queries.search.find(world.people[login], understand(typed))


async def numbers(world: World, typed: str, login: str = "op101") -> list[str]:
    return [hit.row.number for hit in (await find(world, typed, login)).appeals]


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        pytest.param("00-20112026-0000", By.NUMBER, id="number"),
        pytest.param("8 000 777-01-01", By.PHONE, id="phone"),
        pytest.param("звонков пё", By.NAME, id="name"),
        pytest.param("Pdjyrjd", By.NAME, id="name-on-the-wrong-layout"),
        pytest.param("поликлиникой", By.WORDS, id="stem"),
        pytest.param("врачами районных", By.WORDS, id="two-stems"),
        pytest.param("пчелка", By.WORDS, id="yo"),
        pytest.param("gjkbrkbybrf", By.WORDS, id="word-on-the-wrong-layout"),
        pytest.param("поликлин", By.WORDS, id="unfinished-word"),
    ],
)
async def test_an_appeal_is_found(world: World, typed: str, by: By) -> None:
    """S001-035, DAY-01: number, telephone, name, Russian stems, ё/е, layout."""
    appeal = await world.save(content="Врачи районной поликлиники «Пчёлка» отказали в приёме.")
    await world.save("op101", content="Совсем другое.", applicant_last_name="Иной", applicant_phone="8 000 777-09-09")
    hits = (await find(world, typed)).appeals
    assert (hits[0].row.id, hits[0].by) == (appeal.id, by)
    if by is not By.NUMBER:
        assert len(hits) == 1


async def test_the_words_are_marked_where_they_stand(world: World) -> None:
    await world.save(content="Потерян <b>полис</b>, нужен новый.", measures="Разъяснён порядок выдачи полиса.")
    (hit,) = (await find(world, "полисы")).appeals
    assert [piece.text for piece in hit.headline if piece.found] == ["полис", "полиса"]


async def test_relevance_comes_before_age(world: World) -> None:
    best = await world.save(content="Полис. Полис потерян. Где получить полис?")
    await world.save(content="Вопрос о прививках, а в конце о том, что и полис тоже потерян был давно.")
    assert (await numbers(world, "полис"))[0] == best.number


@pytest.mark.parametrize("typed", ["0002", "…09-42", "777 0942", "000 777-09-42"])
async def test_an_appeal_is_found_by_the_last_digits(world: World, typed: str) -> None:
    """Of its number or of the telephone, everywhere and in a list (domain 3.3); three digits are too few."""
    other = await world.save()
    found = await world.save("op101", applicant_phone="8 000 777-09-42")
    assert found.number.endswith("-00002")
    assert await numbers(world, typed) == [found.number]
    page = await world.journal.queries.appeals(world.people["op101"], "all", q=typed)
    assert [row.number for row in page.rows] == [found.number]
    assert other.number not in await numbers(world, "002")


async def test_last_digits_find_no_more_than_the_whole_number(world: World) -> None:
    """Domain 2.8: of an insurer's appeal the fund's operators find the heading by its number, and by nothing else."""
    insurer = await world.save("sp501", applicant_phone="8 000 777-09-42")
    (hit,) = (await find(world, insurer.number[-4:], "op102")).appeals
    assert (hit.row.number, hit.row.phone, hit.by) == (insurer.number, "", By.TAIL)
    assert await numbers(world, "0942", "op102") == []
    assert await numbers(world, "0942", "sp502") == [insurer.number]


@pytest.mark.parametrize("table", ["appeal", "call"])
async def test_last_digits_are_looked_up_in_their_indexes(world: World, table: str) -> None:
    """DAY-01: whatever the planner takes them for, no list is walked for the few that there are."""
    async with statements() as sent:
        await find(world, "0942", "admin")
    asked = [one for one in sent if "reverse(" in one and f" FROM {table}" in one.replace("\n", " ")]
    plans = [await generic_plan(world, one, "enable_seqscan = off") for one in asked]
    found = {name for plan in plans for name in re.findall(r"ix_\w+_tail", plan)}
    whole = {
        "appeal": {"ix_appeal_number_tail", "ix_appeal_phone_tail"},
        "call": {"ix_call_from_tail", "ix_call_dialled_tail"},
    }
    assert found >= whole[table]
    assert all("InitPlan" in plan for plan in plans)


@pytest.mark.parametrize("typed", ["прививки", "звонков", "8 000 777-01-01"])
async def test_nobody_finds_what_he_may_not_read(world: World, typed: str) -> None:
    """Domain 2.8: the same limits as the lists', in every reading."""
    fund = await world.save("op101", content="О прививках.")
    insurer = await world.save("sp501", content="О прививках.")
    assert await numbers(world, typed, "op102") == [fund.number]
    assert await numbers(world, typed, "sp502") == [insurer.number]
    assert set(await numbers(world, typed, "admin")) == {fund.number, insurer.number}


async def test_a_number_shows_no_people_where_only_the_heading_may_be_seen(world: World) -> None:
    """Domain 2.8: the fund's operators see insurers' headings, insurers nothing of the fund's."""
    fund, insurer = await world.save("op101"), await world.save("sp501")
    (hit,) = (await find(world, insurer.number, "op102")).appeals
    assert (hit.row.number, hit.row.applicant, hit.row.phone) == (insurer.number, "", "")
    assert (await find(world, fund.number, "sp502")).appeals == ()
    (own,) = (await find(world, insurer.number, "sp501")).appeals
    assert own.row.applicant == "Звонков Пётр"


async def test_calls_are_found_by_number_within_the_lists_limits(world: World) -> None:
    mine, others = world.call("101", "+70005550101"), world.call("102", "+70005550101")
    for call in (mine, others):
        await world.journal.calls.record(call)
    assert [call.key for call in (await find(world, "8 000 555-01-01")).calls] == [mine.key]
    assert len((await find(world, "8 000 555-01-01", "sup301")).calls) == 2


async def test_the_trail_has_no_word_of_what_was_typed(world: World) -> None:
    """DAY-29, domain 3.4."""
    await find(world, "Звонков полис")
    async with world.db.begin() as session:
        row = (await session.scalars(select(AuditEventRow).order_by(AuditEventRow.id.desc()).limit(1))).one()
    assert (row.action, row.entity, row.details) == (
        "search",
        "appeal",
        {"by": ["name", "words"], "found": 0, "calls": 0},
    )


async def test_texts_that_break_other_parsers(world: World) -> None:
    await world.save()
    for typed in ("'", "\\", "a & | ! <-> b", "'; drop", "%_", "«»", "и в на", "x" * 5000, "\ue000\ue001ой"):
        assert isinstance(await find(world, typed), Answer)


async def test_a_huge_text_can_be_saved_and_found(world: World) -> None:
    words = " ".join(f"слово{number}" for number in range(9000))[:99_900]
    appeal = await world.save(content=words)
    assert await numbers(world, "слово8999") == [appeal.number]


async def test_rare_words_are_looked_up(world: World) -> None:
    await world.save()
    async with statements() as sent:
        await find(world, "прививка")
    searched = next(one for one in sent if "ts_headline" in one)
    plan = await generic_plan(world, searched, "enable_seqscan = off", "enable_indexscan = off")
    assert "ix_appeal_words" in plan, plan
    assert sent.index("SET LOCAL enable_indexscan = off") < sent.index(searched)
    assert sent[-1].startswith("INSERT") or "enable_indexscan = on" in " ".join(sent[sent.index(searched) :])
