"""Saving a card: number, deadline, history, links; and every way in which it can go wrong (T2)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.events import Bus
from hotline.journal.card_form import CardForm
from hotline.journal.model import AppealChanged, Colour, Phase
from hotline.journal.tables import AppealRecord, OutboxRow
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.staff.tables import AuditEventRow
from tests.integration.journal.world import World, make_world


async def test_a_saved_card_has_everything(world: World) -> None:
    call = world.call()
    await world.journal.calls.record(call)
    draft = await world.journal.drafts.create_or_get(world.people["op101"], call.key)
    appeal = await world.save(draft_id=str(draft.id), appeal_at="2026-11-20T09:30")
    assert appeal.number == "00-20112026-00001"
    assert (appeal.phase, appeal.status.title, appeal.colour) == (Phase.ACTIVE, "В работе", Colour.GREEN)
    assert appeal.appeal_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert appeal.due_at == datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    assert (appeal.type.title, appeal.topic.code, appeal.channel.code) == ("Консультация", "2.01", "K01")
    assert appeal.creator.title == "Первая А. И."
    assert appeal.owner == appeal.creator
    assert appeal.organisation == "ТФОМС"
    assert appeal.applicant.full_name == "Звонков Пётр"
    assert appeal.applicant.phone == "+70007770101"
    assert appeal.insured == appeal.applicant
    assert [(event.event, event.status, event.by) for event in appeal.history] == [("save", "В работе", "Первая А. И.")]
    assert [(link.key, link.relation, link.talk_s) for link in appeal.calls] == [(call.key, "opened", 50)]
    assert appeal.editable
    assert appeal.actions == {"forward", "hand_over", "close"}
    with pytest.raises(NotFound):
        await world.journal.drafts.get(world.people["op101"], draft.id)
    row = await world.journal.calls.get(world.people["op101"], call.key)
    assert row.disposition == "Обращение зарегистрировано"
    assert row.appeals == ((appeal.id, appeal.number),)


async def test_everything_wrong_is_said_at_once_and_nothing_is_changed(world: World) -> None:
    form = CardForm.from_fields(
        {
            "type": "1",
            "topic": "2.01",
            "channel": "K99",
            "appeal_at": "2027-01-01T00:00",
            "applicant_birth_date": "31.02.1980",
            "applicant_enp": "123",
            "applicant_email": "нет",
            "insured_snils": "1",
        }
    )
    with pytest.raises(BadInput) as error:
        await world.journal.appeals.save_card(world.people["op101"], form, "key")
    assert error.value.details == {
        "topic": "belongs to another type",
        "channel": "unknown",
        "source": "required",
        "appeal_at": "must not be in the future",
        "content": "required",
        "applicant_last_name": "required",
        "applicant_birth_date": "not a date",
        "applicant_enp": "must have 16 digits",
        "applicant_email": "not an e-mail address",
        "insured_last_name": "required",
        "insured_snils": "must have 11 digits",
    }
    assert (await world.save()).number.endswith("-00001")


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        pytest.param({"content": "я" * 100_000}, "content", "at most 99999 characters", id="content-too-long"),
        pytest.param({"appeal_at": "вчера"}, "appeal_at", "not a date and time", id="no-time"),
        pytest.param({"appeal_at": "0001-01-01T00:00"}, "appeal_at", "not a date and time", id="year-one"),
        pytest.param({"appeal_at": "1812-06-24T00:00"}, "appeal_at", "too long ago", id="1812"),
        pytest.param(
            {"applicant_birth_date": "2026-11-21"},
            "applicant_birth_date",
            "must not be in the future",
            id="born-tomorrow",
        ),
        pytest.param({"applicant_person_id": "999999"}, "applicant_person_id", "unknown", id="no-such-person"),
        pytest.param({"applicant_person_id": "x"}, "applicant_person_id", "unknown", id="not-a-person"),
        pytest.param({"channel": "K07"}, "channel", "your role registers oral appeals only", id="op1-and-letters"),
        pytest.param({"topic": ""}, "topic", "required", id="no-topic"),
        pytest.param(
            {"same_person": "", "insured_last_name": "Другой", "kinship": "S99"}, "kinship", "unknown", id="kinship"
        ),
    ],
)
async def test_one_wrong_field(world: World, changes: dict[str, str], field: str, problem: str) -> None:
    with pytest.raises(BadInput) as error:
        await world.save(**changes)
    assert error.value.details == {field: problem}


async def test_doubtful_numbers_are_warned_about_but_saved(world: World) -> None:
    appeal = await world.save(applicant_enp="9900000000000003", applicant_phone="звонить вечером")
    assert set(appeal.warnings) == {"enp-check-digit", "phone-not-recognised"}
    assert (appeal.applicant.enp, appeal.applicant.phone) == ("9900000000000003", "звонить вечером")


async def test_an_anonymous_caller_needs_no_name_and_becomes_nobody(world: World) -> None:
    appeal = await world.save(anonymous="1", applicant_last_name="")
    assert appeal.anonymous
    assert appeal.applicant.person_id is None


async def test_letters_of_level_2(world: World) -> None:
    appeal = await world.save(
        "op201", channel="K07", written_no="12-а", written_date="2026-11-18", to_head_of_region="1"
    )
    assert (appeal.fields["written_no"], appeal.fields["written_date"]) == ("12-а", "2026-11-18")
    assert appeal.due_at == datetime(2026, 12, 10, 20, 59, 59, tzinfo=UTC)  # 20 days, end of the day in Moscow


async def test_fields_of_a_letter_mean_nothing_for_a_call(world: World) -> None:
    appeal = await world.save(written_no="12-а", written_date="2026-11-18", to_head_of_region="1")
    assert (appeal.fields["written_no"], appeal.fields["to_head_of_region"]) == ("", "")
    assert appeal.due_at == world.clock.now() + timedelta(hours=24)


async def test_saving_the_same_card_again_gives_the_same_appeal(world: World) -> None:
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    form = world.form(draft_id=str(draft.id))
    first = await world.journal.appeals.save_card(user, form, "one")
    assert await world.journal.appeals.save_card(user, form, "one") == first
    other_tab = await world.journal.appeals.save_card(user, form, "two")
    assert other_tab.id == first.id


async def test_two_tabs_saving_at_the_same_moment_make_one_appeal(own_world: World) -> None:
    world = own_world
    user = world.people["op101"]
    draft = await world.journal.drafts.create_or_get(user)
    form = world.form(draft_id=str(draft.id))
    async with asyncio.timeout(30):
        saved = await asyncio.gather(
            *(world.journal.appeals.save_card(user, form, key) for key in ("one", "one", "two", "two"))
        )
        again = await asyncio.gather(*(world.journal.appeals.save_card(user, world.form(), "three") for _ in range(4)))
    assert len({appeal.id for appeal in saved}) == 1
    assert {appeal.number for appeal in again} == {"00-20112026-00002"}


async def test_twenty_savings_at_once_with_failures_leave_no_gaps(own_world: World) -> None:
    """Domain 2.6: a number that was rolled back is given out again."""
    world = own_world
    async with world.db.begin() as session:
        # Whatever fails after the number was drawn: here, PostgreSQL itself refuses the row.
        await session.execute(text("ALTER TABLE appeal ADD CONSTRAINT test_refuse CHECK (title <> 'refuse me')"))

    async def save(number: int) -> str:
        return (await world.save(title="refuse me" if number % 3 == 0 else "")).number

    async with asyncio.timeout(60):
        results = await asyncio.gather(*(save(number) for number in range(30)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert all("test_refuse" in str(error) for error in refused)
    numbers = sorted(result for result in results if isinstance(result, str))
    assert len(refused) == 10
    assert len(numbers) == 20
    assert numbers == [f"00-20112026-{seq:05d}" for seq in range(1, 21)]


async def test_every_organisation_counts_for_itself(world: World) -> None:
    numbers = [(await world.save(login)).number for login in ("op101", "sp501", "op102")]
    assert numbers == ["00-20112026-00001", "00001-20112026-00001", "00-20112026-00002"]


async def test_the_day_in_the_number_is_the_organisations_day(world: World) -> None:
    world.clock.advance(timedelta(hours=14, minutes=30))  # 21:30 in UTC, 00:30 of the next day in Moscow
    assert (await world.save()).number == "00-21112026-00001"


async def test_who_may_not_register(world: World) -> None:
    with pytest.raises(Forbidden):
        await world.save("sup301")


@pytest.mark.parametrize("key", ["", "x" * 101])
async def test_a_saving_needs_its_key(world: World, key: str) -> None:
    with pytest.raises(BadInput):
        await world.journal.appeals.save_card(world.people["op101"], world.form(), key)


async def test_a_caller_becomes_known_by_his_number(world: World) -> None:
    first = await world.save(applicant_birth_date="1980-02-29")
    again = await world.save(applicant_birth_date="29.02.1980", applicant_phone="8 000 777-02-02")
    namesake = await world.save(applicant_birth_date="1990-01-01", applicant_phone="8 000 777-03-03")
    assert first.applicant.person_id == again.applicant.person_id != namesake.applicant.person_id
    for number in ("+70007770101", "+70007770202"):
        known = await world.journal.persons.by_phone(number)
        assert [person.id for person in known] == [first.applicant.person_id]
    async with world.db.begin() as session:
        person = await session.get(PersonRow, first.applicant.person_id)
        assert person is not None
        assert person.source == "call"


async def test_the_same_enp_is_the_same_person_even_at_the_same_moment(own_world: World) -> None:
    """DAY-26."""
    world = own_world
    async with asyncio.timeout(30):
        saved = await asyncio.gather(*(world.save(applicant_enp="9912345678901239") for _ in range(5)))
    assert len({appeal.applicant.person_id for appeal in saved}) == 1
    async with world.db.begin() as session:
        phones = select(func.count()).where(PersonPhoneRow.person_id == saved[0].applicant.person_id)
        assert await session.scalar(phones) == 1


async def test_a_name_alone_is_nobody_in_particular(world: World) -> None:
    appeal = await world.save(applicant_phone="")
    assert appeal.applicant.person_id is None


async def test_the_snapshot_outlives_changes_of_the_register(world: World) -> None:
    appeal = await world.save(applicant_birth_date="1980-02-29")
    async with world.db.begin() as session:
        person = await session.get(PersonRow, appeal.applicant.person_id)
        assert person is not None
        person.last_name = "Переменов"
    again = await world.journal.appeals.get(world.people["op101"], appeal.id)
    assert again.applicant.last_name == "Звонков"


async def test_editing_changes_text_keeps_number_and_says_what_changed(world: World) -> None:
    appeal = await world.save()
    world.clock.advance(timedelta(minutes=5))
    form = CardForm.from_fields({**appeal.fields, "content": "Уточнил вопрос", "measures": "Разъяснено"})
    changed = await world.journal.appeals.update(world.people["op101"], appeal.id, form, appeal.version)
    assert (changed.number, changed.content, changed.version) == (appeal.number, "Уточнил вопрос", appeal.version + 1)
    assert changed.due_at == appeal.due_at
    assert changed.appeal_at == appeal.appeal_at
    assert (changed.history[-1].event, changed.history[-1].comment) == ("edit", "content, measures")


async def test_editing_without_a_change_is_no_change(world: World) -> None:
    appeal = await world.save()
    form = CardForm.from_fields(appeal.fields)
    same = await world.journal.appeals.update(world.people["op101"], appeal.id, form, appeal.version)
    assert (same.version, len(same.history)) == (appeal.version, 1)


async def test_another_channel_computes_the_deadline_anew(world: World) -> None:
    """Domain 2.5 c."""
    appeal = await world.save("op201")
    form = CardForm.from_fields({**appeal.fields, "channel": "K07"})
    changed = await world.journal.appeals.update(world.people["op201"], appeal.id, form, appeal.version)
    assert changed.due_at == datetime(2026, 12, 20, 20, 59, 59, tzinfo=UTC)


async def test_a_stale_form_is_refused_with_the_difference(world: World) -> None:
    appeal = await world.save()
    user = world.people["op101"]
    mine = CardForm.from_fields({**appeal.fields, "content": "Мой текст"})
    theirs = CardForm.from_fields({**appeal.fields, "content": "Их текст"})
    await world.journal.appeals.update(user, appeal.id, theirs, appeal.version)
    with pytest.raises(Conflict) as error:
        await world.journal.appeals.update(user, appeal.id, mine, appeal.version)
    assert error.value.details == {"version": 2, "fields": {"content": ["Мой текст", "Их текст"]}}
    assert (await world.journal.appeals.get(user, appeal.id)).content == "Их текст"


async def test_who_may_edit_and_see(world: World) -> None:
    appeal = await world.save()
    colleague = await world.journal.appeals.get(world.people["op102"], appeal.id)
    assert not colleague.editable
    assert colleague.actions == frozenset()
    form = CardForm.from_fields(appeal.fields)
    with pytest.raises(Forbidden):
        await world.journal.appeals.update(world.people["op102"], appeal.id, form, appeal.version)
    with pytest.raises(NotFound):  # the same as for an id that nobody has: it must not tell that there is one
        await world.journal.appeals.get(world.people["sp501"], appeal.id)
    with pytest.raises(NotFound):
        await world.journal.appeals.update(world.people["sp501"], appeal.id, form, appeal.version)
    assert (await world.journal.appeals.get(world.people["admin"], appeal.id)).editable
    with pytest.raises(NotFound):
        await world.journal.appeals.get(world.people["admin"], appeal.id + 1)


async def test_every_view_and_change_is_audited(world: World) -> None:
    appeal = await world.save()
    await world.journal.appeals.get(world.people["op102"], appeal.id)
    async with world.db.begin() as session:
        found = await session.execute(
            select(AuditEventRow.action, AuditEventRow.user_id)
            .where(AuditEventRow.entity == "appeal", AuditEventRow.entity_id == str(appeal.id))
            .order_by(AuditEventRow.id)
        )
        assert [tuple(row) for row in found] == [
            ("change", world.people["op101"].id),
            ("view", world.people["op102"].id),
        ]


async def test_changes_reach_the_bus_after_the_commit_and_once(own_world: World) -> None:
    bus = Bus()
    heard: list[AppealChanged] = []

    async def hear(fact: AppealChanged) -> None:
        heard.append(fact)

    bus.subscribe(AppealChanged, handler=hear, name="test")
    world = await make_world(own_world.db, own_world.clock, bus)
    appeal = await world.save()
    with pytest.raises(BadInput):
        await world.save(topic="")
    async with asyncio.timeout(10):
        await bus.drain()
    assert heard == [
        AppealChanged("appeal.created", appeal.id, appeal.number, (world.people["op101"].id,), world.clock.now())
    ]
    async with world.db.begin() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxRow)) == 0
    assert await world.journal.outbox.relay() == 0
    await bus.close()


async def test_what_a_crash_kept_from_being_published_is_published_later(world: World) -> None:
    """Without a bus nothing is relayed, as after a crash between commit and relay."""
    await world.save()
    bus = Bus()
    heard: list[object] = []

    async def hear(fact: object) -> None:
        heard.append(fact)

    bus.subscribe(AppealChanged, handler=hear, name="test")
    restarted = type(world.journal.outbox)(world.db, bus)
    assert await restarted.relay() == 1
    async with asyncio.timeout(10):
        await bus.drain()
    assert len(heard) == 1
    await bus.close()


async def test_the_row_knows_its_deadline_rule(world: World) -> None:
    appeal = await world.save()
    async with world.db.begin() as session:
        row = await session.get(AppealRecord, appeal.id)
        assert row is not None
        assert (row.due_rule, row.due_base, row.is_open) == ("oral", appeal.appeal_at, True)
