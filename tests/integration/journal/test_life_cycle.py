"""Every transition of profile oms through the door of the database, allowed and refused; what effects leave behind."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Conflict, Forbidden, HotlineError
from hotline.journal import moves, process_store
from hotline.journal.complaint import Justified
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal, Phase
from hotline.journal.process import build
from hotline.journal.process_model import HAND_OVER, SAVE, Process
from hotline.journal.tables import AppealRecord, StatusEventRow
from hotline.journal.tables_lifecycle import CallbackTaskRow, RemarkRow
from hotline.journal.tables_person import PersonRow
from hotline.journal.workflow import IllegalMoveError, choose
from hotline.profiles.loader import read_profile
from hotline.staff.tables import OrganisationRow, UserRow
from tests.integration.journal.world import World

OMS: Process = build(read_profile("oms"))
TRIGGERS = sorted({one.trigger for one in OMS.transitions} - {SAVE, HAND_OVER})


@pytest.mark.parametrize("status", list(OMS.statuses))
async def test_every_transition_through_the_door(world: World, status: str) -> None:
    """Each status × trigger × person: the door allows exactly what the profile allows, and writes its history."""
    saved = await world.save("op101", type="1", topic="1.01", measures="Сделано")
    names = {"op101": "creator", "op201": "owner", "op202": "target", "admin": "admin", "sp502": "stranger"}
    made = 0
    for trigger, login in itertools.product(TRIGGERS, names):
        async with world.db.begin() as session:
            nested = await session.begin_nested()
            wanted, came = await attempt(session, world, saved.id, (status, trigger, login))
            await nested.rollback()
            session.expunge_all()
        refused = {"illegal-move", "not-yours-to-move", "no-right-to-move", "not-for-such-appeals"}
        allowed = {wanted, "no-extension-request", "forwarding-forbidden"} if wanted else refused
        assert came in allowed, (status, trigger, login, wanted, came)
        made += came == wanted
    assert made > 0


async def attempt(session: AsyncSession, world: World, appeal_id: int, case: tuple[str, str, str]) -> tuple[str, str]:
    """Try a move; return the transition that the profile has for it, and what the door made or said."""
    status, trigger, login = case
    user = world.people[login]
    row = await session.get_one(AppealRecord, appeal_id, populate_existing=True)
    row.status_code, row.phase = status, OMS.statuses[status].phase.value
    row.owner_id, row.closed_by_id = world.people["op201"].id, world.people["op201"].id
    row.forwarded_to_id = world.people["op202"].id if row.phase == Phase.INCOMING else None
    row.deleted_from = "in_work"
    await session.flush()
    before, facts = row.version, await process_store.facts_of(session, row)
    try:
        wanted = choose(OMS, facts, trigger, process_store.actor(row, user)).code
    except IllegalMoveError:
        wanted = ""
    try:
        made = await moves.move(session, row, trigger, complete(world, login, trigger, row))
    except HotlineError as error:
        return wanted, error.error_id
    return wanted, made.code if row.version == before + 1 else "version"


def complete(world: World, login: str, trigger: str, row: AppealRecord) -> moves.Step:
    """A step that gives everything that any transition asks for."""
    target = {"forward": "op201", "defer": "op202", "reassign": "op102"}.get(trigger)
    form = MoveForm(
        result="R03",
        measures="Сделано",
        due_at=row.due_at + timedelta(days=3),
        written_close_date=date(2026, 11, 20),
        justified=Justified.YES,
    )
    user = world.people[login]
    return moves.Step(user, world.clock.now(), "потому что", world.people[target] if target else None, None, form)


async def complaint(world: World, login: str = "op201", **changes: str) -> Appeal:
    return await world.save(login, type="1", topic="1.01", **changes)


CLOSE = MoveForm(result="R03", measures="Сделано", justified="yes")


async def test_closing_returning_and_closing_finally(world: World) -> None:
    """T8, T11, T12: S000-66…S000-70, S000-75, S001-088, S001-089."""
    appeals, vera, admin = world.journal.appeals, world.people["op201"], world.people["admin"]
    appeal = await complaint(world)
    closed = await appeals.fire(vera, appeal.id, "close", appeal.version, CLOSE)
    first_closing = world.clock.now()
    assert (closed.status.title, closed.life.close_date, closed.life.closed_by) == (
        "На рассмотрении",
        first_closing,
        "Старшова В. С.",
    )
    assert (closed.life.result, closed.fields["measures"]) == ("Меры приняты, права восстановлены", "Сделано")
    world.clock.advance(timedelta(hours=1))
    back = await appeals.fire(admin, appeal.id, "return", closed.version, MoveForm(comment="Не отвечено"))
    assert (back.phase, back.owner.title, back.life.close_date) == (Phase.REWORK, "Старшова В. С.", None)
    assert [(one.text, one.by, one.resolved_at) for one in back.life.remarks] == [
        ("Не отвечено", admin.short_name, None)
    ]
    assert back.due_at == appeal.due_at  # domain 2.5 g
    async with world.db.begin() as session:  # the closing date that was cleared stays in the history
        kept = await session.scalar(
            select(func.max(StatusEventRow.close_date)).where(StatusEventRow.appeal_id == appeal.id)
        )
    assert kept == first_closing
    again = await appeals.fire(vera, appeal.id, "close", back.version, CLOSE)
    assert again.life.remarks[0].resolved_at == world.clock.now()
    final = await appeals.fire(admin, appeal.id, "final_close", again.version)
    assert (final.phase, final.life.final_closed_at) == (Phase.CLOSED, world.clock.now())
    reopened = await appeals.fire(admin, appeal.id, "reopen", final.version, MoveForm(comment="Жалоба в прокуратуру"))
    assert (reopened.phase, reopened.owner.title, reopened.life.final_closed_at) == (
        Phase.REWORK,
        "Старшова В. С.",
        None,
    )


async def test_what_was_returned_goes_to_a_colleague_when_nobody_is_there(world: World) -> None:
    """T11: or his deputy if inactive: of the same level and organisation, with least to do."""
    appeals = world.journal.appeals
    appeal = await complaint(world)
    closed = await appeals.fire(world.people["op201"], appeal.id, "close", appeal.version, CLOSE)
    async with world.db.begin() as session:
        await session.execute(update(UserRow).where(UserRow.login == "op201").values(active=False))
    back = await appeals.fire(world.people["admin"], appeal.id, "return", closed.version, MoveForm(comment="Ещё"))
    assert back.owner.title == "Старшов Г. А."


async def test_a_deferred_answer_goes_to_a_colleague_with_a_task_to_call(world: World) -> None:
    """T6, T7, S001-090, S001-092, Q14: fired by the result."""
    appeals, vera, gleb = world.journal.appeals, world.people["op201"], world.people["op202"]
    appeal = await complaint(world)
    with pytest.raises(BadInput) as missing:
        await appeals.fire(vera, appeal.id, "close", appeal.version, MoveForm(result="R06"))
    assert set(missing.value.details) == {"to"}
    form = MoveForm(result="R06", to_user_id=gleb.id, comment="Уточнить номер полиса")
    deferred = await appeals.fire(vera, appeal.id, "close", appeal.version, form)
    assert (deferred.status.title, deferred.owner.title) == ("Отсроченный ответ", "Старшов Г. А.")
    assert deferred.life.callback_since == world.clock.now()
    with pytest.raises(BadInput):
        await appeals.fire(gleb, appeal.id, "contacted", deferred.version)
    done = await appeals.fire(gleb, appeal.id, "contacted", deferred.version, MoveForm(comment="Дозвонился"))
    assert (done.status.title, done.life.callback_since) == ("В работе", None)
    async with world.db.begin() as session:
        tasks = (await session.scalars(select(CallbackTaskRow))).all()
    assert [(task.user_id, task.note, task.done_by_id) for task in tasks] == [
        (gleb.id, "Уточнить номер полиса", gleb.id)
    ]


async def test_deleting_hides_and_restoring_brings_back(world: World) -> None:
    """T13, Q11, S000-10, S000-77; the number is never used again."""
    appeals, admin = world.journal.appeals, world.people["admin"]
    appeal = await complaint(world)
    gone = await appeals.fire(admin, appeal.id, "delete", appeal.version, MoveForm(comment="Повтор"))
    assert (gone.phase, gone.life.deleted_reason, gone.editable) == (Phase.DELETED, "Повтор", False)
    mine = await world.journal.queries.appeals(world.people["op201"], "deleted")
    assert [row.id for row in mine.rows] == [appeal.id]
    other = await complaint(world)
    assert other.number > appeal.number
    back = await appeals.fire(admin, appeal.id, "restore", gone.version)
    assert (back.phase, back.owner.title, back.life.deleted_reason) == (Phase.ACTIVE, "Старшова В. С.", "")


async def test_extension_asked_approved_and_given(world: World) -> None:
    """T9, T10, S000-76, S001-091."""
    appeals, vera, admin = world.journal.appeals, world.people["op201"], world.people["admin"]
    appeal = await complaint(world, channel="K07", written_date="2026-11-19")
    assert appeal.due_at is not None
    later = appeal.due_at + timedelta(days=10)
    asked = MoveForm(result="R07", due_at=later, comment="Ждём ответ клиники")
    waiting = await appeals.fire(vera, appeal.id, "close", appeal.version, asked)
    assert (waiting.phase, waiting.life.asked_due, waiting.due_at) == (Phase.REVIEW, later, appeal.due_at)
    assert {"approve_extension", "refuse_extension"} <= (await appeals.get(admin, appeal.id)).actions
    approved = await appeals.fire(admin, appeal.id, "approve_extension", waiting.version)
    assert (approved.phase, approved.due_at, approved.life.asked_due) == (Phase.ACTIVE, later, None)
    form = MoveForm(due_at=later + timedelta(days=100), comment="Суд")
    given = await appeals.fire(admin, appeal.id, "extend", approved.version, form)
    assert (given.phase, given.due_at) == (Phase.ACTIVE, later + timedelta(days=100))


async def test_a_duplicate_names_the_appeal_that_it_repeats(world: World) -> None:
    """R14 needs a link; it becomes one."""
    appeals, vera = world.journal.appeals, world.people["op201"]
    first, second = await complaint(world), await complaint(world)
    form = MoveForm(result="R14", measures="Повтор", justified="n/a", link=first.number)
    closed = await appeals.fire(vera, second.id, "close", second.version, form)
    assert closed.life.result == "Дубликат"


async def test_an_appeal_goes_to_the_citizens_own_insurer(world: World) -> None:
    """S000-51…S000-53: nobody was chosen, his insurer is on record; without one it must be chosen."""
    appeals, anna = world.journal.appeals, world.people["op101"]
    async with world.db.begin() as session:
        insured = await session.scalar(select(PersonRow.id).where(PersonRow.insurer_id.is_not(None)).limit(1))
        nobody = await session.scalar(select(PersonRow.id).where(PersonRow.insurer_id.is_(None)).limit(1))
        insurer = await session.scalar(select(OrganisationRow.id).where(OrganisationRow.kind == "smo"))
    appeal = await world.save(applicant_person_id=str(insured))
    sent = await appeals.fire(anna, appeal.id, "forward", appeal.version, MoveForm(to_role="sp2"))
    assert (sent.life.group_role, sent.life.group_organisation) == ("sp2", "Пример-Мед")
    assert sent.organisation == "ТФОМС"  # until somebody there accepts
    taken = await appeals.fire(world.people["sp502"], appeal.id, "accept", sent.version)
    assert (taken.organisation, taken.owner.title) == ("Пример-Мед", "Полисов З. Л.")
    other = await world.save(applicant_person_id=str(nobody))
    with pytest.raises(BadInput) as unknown:
        await appeals.fire(anna, other.id, "forward", other.version, MoveForm(to_role="sp2"))
    assert unknown.value.details == {"to": "required"}
    chosen = MoveForm(to_role="sp2", to_org_id=insurer)  # S000-54: outsourcing, any insurer
    assert (
        await appeals.fire(anna, other.id, "forward", other.version, chosen)
    ).life.group_organisation == "Пример-Мед"


async def test_a_group_obeys_the_matrix(world: World) -> None:
    """S000-46: OP1 forwards to OP2, SP1 and SP2 only; of a group the first who accepts has the appeal."""
    appeals, anna = world.journal.appeals, world.people["op101"]
    appeal = await world.save()
    fund = anna.organisation.id
    for role in ("op1", "supervisor", "admin"):
        with pytest.raises(Forbidden):
            await appeals.fire(anna, appeal.id, "forward", appeal.version, MoveForm(to_role=role, to_org_id=fund))
    sent = await appeals.fire(anna, appeal.id, "forward", appeal.version, MoveForm(to_role="op2", to_org_id=fund))
    incoming = await world.journal.queries.appeals(world.people["op202"], "incoming")
    assert [row.id for row in incoming.rows] == [appeal.id]
    with pytest.raises(Forbidden):
        await appeals.fire(world.people["op102"], appeal.id, "accept", sent.version)
    taken = await appeals.fire(world.people["op202"], appeal.id, "accept", sent.version)
    assert taken.owner.title == "Старшов Г. А."
    with pytest.raises(Conflict) as late:
        await appeals.fire(world.people["op201"], appeal.id, "accept", sent.version)
    assert late.value.error_id == "stale-appeal"


async def test_remarks_are_kept_with_who_and_when(world: World) -> None:
    """S000-74: every return leaves a remark of its own."""
    appeals, vera, admin = world.journal.appeals, world.people["op201"], world.people["admin"]
    appeal = await complaint(world)
    for words in ("Первое", "Второе"):
        appeal = await appeals.fire(vera, appeal.id, "close", appeal.version, CLOSE)
        appeal = await appeals.fire(admin, appeal.id, "return", appeal.version, MoveForm(comment=words))
    async with world.db.begin() as session:
        texts = list(await session.scalars(select(RemarkRow.text).order_by(RemarkRow.id)))
    assert texts == ["Первое", "Второе"]
