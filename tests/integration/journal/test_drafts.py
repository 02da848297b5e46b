"""Nothing that was typed is ever lost (DAY-17, DAY-12, domain 2.2)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.cti.model import Direction
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.drafts import other_end
from tests.integration.journal.world import World


async def test_a_card_of_a_live_call_is_prefilled_before_its_row_exists(world: World) -> None:
    """S000-29, S000-40, S001-039."""
    call = world.call(caller="80005550007", ended=False)
    draft = await world.journal.drafts.create_or_get(world.people["op101"], call.key, call)
    expected = CardForm(
        draft_id=str(draft.id),
        call_key=call.key,
        type="2",
        channel="K01",
        source="I01",
        appeal_at="2026-11-20T10:00",
        applicant=PersonFields(phone="+70005550007"),
    )
    assert draft.fields == expected.to_fields()
    assert (draft.rev, draft.call_key) == (0, call.key)


async def test_a_card_of_a_recorded_call_is_prefilled_from_its_row(world: World) -> None:
    call = world.call(caller="80005550007")
    await world.journal.calls.record(call)
    world.clock.advance(timedelta(hours=1))
    draft = await world.journal.drafts.create_or_get(world.people["op101"], call.key)
    assert (draft.fields["applicant_phone"], draft.fields["appeal_at"]) == ("+70005550007", "2026-11-20T10:00")


async def test_level_2_chooses_the_type_himself(world: World) -> None:
    draft = await world.journal.drafts.create_or_get(world.people["op201"])
    assert (draft.fields["type"], draft.fields["call_key"]) == ("", "")


async def test_the_same_call_gives_the_same_card_with_what_was_typed(world: World) -> None:
    user, call = world.people["op101"], world.call()
    draft = await world.journal.drafts.create_or_get(user, call.key, call)
    await world.journal.drafts.save(user, draft.id, 0, {"content": "Набрано до сбоя"})
    restored = await world.journal.drafts.create_or_get(user, call.key, call)
    assert (restored.id, restored.rev, restored.fields["content"]) == (draft.id, 1, "Набрано до сбоя")
    assert restored.fields["call_key"] == call.key
    other = await world.journal.drafts.create_or_get(world.people["op102"], call.key, call)
    assert other.id != draft.id


async def test_two_tabs_asking_at_once_get_one_card(own_world: World) -> None:
    world = own_world
    call = world.call()
    async with asyncio.timeout(30):
        drafts = await asyncio.gather(
            *(world.journal.drafts.create_or_get(world.people["op101"], call.key, call) for _ in range(8))
        )
    assert len({draft.id for draft in drafts}) == 1


async def test_a_stale_tab_gets_what_is_stored_and_destroys_nothing(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    first = await world.journal.drafts.save(user, draft.id, 0, {"content": "Первая вкладка"})
    assert first.rev == 1
    with pytest.raises(Conflict) as error:
        await world.journal.drafts.save(user, draft.id, 0, {"content": "Вторая вкладка"})
    stored = error.value.details["draft"]
    assert isinstance(stored, dict)
    assert (stored["rev"], stored["fields"]["content"]) == (1, "Первая вкладка")
    assert (await world.journal.drafts.get(user, draft.id)).fields["content"] == "Первая вкладка"


async def test_of_two_savings_at_the_same_moment_one_wins(own_world: World) -> None:
    world = own_world
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    async with asyncio.timeout(30):
        results = await asyncio.gather(
            *(world.journal.drafts.save(user, draft.id, 0, {"content": str(number)}) for number in range(6)),
            return_exceptions=True,
        )
    assert sum(isinstance(result, Conflict) for result in results) == 5
    assert (await world.journal.drafts.get(user, draft.id)).rev == 1


async def test_sending_again_after_a_lost_answer_is_no_conflict(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    first = await world.journal.drafts.save(user, draft.id, 0, {"content": "Текст"})
    assert await world.journal.drafts.save(user, draft.id, 0, {"content": "Текст"}) == first


async def test_a_free_card_can_be_given_a_call_later_but_never_another_one(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    saved = await world.journal.drafts.save(user, draft.id, 0, {"content": "а"}, call_key="pbx1-1.1")
    assert saved.call_key == "pbx1-1.1"
    again = await world.journal.drafts.save(user, draft.id, 1, {"content": "б"}, call_key="pbx1-2.2")
    assert (again.call_key, again.fields["call_key"]) == ("pbx1-1.1", "pbx1-1.1")


async def test_open_cards_are_those_with_typed_text(world: World) -> None:
    user = world.people["op101"]
    typed = await world.journal.drafts.create_or_get(user)
    await world.journal.drafts.create_or_get(user, "pbx1-9.9")
    await world.journal.drafts.save(user, typed.id, 0, {"content": "Текст"})
    assert [draft.id for draft in await world.journal.drafts.open(user)] == [typed.id]


async def test_the_card_that_was_left_behind_is_of_who_talked_last(world: World) -> None:
    """Domain 2.4: whom the matrix refused the record passes nobody's card on, also after a restart of the service."""
    first, second = world.people["op101"], world.people["op102"]
    call = replace(world.call(ended=False), operator="101")
    await world.journal.calls.record(call)
    draft = await world.journal.drafts.create_or_get(first, call.key, call)
    await world.journal.drafts.save(first, draft.id, 0, {"content": "Записано первым"})
    left = await world.journal.drafts.written(call.key)
    assert left is not None
    assert left.user_id == first.id
    await world.journal.calls.record(replace(call, operator="102"))
    assert await world.journal.drafts.written(call.key) is None
    own = await world.journal.drafts.create_or_get(second, call.key, call)
    await world.journal.drafts.save(second, own.id, 0, {"content": "Записано вторым"})
    left = await world.journal.drafts.written(call.key)
    assert left is not None
    assert left.user_id == second.id


async def test_discarding(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    with pytest.raises(NotFound):
        await world.journal.drafts.discard(world.people["op102"], draft.id)
    await world.journal.drafts.discard(user, draft.id)
    with pytest.raises(NotFound):
        await world.journal.drafts.save(user, draft.id, 0, {})


async def test_purge_takes_old_cards_and_empty_ones_of_yesterday(world: World) -> None:
    user = world.people["op101"]
    typed = await world.journal.drafts.create_or_get(user)
    await world.journal.drafts.create_or_get(user, "pbx1-9.9")
    await world.journal.drafts.save(user, typed.id, 0, {"content": "Текст"})
    assert await world.journal.drafts.purge() == 0
    world.clock.advance(timedelta(days=2))
    assert await world.journal.drafts.purge() == 1
    assert (await world.journal.drafts.get(user, typed.id)).rev == 1
    world.clock.advance(timedelta(days=29))
    assert await world.journal.drafts.purge() == 1


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"content": "я" * 260_001}, id="too-long"),
        pytest.param({str(number): "" for number in range(201)}, id="too-many"),
        pytest.param({"content": 1}, id="not-text"),
    ],
)
async def test_what_is_no_card_is_refused(world: World, fields: dict[str, str]) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    with pytest.raises(BadInput):
        await world.journal.drafts.save(user, draft.id, 0, fields)
    assert (await world.journal.drafts.get(user, draft.id)).rev == 0


async def test_text_that_postgresql_cannot_hold_is_mended(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    saved = await world.journal.drafts.save(user, draft.id, 0, {"content": "a\0b\ud83d"})
    assert saved.fields["content"] == "ab?"


async def test_a_consulted_colleague_reads_the_card(world: World) -> None:
    """Domain 2.9: during the consultation the target sees the card; others do not."""
    call = world.call("101", ended=False)
    draft = await world.journal.drafts.create_or_get(world.people["op101"], call.key, call)
    with pytest.raises(NotFound):
        await world.journal.drafts.view(world.people["op201"], draft.id)
    consulted = world.call("201", ended=False)
    legs = (*call.legs, consulted.legs[1])
    await world.journal.calls.record(replace(call, legs=legs))
    assert (await world.journal.drafts.view(world.people["op201"], draft.id)).id == draft.id
    assert (await world.journal.drafts.view(world.people["op101"], draft.id)).id == draft.id
    with pytest.raises(NotFound):
        await world.journal.drafts.view(world.people["op102"], draft.id)
    with pytest.raises(NotFound):
        await world.journal.drafts.get(world.people["op201"], draft.id)


async def test_supervisors_register_nothing(world: World) -> None:
    with pytest.raises(Forbidden):
        await world.journal.drafts.create_or_get(world.people["sup301"])


def test_the_citizen_is_at_the_other_end() -> None:
    assert other_end(Direction.IN, "+7000", "8800") == "+7000"
    assert other_end(Direction.OUT, "101", "+7000") == "+7000"
