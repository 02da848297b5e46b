"""A restricted appeal is kept from those who do not work on it: page, lists, searches, dossier (S003-110)."""

from __future__ import annotations

import pytest

from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.masking import unmasked
from hotline.journal.model import Appeal
from hotline.journal.personquery import PersonQuery
from hotline.journal.question import understand
from hotline.journal.restriction import Restriction
from tests.integration.journal.world import World

PHONE, NAME = "+79281230099", "Тайнова"


async def registered(world: World, restriction: str) -> Appeal:
    """An appeal of op101 that he has restricted at the citizen's wish."""
    saved = await world.save(
        "op101",
        applicant_phone=PHONE,
        applicant_last_name=NAME,
        applicant_address="ул. Тихая, 5",
        content="Просил тайны",
    )
    restricting = world.journal.appeals.restricting
    await restricting.restrict(world.people["op101"], saved.id, restriction, "просил сам", saved.version)
    return saved


async def everything(world: World, login: str, appeal: Appeal) -> str:
    """What a reader learns of the appeal anywhere, in one text."""
    reader, journal = world.people[login], world.journal
    told = [repr(await journal.appeals.get(reader, appeal.id))]
    for question in (appeal.number, PHONE, NAME, "тайны"):
        answer = await journal.queries.search.find(reader, understand(question))
        told.append(repr([(hit.row, hit.headline) for hit in answer.appeals]))
    folders = await journal.queries.folders(reader)
    told += [repr((await journal.queries.appeals(reader, one.folder)).rows) for one in folders]
    told.append(repr(await journal.queries.some(reader, (appeal.id,))))
    assert appeal.applicant.person_id is not None
    told.append(repr(await journal.dossiers.get(reader, appeal.applicant.person_id)))
    told.append(repr(await journal.persons.get(reader, appeal.applicant.person_id)))
    told.append(repr(await journal.persons.search(reader, PersonQuery.from_text(NAME))))
    told.append(repr(await journal.persons.owners(PHONE, reader)))
    return " ".join(told)


@pytest.mark.parametrize(
    ("restriction", "colleague", "administrator"),
    [(Restriction.CONTACTS, True, True), (Restriction.PROFILE, False, True), (Restriction.OPERATOR, False, True)],
)
async def test_what_is_kept_from_whom(world: World, restriction: str, colleague: bool, administrator: bool) -> None:
    """S003-110: the operator sees all; a colleague the heading, or all but where to reach the citizen."""
    appeal = await registered(world, restriction)
    own = await everything(world, "op101", appeal)
    assert PHONE in own
    assert "ул. Тихая, 5" in own
    others = await everything(world, "op102", appeal)
    assert PHONE not in others
    assert "ул. Тихая, 5" not in others
    assert ("Просил тайны" in others) is colleague
    seen = await world.journal.appeals.get(world.people["op102"], appeal.id)
    assert (seen.heading_only, seen.masked, seen.restricted) == (not colleague, colleague, restriction)
    assert (NAME in seen.applicant.full_name) is colleague
    listed = (await world.journal.queries.some(world.people["op102"], (appeal.id,)))[0]
    assert (listed.limited, bool(listed.applicant), listed.restricted) == (not colleague, colleague, restriction)
    assert (PHONE in await everything(world, "admin", appeal)) is administrator


async def test_nobody_finds_by_what_is_kept_from_him(world: World) -> None:
    """S003-110: to be found by a telephone or a name tells whose it is."""
    hidden, contacts = await registered(world, Restriction.PROFILE), await registered(world, Restriction.CONTACTS)
    queries = world.journal.queries
    for login, by_phone, by_name in (("op101", 2, 2), ("op102", 0, 1), ("admin", 2, 2)):
        reader = world.people[login]
        for q, found in ((PHONE, by_phone), (NAME, by_name), (hidden.number, 1), (contacts.number, 1)):
            rows = (await queries.appeals(reader, "all", q=q)).rows
            assert len(rows) == found, (login, q)


async def test_masks_of_contacts_are_lifted_as_all_masks_are_and_headings_are_not(world: World) -> None:
    """Domain 3.4: unmasking lifts masks, not limits."""
    contacts, hidden = await registered(world, Restriction.CONTACTS), await registered(world, Restriction.PROFILE)
    reader = unmasked(world.people["op102"])
    assert (await world.journal.appeals.get(reader, contacts.id)).applicant.phone == PHONE
    assert (await world.journal.appeals.get(reader, hidden.id)).heading_only


async def test_restricting_is_refused_with_a_reason_and_loses_nothing(world: World) -> None:
    """S003-110: bad words, no reason, an old version, another's appeal, an appeal that one may not read."""
    appeal = await world.save("op101", applicant_last_name=NAME)
    restrict, people = world.journal.appeals.restricting.restrict, world.people
    for wanted, reason, details in (
        ("secret", "да", {"restriction": "unknown"}),
        ("contacts", "  ", {"reason": "required"}),
        ("contacts", "x" * 501, {"reason": "at most 500 characters"}),
    ):
        with pytest.raises(BadInput) as bad:
            await restrict(people["op101"], appeal.id, wanted, reason, appeal.version)
        assert bad.value.details == details
    with pytest.raises(Conflict) as stale:
        await restrict(people["op101"], appeal.id, "contacts", "просил", appeal.version + 7)
    assert stale.value.error_id == "stale-appeal"
    with pytest.raises(Forbidden) as refused:
        await restrict(people["op102"], appeal.id, "contacts", "просил", appeal.version)
    assert refused.value.error_id == "restriction-forbidden"
    with pytest.raises(NotFound):
        await restrict(people["sp502"], appeal.id, "contacts", "просил", appeal.version)
    unchanged = await world.journal.appeals.get(people["op101"], appeal.id)
    assert (unchanged.restricted, unchanged.version) == ("no", appeal.version)


async def test_the_history_says_who_restricted_and_why_and_it_can_be_taken_back(world: World) -> None:
    """S003-110, S000-79."""
    appeal = await registered(world, Restriction.OPERATOR)
    people, journal = world.people, world.journal
    seen = await journal.appeals.get(people["op101"], appeal.id)
    assert (seen.history[-1].event, seen.history[-1].comment) == ("restrict_operator", "просил сам")
    assert set(seen.restrictions) == {"no", "contacts", "profile"}
    await journal.appeals.restricting.restrict(people["admin"], appeal.id, "profile", "жалоба", seen.version)
    after = await journal.appeals.get(people["op101"], appeal.id)
    assert after.restrictions == ("operator",)  # what the administrator decided is not the operator's to loosen
    await journal.appeals.restricting.restrict(people["admin"], appeal.id, "no", "больше не нужно", after.version)
    assert not (await journal.appeals.get(people["op102"], appeal.id)).heading_only
