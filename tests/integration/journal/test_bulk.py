"""The administrator's review on the real database: extensions asked, approved, refused, given; many appeals at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hotline.errors import BadInput, Conflict, Forbidden
from hotline.journal.bulk_rules import MOST, BulkAction, BulkForm, BulkResult
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal, Phase
from hotline.journal.notice_model import NoticeKind
from hotline.journal.tables_terms import NotificationRow
from tests.integration.journal.world import World

MOSCOW = ZoneInfo("Europe/Moscow")
LATER = datetime(2027, 1, 10, 23, 59, 59, tzinfo=MOSCOW)


async def letter(world: World, number: str = "1") -> Appeal:
    """A letter that op201 has in work; due on 20 December 2026."""
    return await world.save("op201", channel="K07", written_no=number, written_date="2026-11-19")


async def close(world: World, appeal: Appeal) -> Appeal:
    """op201 closes it: it goes to review."""
    form = MoveForm(
        comment="Ответ дан", result="R02", measures="Разъяснено", written_close_date=world.clock.now().date()
    )
    return await world.journal.appeals.fire(world.people["op201"], appeal.id, "close", appeal.version, form)


async def ask(world: World, appeal: Appeal, due_at: datetime = LATER) -> Appeal:
    form = MoveForm(comment="Ждём ответа больницы", due_at=due_at)
    return await world.journal.appeals.fire(world.people["op201"], appeal.id, "ask_extension", appeal.version, form)


async def extend(world: World, appeal: Appeal, form: BulkForm) -> BulkResult:
    """The administrator gives one appeal more time."""
    bulk = world.journal.deadlines.bulk
    (result,) = await bulk.run(world.people["admin"], BulkAction.EXTEND, [(appeal.id, appeal.version)], form)
    return result


async def told(world: World, login: str) -> list[str]:
    async with world.db.begin() as session:
        statement = select(NotificationRow.kind).where(NotificationRow.user_id == world.people[login].id)
        return list(await session.scalars(statement.order_by(NotificationRow.id)))


async def now(world: World, appeal: Appeal) -> Appeal:
    return await world.journal.appeals.get(world.people["admin"], appeal.id)


async def test_more_time_is_asked_for_and_approved(world: World) -> None:
    """S001-091, T9, T10: the administrator is asked; approved, the date moves and the citizen is to be told."""
    appeal = await ask(world, await letter(world))
    assert (appeal.phase, appeal.due_at) == (Phase.REVIEW, datetime(2026, 12, 20, 23, 59, 59, tzinfo=MOSCOW))
    assert await told(world, "admin") == [NoticeKind.EXTENSION_ASKED]
    admin, review = world.people["admin"], world.journal.deadlines.review
    (row,) = await world.journal.deadlines.bulk.preview(admin, BulkAction.APPROVE, [appeal.id])
    assert (row.planned.trigger, row.new_due) == ("approve_extension", LATER)
    (done,) = await world.journal.deadlines.bulk.run(
        admin, BulkAction.APPROVE, [(appeal.id, appeal.version)], BulkForm()
    )
    assert (done.done, done.error_id) == ("approve_extension", "")
    after = await now(world, appeal)
    assert (after.phase, after.due_at) == (Phase.ACTIVE, LATER)
    assert (await told(world, "op201"))[-1] == NoticeKind.EXTENSION_APPROVED
    (request,) = await review.extensions(world.people["op201"], appeal.id)
    assert (request.decision, request.citizen_to_tell) == ("approved", True)
    assert await review.citizen_told(world.people["op201"], appeal.id) == 1
    (request,) = await review.extensions(world.people["op201"], appeal.id)
    assert not request.citizen_to_tell


async def test_a_refused_request_comes_back_with_a_remark(world: World) -> None:
    """T10: the deadline stays."""
    appeal = await ask(world, await letter(world))
    (done,) = await world.journal.deadlines.bulk.run(
        world.people["admin"], BulkAction.RETURN, [(appeal.id, appeal.version)], BulkForm("Оснований нет")
    )
    assert done.done == "refuse_extension"
    after = await now(world, appeal)
    assert (after.phase, after.due_at) == (Phase.ACTIVE, appeal.due_at)
    (request,) = await world.journal.deadlines.review.extensions(world.people["op201"], appeal.id)
    assert (request.decision, request.remark) == ("refused", "Оснований нет")
    assert (await told(world, "op201"))[-1] == NoticeKind.EXTENSION_REFUSED


async def test_only_the_administrator_extends_a_second_time(world: World) -> None:
    """Domain 2.5 e."""
    appeal = await letter(world)
    assert (await extend(world, appeal, BulkForm("Запрошены документы"))).done == "extend"
    once = await now(world, appeal)
    assert once.due_at == datetime(2027, 1, 19, 23, 59, 59, tzinfo=MOSCOW)  # 20 December and 30 days
    with pytest.raises(Conflict) as refused:
        await ask(world, once, once.due_at + timedelta(days=5))
    assert refused.value.error_id == "extended-before"
    assert (await extend(world, once, BulkForm("Ещё раз", due_at=once.due_at + timedelta(days=1)))).done == "extend"
    twice = await now(world, appeal)
    assert twice.due_at == datetime(2027, 1, 20, 23, 59, 59, tzinfo=MOSCOW)
    assert [event.event for event in twice.history][-2:] == ["extend", "extend"]
    found = await world.journal.deadlines.review.extensions(world.people["admin"], appeal.id)
    assert [(one.old_due, one.new_due, one.decision) for one in found] == [
        (once.due_at, twice.due_at, "approved"),
        (appeal.due_at, once.due_at, "approved"),
    ]
    assert await told(world, "op201") == [NoticeKind.EXTENSION_APPROVED] * 2


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (BulkForm("", LATER), {"comment"}),
        (BulkForm("Причина", datetime(2026, 12, 1, tzinfo=MOSCOW)), {"due_at"}),
        (BulkForm(" ", datetime(2026, 12, 20, 23, 59, 59, tzinfo=MOSCOW)), {"comment", "due_at"}),
    ],
)
async def test_an_extension_needs_a_later_date_and_a_reason(world: World, form: BulkForm, wrong: set[str]) -> None:
    appeal = await letter(world)
    result = await extend(world, appeal, form)
    assert (result.done, set(result.details or {})) == ("", wrong)


async def test_a_manual_date_is_never_computed_anew(world: World) -> None:
    """Domain 2.5 c: the administrator's date survives another flag; a computed one moves, and the history says so."""
    appeals = world.journal.appeals
    given, computed = await letter(world, "1"), await letter(world, "2")
    await extend(world, given, BulkForm("Причина", LATER))
    for appeal in (await now(world, given), await now(world, computed)):
        form = world.form(**{**appeal.fields, "to_head_of_region": "1"})
        await appeals.update(world.people["op201"], appeal.id, form, appeal.version)
    assert (await now(world, given)).due_at == LATER
    after = await now(world, computed)
    assert after.due_at == datetime(2026, 12, 10, 23, 59, 59, tzinfo=MOSCOW)
    assert "deadline" in [event.event for event in after.history]


async def test_many_at_once_each_for_itself(world: World) -> None:
    """S000-78, DAY-38: what can be done is done, what cannot is said row by row; sent again nothing happens twice."""
    bulk, admin = world.journal.deadlines.bulk, world.people["admin"]
    first, second, active = [await letter(world, str(number)) for number in range(3)]
    first, second = await close(world, first), await close(world, second)
    preview = await bulk.preview(admin, BulkAction.RETURN, [first.id, second.id, active.id, 999_999])
    assert [(row.id, row.planned.trigger, row.planned.problem) for row in preview] == [
        (first.id, "return", ""),
        (second.id, "return", ""),
        (active.id, "", "phase"),
    ]
    rows = [(first.id, first.version), (second.id, second.version - 1), (active.id, active.version), (999_999, 1)]
    for _ in range(2):  # the second time as after a lost answer
        results = await bulk.run(admin, BulkAction.RETURN, rows, BulkForm("Нет подписи"))
        assert [(one.done, one.error_id) for one in results] == [
            ("return", ""),
            ("", "stale-appeal"),
            ("", "illegal-move"),
            ("", "no-such-appeal"),
        ]
    back = await now(world, first)
    assert (back.phase, back.owner.code) == (Phase.REWORK, str(world.people["op201"].id))
    assert [event.event for event in back.history].count("return") == 1
    assert (await told(world, "op201"))[-1] == NoticeKind.RETURNED
    (line,) = await world.journal.deadlines.review.returns(admin, 30)
    assert (line.user_id, line.closed, line.returned) == (world.people["op201"].id, 2, 1)


async def test_deleted_ones_are_restored_where_they_were(world: World) -> None:
    """S000-77: delete and its undo."""
    bulk, admin = world.journal.deadlines.bulk, world.people["admin"]
    appeals = [await close(world, await letter(world, "1")), await letter(world, "2")]
    rows = [(one.id, one.version) for one in appeals]
    gone = await bulk.run(admin, BulkAction.DELETE, rows, BulkForm("Ошибка ввода"))
    assert all(one.done == "delete" for one in gone)
    back = await bulk.run(admin, BulkAction.RESTORE, [(one.id, one.version) for one in gone], BulkForm())
    assert all(one.done == "restore" for one in back)
    assert [(await now(world, one)).phase for one in appeals] == [Phase.REVIEW, Phase.ACTIVE]


async def test_a_colleague_gets_them_with_a_reason(world: World) -> None:
    bulk, admin = world.journal.deadlines.bulk, world.people["admin"]
    appeal = await letter(world)
    rows = [(appeal.id, appeal.version)]
    (bare,) = await bulk.run(admin, BulkAction.REASSIGN, rows, BulkForm("Отпуск"))
    assert (bare.error_id, bare.details) == ("move-incomplete", {"to": "required"})
    target = world.people["op101"].id
    (done,) = await bulk.run(admin, BulkAction.REASSIGN, rows, BulkForm("Отпуск", to_user_id=target))
    assert done.done == "reassign"
    assert await told(world, "op101") == [NoticeKind.FORWARDED]


@pytest.mark.parametrize("count", [0, MOST + 1])
async def test_how_many(world: World, count: int) -> None:
    with pytest.raises(BadInput):
        await world.journal.deadlines.bulk.preview(world.people["admin"], BulkAction.DELETE, list(range(count)))


async def test_operators_do_none_of_it(world: World) -> None:
    appeal = await letter(world)
    bulk = world.journal.deadlines.bulk
    with pytest.raises(Forbidden):
        await bulk.preview(world.people["op201"], BulkAction.DELETE, [appeal.id])
    with pytest.raises(Forbidden):
        await world.journal.deadlines.review.returns(world.people["op201"], 30)
