"""Folders, pages, counts and colours (S000-02…S000-11), each page in one statement."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import text, update

from hotline.errors import BadInput, Forbidden
from hotline.journal.listing import Filters, Order, Sort
from hotline.journal.model import AppealRow, Colour, Page, Phase
from hotline.journal.queries import colour
from hotline.journal.tables import AppealRecord
from tests.integration.journal.world import World, generic_plan, statements


async def ids(world: World, login: str, folder: str, q: str = "") -> list[int]:
    page = await world.journal.queries.appeals(world.people[login], folder, q=q)
    return [row.id for row in page.rows]


async def counts(world: World, login: str) -> dict[str, int]:
    return {entry.folder: entry.count for entry in await world.journal.queries.folders(world.people[login])}


async def test_op1_has_no_incoming_folder_and_the_others_have_the_same_ones(world: World) -> None:
    """S000-03, S000-04."""
    sets = {login: set(await counts(world, login)) for login in ("op101", "op201", "sp501", "sp502", "admin")}
    assert "incoming" not in sets["op101"]
    assert sets["op201"] == sets["sp501"] == sets["sp502"] == sets["admin"] == sets["op101"] | {"incoming"}
    with pytest.raises(Forbidden):
        await world.journal.queries.appeals(world.people["op101"], "incoming")


async def test_where_an_appeal_stands_while_it_is_forwarded(world: World) -> None:
    appeal = await world.save()
    people = world.people
    assert await ids(world, "op101", "in_work") == [appeal.id]
    sent = await world.journal.appeals.forward(people["op101"], appeal.id, people["op201"].id, appeal.version)
    assert await ids(world, "op101", "in_work") == []
    assert await ids(world, "op101", "mine") == [appeal.id]
    assert await ids(world, "op201", "incoming") == [appeal.id]
    assert await ids(world, "op202", "incoming") == []
    await world.journal.appeals.accept(people["op201"], appeal.id, sent.version)
    assert await ids(world, "op201", "incoming") == []
    assert await ids(world, "op201", "in_work") == [appeal.id]
    assert await ids(world, "op101", "mine") == [appeal.id]
    assert (await counts(world, "op201"))["in_work"] == 1


async def test_whose_appeals_one_sees(world: World) -> None:
    fund, insurer = await world.save("op101"), await world.save("sp501")
    assert await ids(world, "op102", "all") == [fund.id]
    assert await ids(world, "sp502", "all") == [insurer.id]
    assert await ids(world, "op102", "mine") == []
    for folder in ("all", "mine", "in_work"):  # S000-73
        assert sorted(await ids(world, "admin", folder)) == sorted([fund.id, insurer.id])


async def test_overdue_is_red_and_in_its_folder(world: World) -> None:
    appeal = await world.save()
    assert await ids(world, "op101", "overdue") == []
    world.clock.advance(timedelta(hours=24, seconds=1))
    page = await world.journal.queries.appeals(world.people["op101"], "overdue")
    assert [(row.id, row.colour) for row in page.rows] == [(appeal.id, Colour.RED)]
    assert (await counts(world, "op101"))["overdue"] == 1


@pytest.mark.parametrize(
    ("phase", "late", "expected"),
    [
        pytest.param(Phase.ACTIVE, False, Colour.GREEN, id="current"),
        pytest.param(Phase.ACTIVE, True, Colour.RED, id="late"),
        pytest.param(Phase.INCOMING, True, Colour.RED, id="late-incoming"),
        pytest.param(Phase.REVIEW, True, Colour.BLACK, id="closed-by-the-operator"),
        pytest.param(Phase.CLOSED, True, Colour.BLACK, id="closed"),
    ],
)
async def test_colours(world: World, phase: Phase, late: bool, expected: Colour) -> None:
    """S000-06."""
    now = world.clock.now()
    assert colour(phase, now - timedelta(seconds=1) if late else now, now) is expected


async def walk(world: World, login: str, folder: str, limit: int) -> list[Page[AppealRow]]:
    pages = [await world.journal.queries.appeals(world.people[login], folder, limit=limit)]
    while (cursor := pages[-1].after) is not None:
        assert len(pages) < 20
        pages.append(await world.journal.queries.appeals(world.people[login], folder, after=cursor, limit=limit))
    return pages


@pytest.mark.parametrize("folder", ["all", "mine", "in_work"])
async def test_pages_hold_everything_once(world: World, folder: str) -> None:
    saved = [await world.save(appeal_at=f"2026-11-19T1{number % 3}:00") for number in range(7)]
    pages = await walk(world, "op101", folder, 3)
    assert [len(page.rows) for page in pages] == [3, 3, 1]
    rows = [row for page in pages for row in page.rows]
    if folder == "in_work":
        expected = [appeal.id for appeal in sorted(saved, key=lambda appeal: (appeal.appeal_at, appeal.id))]
    else:
        expected = [appeal.id for appeal in reversed(saved)]
    assert [row.id for row in rows] == expected


async def test_a_full_last_page_has_no_next_one(world: World) -> None:
    for _ in range(2):
        await world.save()
    page = await world.journal.queries.appeals(world.people["op101"], "all", limit=2)
    assert (len(page.rows), page.after) == (2, None)


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "-1", "9" * 40, "٣"])
@pytest.mark.parametrize("folder", ["all", "in_work"])
async def test_foreign_cursors_are_refused(world: World, folder: str, cursor: str) -> None:
    with pytest.raises(BadInput):
        await world.journal.queries.appeals(world.people["op101"], folder, after=cursor)


async def test_search_by_number_and_by_applicant(world: World) -> None:
    first = await world.save()
    second = await world.save(applicant_last_name="Ёлкин-Пальмов")
    assert await ids(world, "op101", "all", first.number) == [first.id]
    assert await ids(world, "op101", "all", "00-2011") == [second.id, first.id]
    assert await ids(world, "op101", "all", "елкин пал") == [second.id]
    assert await ids(world, "op101", "all", "никто") == []


async def test_a_row_shows_titles(world: World) -> None:
    appeal = await world.save()
    row = (await world.journal.queries.appeals(world.people["op101"], "all")).rows[0]
    assert (row.number, row.status, row.type, row.channel, row.applicant, row.owner) == (
        appeal.number,
        "В работе",
        "Консультация",
        "По телефону «горячей линии»",
        "Звонков Пётр",
        "Первая А. И.",
    )


@pytest.mark.parametrize("login", ["op101", "sp502", "admin"])
@pytest.mark.parametrize("folder", ["all", "mine", "in_work", "overdue", "review"])
async def test_a_page_costs_one_statement(world: World, login: str, folder: str) -> None:
    for _ in range(3):
        await world.save("op101" if login == "admin" else login)
    await world.journal.queries.appeals(world.people[login], "mine")  # folders and titles are remembered for a while
    async with statements() as sent:
        await world.journal.queries.appeals(world.people[login], folder)
    assert len(sent) == 1


async def test_counts_cost_one_statement(world: World) -> None:
    await world.journal.queries.folder(world.people["op201"])  # the profile's folders are read once a minute
    async with statements() as sent:
        await world.journal.queries.folders(world.people["op201"])
    assert len(sent) == 1


async def test_counts_stop_at_a_hundred(world: World) -> None:
    appeal = await world.save()
    await _copies(world, appeal.id, 105)
    found = {entry.folder: entry for entry in await world.journal.queries.folders(world.people["op101"])}
    assert (found["in_work"].count, found["in_work"].more, found["in_work"].shown) == (99, True, "99+")
    assert (found["mine"].count, found["mine"].more) == (1, False)


async def _copies(world: World, appeal_id: int, many: int) -> None:
    columns = [
        column.name
        for column in AppealRecord.__table__.columns
        if column.computed is None and column.name not in {"id", "number", "idempotency_key", "draft_id"}
    ]
    names = ", ".join(columns)
    insert = text(
        f"INSERT INTO appeal (number, idempotency_key, {names}) "
        f"SELECT number || '-' || n, id || 'k' || n, {names} FROM appeal, generate_series(1, :many) n WHERE id = :id"
    )
    async with world.db.begin() as session:
        await session.execute(insert, {"id": appeal_id, "many": many})


@pytest.mark.parametrize(
    ("login", "folder", "index"),
    [
        ("op101", "in_work", "ix_appeal_open_owner"),
        ("op101", "overdue", "ix_appeal_open_owner"),
        ("op102", "all", "ix_appeal_open_org_id"),
        ("op201", "incoming", "ix_appeal_incoming"),
        ("admin", "overdue", "ix_appeal_open_due"),
    ],
)
async def test_lists_use_their_partial_indexes(world: World, login: str, folder: str, index: str) -> None:
    """The conditions as sent must prove the indexes' predicates, also under a generic plan (performance notes)."""
    await world.journal.queries.appeals(world.people[login], "mine")  # folders and titles are remembered for a while
    async with statements() as sent:
        await world.journal.queries.appeals(world.people[login], folder)
    plan = await generic_plan(world, sent[0], "enable_seqscan = off", "enable_sort = off")
    assert index in plan, plan


WORK = "ix_appeal_worker_user_id_appeal_id"


async def test_the_count_of_appeals_worked_with_reads_no_appeal(world: World) -> None:
    """S000-05: the count of «Обращения» is made in the index of who worked with what, which knows the deleted ones."""
    await world.journal.queries.folder(world.people["op101"])
    async with statements() as sent:
        await world.journal.queries.folders(world.people["op101"])
    plan = await generic_plan(world, sent[0], "enable_seqscan = off", "enable_sort = off", "enable_bitmapscan = off")
    # One statement counts all folders. Of them only «Обращения» leaves the deleted ones out.
    counts = [part for part in re.split(r"InitPlan \d+", plan) if "IS DISTINCT FROM 'deleted'" in part]
    assert len(counts) == 1, plan
    assert _scans(counts[0]) == [("Index Only Scan", WORK)], plan


@pytest.mark.parametrize("by", Sort)
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(type="2", topic="2.01", channel="K01", status="in_work"),
        Filters(received_from=date(2026, 11, 1), received_to=date(2026, 11, 30), owner=1, organisation=1, calls=False),
    ],
    ids=["all", "narrowed", "of-a-period"],
)
async def test_what_one_has_worked_with_is_sorted_without_being_read(world: World, by: Sort, filters: Filters) -> None:
    """S000-05, DAY-25: years of work in any order, narrowed by anything: appeals are read by the ids of the page."""
    await world.journal.queries.appeals(world.people["op101"], "mine")  # folders and titles are remembered for a while
    async with statements() as sent:
        await world.journal.queries.appeals(world.people["op101"], "mine", order=Order(by), filters=filters)
    plan = await generic_plan(world, sent[0], "enable_seqscan = off", "enable_bitmapscan = off")
    of_appeals = [scan for scan in _scans(plan) if "appeal" in scan[1] and "call" not in scan[1]]
    assert sorted(of_appeals) == [("Index Only Scan", WORK), ("Index Scan", "pk_appeal")], plan
    assert "Presorted Key: (row_number" not in plan, "it may look through all of the list once for each employee"


@pytest.mark.parametrize("by", [Sort.RECEIVED, Sort.APPLICANT, Sort.TOPIC, Sort.STATUS])
async def test_open_ones_of_an_employee_are_sorted_without_being_read(world: World, by: Sort) -> None:
    """S000-09: «В работе» in an order that no index has."""
    for login in ("op101", "op102", "op201", "op202", "sp501", "sp502"):
        await _copies(world, (await world.save(login)).id, 300)
    async with world.db.begin() as session:
        await session.execute(text("ANALYZE appeal"))
        # As VACUUM leaves it, which runs in no transaction.
        await session.execute(text("UPDATE pg_class SET relallvisible = relpages WHERE oid = 'appeal'::regclass"))
    await world.journal.queries.appeals(world.people["op101"], "in_work")
    async with statements() as sent:
        await world.journal.queries.appeals(world.people["op101"], "in_work", order=Order(by))
    plan = await generic_plan(world, sent[0], "enable_seqscan = off", "enable_bitmapscan = off")
    assert ("Index Only Scan", "ix_appeal_open_owner_id") in _scans(plan), plan


def _scans(plan: str) -> list[tuple[str, str]]:
    return re.findall(r"(\w[\w ]* Scan)(?: Backward)?(?: using (\w+))? on", plan)


async def test_lists_of_calls(world: World) -> None:
    """Operators see their own calls, supervisors the centre's (domain 2.8, S002-01)."""
    calls = [world.call("101"), world.call("102"), world.call("501")]
    for call in calls:
        await world.journal.calls.record(call)
        world.clock.advance(timedelta(minutes=1))
    keys = [call.key for call in calls]

    async def seen(login: str) -> list[str]:
        return [row.key for row in (await world.journal.queries.calls(world.people[login])).rows]

    assert await seen("op101") == [keys[0]]
    assert await seen("sp501") == [keys[2]]
    assert await seen("op201") == []
    assert await seen("sup301") == keys[::-1]
    first = await world.journal.queries.calls(world.people["admin"], limit=2)
    rest = await world.journal.queries.calls(world.people["admin"], limit=2, after=first.after)
    assert [row.key for row in (*first.rows, *rest.rows)] == keys[::-1]
    assert rest.after is None
    row = first.rows[1]
    assert (row.operator, row.wait_s, row.talk_s, row.outcome) == ("Вторая Б. П.", 5, 50, "answered")
    async with statements() as sent:
        await world.journal.queries.calls(world.people["op101"])
    assert len(sent) == 1


async def test_deleted_appeals_leave_the_lists(world: World) -> None:
    appeal = await world.save()
    async with world.db.begin() as session:
        await session.execute(
            update(AppealRecord)
            .where(AppealRecord.id == appeal.id)
            .values(phase=Phase.DELETED.value, status_code="deleted")
        )
    assert await ids(world, "op101", "all") == []
    assert await ids(world, "op101", "mine") == []
    assert await ids(world, "op101", "deleted") == [appeal.id]
