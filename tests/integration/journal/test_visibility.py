"""What each role reads of whose appeals, persons and topics (domain 2.8, S000-72…S000-74), on the real database."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from hotline.errors import NotFound
from hotline.journal.personquery import PersonQuery
from hotline.journal.tables_classifier import TopicRow
from hotline.journal.tables_person import PersonRow
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World

SECRET = "Хочу сменить страховую компанию"


async def test_the_fund_reads_only_the_heading_of_an_insurers_appeal(world: World) -> None:
    """Domain 2.8: СМО appeals header only for OP1 and OP2; the administrator of the fund reads everything (S000-74)."""
    appeal = await world.save("sp501", content=SECRET, applicant_enp="")
    for login in ("op101", "op201"):
        seen = await world.journal.appeals.get(world.people[login], appeal.id)
        assert seen.heading_only
        assert (seen.number, seen.organisation, seen.type) == (appeal.number, appeal.organisation, appeal.type)
        assert SECRET not in repr(seen)
        assert appeal.applicant.phone not in repr(seen)
        assert (seen.editable, seen.actions, seen.calls, seen.history) == (False, frozenset(), (), ())
    whole = await world.journal.appeals.get(world.people["admin"], appeal.id)
    assert (whole.heading_only, whole.content) == (False, SECRET)
    async with world.db.begin() as session:
        noted = await session.scalars(
            select(AuditEventRow.details).where(AuditEventRow.entity == "appeal", AuditEventRow.action == "view")
        )
        assert sorted(str(one) for one in noted) == ["{'part': 'heading'}", "{'part': 'heading'}", "{}"]


async def test_an_insurer_reads_its_own_appeals_only(world: World) -> None:
    """Domain 2.8: SP1…SP3 own СМО only; another's id is answered as one that nobody has."""
    fund, own = await world.save("op101"), await world.save("sp501")
    assert not (await world.journal.appeals.get(world.people["sp502"], own.id)).heading_only
    refused = []
    for appeal_id in (fund.id, 10**12):
        with pytest.raises(NotFound) as error:
            await world.journal.appeals.get(world.people["sp502"], appeal_id)
        refused.append((error.value.error_id, error.value.message, error.value.details))
    assert refused[0] == refused[1]


async def test_a_restricted_topic_hides_the_content_from_those_who_do_not_work_on_it(world: World) -> None:
    """Domain 2.8: restricted topics need appeal.view_restricted, or the appeal in one's hands."""
    appeal = await world.save("op101", content=SECRET)
    async with world.db.begin() as session:
        await session.execute(update(TopicRow).where(TopicRow.code == appeal.topic.code).values(restricted=True))
    assert (await world.journal.appeals.get(world.people["op102"], appeal.id)).heading_only
    offered = await world.journal.classifier.topics("", restricted=False)
    assert appeal.topic.code not in {topic.code for topic in offered}
    for login in ("op101", "admin"):
        assert (await world.journal.appeals.get(world.people[login], appeal.id)).content == SECRET


async def test_an_insurer_opens_dossiers_of_its_own_insured_only(world: World) -> None:
    """Domain 2.8: a forged id of somebody else's insured is answered as one that nobody has."""
    async with world.db.begin() as session:
        insurer = world.people["sp501"].organisation.id
        people = [
            PersonRow(last_name="Зрячая", first_name=name, patronymic="", source="register", insurer_id=whose)
            for name, whose in (("Своя", insurer), ("Чужая", None))
        ]
        session.add_all(people)
        await session.flush()
        own, other = (person.id for person in people)
    persons, representative = world.journal.persons, world.people["sp501"]
    found = await persons.search(representative, PersonQuery.from_text("Зрячая"))
    assert [row.id for row in found.rows] == [own]
    assert (await persons.get(representative, own)).first_name == "Своя"
    for person_id in (other, 10**12):
        with pytest.raises(NotFound):
            await persons.get(representative, person_id)
    assert (await persons.get(world.people["op101"], other)).first_name == "Чужая"
