"""Call rows: once, complete, in any order, with the people who had the extensions then (S002-01)."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from hotline.cti.model import Call, Direction, EndSource, Leg, LegRole, Phase, Span
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.staff.tables import UserRow
from tests.integration.journal.world import World, at, end


async def stored(world: World, call: Call) -> tuple[CallRecord, list[CallLegRow]]:
    async with world.db.begin() as session:
        row = (await session.scalars(select(CallRecord).where(CallRecord.key == call.key))).one()
        legs = await session.scalars(
            select(CallLegRow).where(CallLegRow.call_id == row.id).order_by(CallLegRow.uniqueid)
        )
        return row, list(legs)


async def test_a_call_is_recorded_once_and_completely(world: World) -> None:
    call = world.call()
    for _ in range(2):
        await world.journal.calls.record(call)
    row, legs = await stored(world, call)
    assert (row.wait_s, row.talk_s, row.hold_s) == (5, 50, 0)
    assert (row.outcome, row.ended_by, row.end_source, row.recorded) == ("answered", "caller", "ami", True)
    assert row.from_e164 == "+70005550000"
    assert row.operator_id == world.people["op101"].id
    assert [leg.user_id for leg in legs] == [None, world.people["op101"].id]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_reports_in_any_order_give_the_same_row(world: World, order: tuple[int, ...]) -> None:
    talking = world.call(ended=False)
    held = replace(talking, phase=Phase.HELD, holds=(Span(at(talking.started_at, 20)),))
    finished = end(replace(held, holds=(Span(at(talking.started_at, 20), at(talking.started_at, 35)),)), 60)
    reports = [talking, held, finished]
    for place in order:
        await world.journal.calls.record(reports[place])
    row, legs = await stored(world, talking)
    assert (row.phase, row.hold_s, row.talk_s, len(legs)) == ("ended", 15, 50, 2)
    assert all(leg.ended_at == finished.ended_at for leg in legs)


async def test_the_log_corrects_what_a_snapshot_guessed(world: World) -> None:
    call = world.call(ended=False)
    await world.journal.calls.record(end(call, 300, EndSource.RESYNC))
    await world.journal.calls.record(end(call, 61, EndSource.LOG))
    await world.journal.calls.record(end(call, 300, EndSource.RESYNC))
    row, _ = await stored(world, call)
    assert (row.end_source, row.talk_s) == ("log", 51)


async def test_open_calls_come_back_as_they_were(world: World) -> None:
    live = world.call(ended=False)
    live = replace(live, holds=(Span(at(live.started_at, 20)),))
    elsewhere = replace(world.call(ended=False), asterisk="pbx2")
    for call in (live, elsewhere, world.call()):
        await world.journal.calls.record(call)
    assert await world.journal.calls.open("pbx1") == (live,)


async def test_joining_a_transaction_keeps_to_it(world: World) -> None:
    call = world.call()

    async def record_and_fail() -> None:
        async with world.db.begin() as session:
            await world.journal.calls.record(call, session)
            raise RuntimeError("something later in the transaction fails")

    with pytest.raises(RuntimeError, match="later"):
        await record_and_fail()
    async with world.db.begin() as session:
        assert await session.scalar(select(func.count()).select_from(CallRecord)) == 0


async def test_a_user_keeps_his_calls_when_his_extension_goes_to_another(world: World) -> None:
    call = world.call("102")
    await world.journal.calls.record(call)
    first = world.people["op102"]
    async with world.db.begin() as session:
        await session.execute(update(UserRow).where(UserRow.id == first.id).values(active=False))
        await session.execute(update(UserRow).where(UserRow.id == world.people["op101"].id).values(extension="102"))
    await world.journal.calls.record(replace(call, recorded=True, holds=(Span(call.started_at, call.started_at),)))
    row, _ = await stored(world, call)
    assert row.operator_id == first.id


async def test_many_reports_at_once_make_one_row(own_world: World) -> None:
    world = own_world
    talking = world.call(ended=False)
    reports = [talking, end(talking, 60), end(talking, 61, EndSource.LOG)] * 5
    async with asyncio.timeout(30):
        await asyncio.gather(*(world.journal.calls.record(report) for report in reports))
    row, legs = await stored(world, talking)
    assert (row.end_source, row.talk_s, len(legs)) == ("log", 51, 2)


async def test_a_withheld_number_is_nobody(world: World) -> None:
    call = world.call(caller=None)
    await world.journal.calls.record(call)
    row, _ = await stored(world, call)
    assert (row.from_raw, row.from_e164) == (None, None)


async def test_the_last_twenty_calls_of_a_person(world: World) -> None:
    """DAY-04: of all his browsers; who rang along has missed the call; a masked reader sees the last digits."""
    for number in range(22):
        await world.journal.calls.record(world.call("101", f"+7000555{number:04}"))
    placed = world.call("101", "101", ended=False)
    own = Leg(placed.key, "PJSIP/101-1", LegRole.CALLER, "101", placed.started_at)
    placed = replace(placed, direction=Direction.OUT, dialled="79280001122", legs=(own,), answered_at=None)
    await world.journal.calls.record(placed)
    mine = await world.journal.card.recent.of(world.people["op101"])
    assert [(mine[0].number, mine[0].placed, mine[0].answered)] == [("79280001122", True, False)]
    assert [one.number for one in mine[1:]] == [f"+7000555{number:04}" for number in range(21, 2, -1)]
    assert all(one.answered for one in mine[1:])
    assert await world.journal.card.recent.of(world.people["op102"]) == ()
