"""Appeals change hands: forwarding, acceptance, recall, and the card that goes along with a call (T4–T5b, 2.4)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.model import Appeal, CardRef, HandOver, Phase
from hotline.staff.tables import UserRow
from tests.integration.journal.world import World


async def test_forwarding_and_acceptance(world: World) -> None:
    appeals, people = world.journal.appeals, world.people
    appeal = await world.save()
    sent = await appeals.forward(people["op101"], appeal.id, people["op201"].id, appeal.version, "По теме")
    assert (sent.phase, sent.status.title) == (Phase.INCOMING, "Входящее обращение")
    assert sent.forwarded_to is not None
    assert sent.forwarded_to.title == "Старшова В. С."
    assert (sent.owner.title, sent.editable, sent.actions) == ("Первая А. И.", False, frozenset({"recall"}))  # S000-50
    assert sent.due_at == appeal.due_at
    seen = await appeals.get(people["op201"], appeal.id)
    assert (seen.editable, seen.actions) == (False, frozenset({"accept", "decline"}))
    taken = await appeals.accept(people["op201"], appeal.id, sent.version)
    assert (taken.phase, taken.owner.title, taken.forwarded_to) == (Phase.ACTIVE, "Старшова В. С.", None)
    assert taken.editable
    assert [(event.event, event.by, event.owner, event.comment) for event in taken.history] == [
        ("save", "Первая А. И.", "Первая А. И.", ""),
        ("forward", "Первая А. И.", "Первая А. И.", "По теме"),
        ("accept", "Старшова В. С.", "Старшова В. С.", ""),
    ]
    assert not (await appeals.get(people["op101"], appeal.id)).editable


async def test_the_responsible_organisation_follows_the_owner(world: World) -> None:
    """S000-51; the sender goes on seeing what he worked with."""
    appeals, people = world.journal.appeals, world.people
    appeal = await world.save()
    sent = await appeals.forward(people["op101"], appeal.id, people["sp502"].id, appeal.version)
    assert sent.organisation == "ТФОМС"
    taken = await appeals.accept(people["sp502"], appeal.id, sent.version)
    assert taken.organisation == "Пример-Мед"
    assert (await appeals.get(people["op101"], appeal.id)).phase is Phase.ACTIVE


async def forwarded(world: World, to: str = "op201") -> Appeal:
    appeal = await world.save()
    return await world.journal.appeals.forward(world.people["op101"], appeal.id, world.people[to].id, appeal.version)


async def test_declining_needs_a_comment_and_gives_it_back(world: World) -> None:
    sent = await forwarded(world)
    with pytest.raises(BadInput):
        await world.journal.appeals.decline(world.people["op201"], sent.id, sent.version, " ")
    back = await world.journal.appeals.decline(world.people["op201"], sent.id, sent.version, "Не наша тема")
    assert (back.phase, back.owner.title, back.forwarded_to) == (Phase.ACTIVE, "Первая А. И.", None)
    assert back.history[-1].comment == "Не наша тема"


async def test_recall_before_acceptance_only(world: World) -> None:
    sent = await forwarded(world)
    back = await world.journal.appeals.recall(world.people["op101"], sent.id, sent.version)
    assert (back.phase, back.editable) == (Phase.ACTIVE, True)
    with pytest.raises(Conflict) as error:
        await world.journal.appeals.recall(world.people["op101"], sent.id, back.version)
    assert error.value.error_id == "illegal-move"


async def test_of_recall_and_acceptance_at_the_same_moment_one_wins(own_world: World) -> None:
    world = own_world
    sent = await forwarded(world)
    async with asyncio.timeout(30):
        results = await asyncio.gather(
            world.journal.appeals.accept(world.people["op201"], sent.id, sent.version),
            world.journal.appeals.recall(world.people["op101"], sent.id, sent.version),
            return_exceptions=True,
        )
    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert sum(isinstance(result, Appeal) for result in results) == 1


@pytest.mark.parametrize(
    ("sender", "target", "reason"),
    [
        pytest.param("op101", "op102", "matrix", id="level-1-to-level-1"),
        pytest.param("op101", "sup301", "matrix", id="to-a-supervisor"),
        pytest.param("op101", "op101", "same-user", id="to-himself"),
        pytest.param("sp501", "op201", "matrix", id="Q1-sp1-to-op2"),
        pytest.param("sp502", "op201", "matrix", id="S000-48-oral-to-op2"),
    ],
)
async def test_what_the_matrix_forbids(world: World, sender: str, target: str, reason: str) -> None:
    appeal = await world.save(sender)
    with pytest.raises(Forbidden) as error:
        await world.journal.appeals.forward(world.people[sender], appeal.id, world.people[target].id, appeal.version)
    assert error.value.details == {"reason": reason}
    assert (await world.journal.appeals.get(world.people[sender], appeal.id)).version == appeal.version


async def test_a_letter_may_go_from_sp2_to_op2(world: World) -> None:
    """S000-48."""
    appeal = await world.save("sp502", channel="K07")
    sent = await world.journal.appeals.forward(
        world.people["sp502"], appeal.id, world.people["op201"].id, appeal.version
    )
    assert sent.phase is Phase.INCOMING


async def test_the_administrator_reassigns_with_a_reason(world: World) -> None:
    appeal = await world.save()
    admin, target = world.people["admin"], world.people["op102"].id
    with pytest.raises(Forbidden) as error:
        await world.journal.appeals.forward(admin, appeal.id, target, appeal.version)
    assert error.value.details == {"reason": "needs-reason"}
    sent = await world.journal.appeals.forward(admin, appeal.id, target, appeal.version, "Отпуск")
    assert sent.phase is Phase.INCOMING


async def test_somebody_elses_appeal_cannot_be_moved(world: World) -> None:
    appeal = await world.save()
    with pytest.raises(Forbidden):
        await world.journal.appeals.forward(world.people["op102"], appeal.id, world.people["op201"].id, appeal.version)
    sent = await forwarded(world)
    with pytest.raises(Forbidden):
        await world.journal.appeals.accept(world.people["op202"], sent.id, sent.version)


@pytest.mark.parametrize("user_id", [0, 10**15])
async def test_nobody_to_forward_to(world: World, user_id: int) -> None:
    appeal = await world.save()
    with pytest.raises(BadInput):
        await world.journal.appeals.forward(world.people["op101"], appeal.id, user_id, appeal.version)


async def test_a_draft_goes_along_with_the_call(world: World) -> None:
    """M-03, domain 2.9: voice and card together."""
    call = world.call(ended=False)
    user, target = world.people["op101"], world.people["op201"]
    draft = await world.journal.drafts.create_or_get(user, call.key, call)
    await world.journal.drafts.save(user, draft.id, 0, {**draft.fields, "content": "Сложный вопрос"})
    result = await world.journal.handover.hand_over(user, draft.ref, target.id)
    assert result == HandOver(moved=True, card=draft.ref)
    moved = await world.journal.drafts.create_or_get(target, call.key, call)
    assert (moved.id, moved.fields["content"], moved.handed_by) == (draft.id, "Сложный вопрос", user.id)
    assert [card.id for card in await world.journal.drafts.open(target)] == [draft.id]
    with pytest.raises(NotFound):
        await world.journal.drafts.save(user, draft.id, 1, {"content": "поздно"})
    with pytest.raises(Conflict) as error:
        await world.save(draft_id=str(draft.id))
    assert error.value.error_id == "card-handed-over"
    appeal = await world.save("op201", draft_id=str(draft.id))
    assert appeal.creator.title == "Старшова В. С."


async def test_a_card_that_the_target_had_begun_himself_is_kept(world: World) -> None:
    call = world.call(ended=False)
    user, target = world.people["op101"], world.people["op201"]
    draft = await world.journal.drafts.create_or_get(user, call.key, call)
    own = await world.journal.drafts.create_or_get(target, call.key, call)
    await world.journal.drafts.save(target, own.id, 0, {"content": "Моё"})
    await world.journal.drafts.save(user, draft.id, 0, {"content": "Его"})
    assert (await world.journal.handover.hand_over(user, draft.ref, target.id)).moved
    kept = await world.journal.drafts.get(target, own.id)
    assert (kept.call_key, kept.fields["content"]) == (None, "Моё")
    assert (await world.journal.drafts.create_or_get(target, call.key, call)).id == draft.id


async def test_an_empty_card_does_not_push_the_written_one_aside(world: World) -> None:
    """The call comes back to whom the record never left (the matrix forbade it): his card is the call's, as before."""
    call = world.call(ended=False)
    user, target = world.people["op101"], world.people["op201"]
    own = await world.journal.drafts.create_or_get(target, call.key, call)
    await world.journal.drafts.save(target, own.id, 0, {"content": "Моё"})
    empty = await world.journal.drafts.create_or_get(user, call.key, call)
    assert (await world.journal.handover.hand_over(user, empty.ref, target.id)).moved
    kept = await world.journal.drafts.create_or_get(target, call.key, call)
    assert (kept.id, kept.fields["content"], kept.handed_by) == (own.id, "Моё", None)
    assert await world.journal.drafts.of_call(user, call.key) is None


async def test_when_the_matrix_forbids_only_the_call_goes(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    result = await world.journal.handover.hand_over(user, draft.ref, world.people["op102"].id)
    assert result == HandOver(moved=False, reason="matrix", card=draft.ref)
    assert (await world.journal.drafts.get(user, draft.id)).handed_by is None
    # A lost operator forwards nothing: his card follows the citizen whom the queue gave to a colleague.
    colleague = world.people["op102"]
    result = await world.journal.handover.hand_over(user, draft.ref, colleague.id, operator_lost=True)
    assert result == HandOver(moved=True, card=draft.ref)
    assert (await world.journal.drafts.get(colleague, draft.id)).handed_by == user.id


async def test_a_saved_appeal_goes_along_in_one_step(world: World) -> None:
    appeal = await world.save()
    result = await world.journal.handover.hand_over(world.people["op101"], appeal.ref, world.people["op201"].id)
    assert result == HandOver(moved=True, card=CardRef("appeal", appeal.id))
    moved = await world.journal.appeals.get(world.people["op201"], appeal.id)
    assert (moved.phase, moved.owner.title, moved.editable) == (Phase.ACTIVE, "Старшова В. С.", True)
    assert [event.event for event in moved.history] == ["save", "hand_over"]
    page = await world.journal.queries.appeals(world.people["op101"], "mine")
    assert [row.id for row in page.rows] == [appeal.id]


async def test_an_appeal_that_is_on_its_way_already_stays(world: World) -> None:
    sent = await forwarded(world)
    result = await world.journal.handover.hand_over(world.people["op101"], sent.ref, world.people["op202"].id)
    assert (result.moved, result.reason) == (False, "illegal-move")


@pytest.mark.parametrize("kind", ["draft", "appeal"])
async def test_no_such_card(world: World, kind: str) -> None:
    with pytest.raises(NotFound):
        await world.journal.handover.hand_over(world.people["op101"], CardRef(kind, 10**12), world.people["op201"].id)


async def test_nothing_is_given_to_a_switched_off_account(world: World) -> None:
    target = world.people["op201"]
    async with world.db.begin() as session:
        await session.execute(update(UserRow).where(UserRow.id == target.id).values(active=False))
    draft = await world.journal.drafts.create_or_get(world.people["op101"])
    result = await world.journal.handover.hand_over(world.people["op101"], draft.ref, target.id)
    assert result.reason == "inactive"
