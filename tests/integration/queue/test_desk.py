"""The operators' desk on the real database: requests, calls, timers, outages, restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from hotline.cti.model import (
    CallEventKind,
    DeviceChanged,
    DeviceState,
    Direction,
    Leg,
    LegRole,
    Phase,
)
from hotline.db import Database
from hotline.errors import Conflict, NotFound, Unavailable
from hotline.queue.model import Notice, OperatorState
from hotline.queue.rules import IllegalMove
from hotline.queue.tables import AgentStateLogRow
from tests.integration.queue.conftest import ANNA, BORIS, MakeWorld, World

S = OperatorState
HOTLINE = ("hotline", "101")
DOWN = Unavailable("no link to Asterisk")


async def history(db: Database, user_id: int = ANNA) -> list[tuple[str, str | None, bool]]:
    """The log of a user: state, reason, whether it is open; checks that it has no gaps."""
    async with db.begin() as session:
        query = select(AgentStateLogRow).where(AgentStateLogRow.user_id == user_id).order_by(AgentStateLogRow.from_at)
        rows = list(await session.scalars(query))
    for earlier, later in pairwise(rows):
        assert earlier.to_at == later.from_at
    return [(row.state, row.reason, row.to_at is None) for row in rows]


def state(world: World, user_id: int = ANNA) -> OperatorState:
    operator = world.desk.operator(user_id)
    assert operator is not None
    return operator.state


async def test_a_whole_call(world: World, db: Database) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    assert world.port.members == {HOTLINE: None}
    assert world.port.names == {"101": "7"}

    world.clock.advance(timedelta(seconds=5))
    call = world.ring("101")
    await world.settle()
    assert state(world) is S.RINGING

    world.clock.advance(timedelta(seconds=3))
    call = world.answer(call)
    await world.settle()
    assert (state(world), world.port.members) == (S.TALKING, {HOTLINE: "oncall"})

    world.clock.advance(timedelta(seconds=90))
    world.end(call)
    await world.settle()
    assert (state(world), world.port.members) == (S.WRAP_UP, {HOTLINE: "wrap-up"})

    await world.pass_time(60)
    assert (state(world), world.port.members) == (S.READY, {HOTLINE: None})
    assert [notice.notice for notice in world.notices] == [Notice.WRAP_UP_OVER]
    assert [change.operator.state for change in world.changes] == [S.READY, S.RINGING, S.TALKING, S.WRAP_UP, S.READY]

    world.clock.advance(timedelta(seconds=1))
    await world.desk.end_work(ANNA)
    assert world.port.members == {}
    assert await history(db) == [
        ("ready", None, False),
        ("ringing", None, False),
        ("talking", None, False),
        ("wrap_up", None, False),
        ("ready", None, False),
        ("offline", None, True),
    ]


async def test_requests_are_answered_with_the_new_state(world: World) -> None:
    assert (await world.desk.start_work(ANNA, "101", microphone=True)).state is S.READY
    paused = await world.desk.pause(ANNA, "P02")
    assert (paused.state, paused.reason) == (S.PAUSE, "P02")
    assert paused.limit_at == world.clock.now() + timedelta(minutes=45)
    assert world.port.members == {HOTLINE: "P02"}
    assert (await world.desk.go_ready(ANNA)).state is S.READY
    assert (await world.desk.end_work(ANNA)).state is S.OFFLINE


async def test_what_is_refused_changes_nothing(world: World, db: Database) -> None:
    with pytest.raises(NotFound):
        await world.desk.go_ready(ANNA)
    with pytest.raises(IllegalMove) as caught:
        await world.desk.start_work(ANNA, "101", microphone=False)
    assert caught.value.error_id == "no-microphone"
    assert world.desk.operator(ANNA) is None

    await world.desk.start_work(ANNA, "101", microphone=True)
    with pytest.raises(Conflict) as busy:
        await world.desk.start_work(BORIS, "101", microphone=True)
    assert busy.value.error_id == "extension-busy"
    world.answer(world.ring("101"))
    await world.settle()
    with pytest.raises(IllegalMove):
        await world.desk.end_work(ANNA)

    assert state(world) is S.TALKING
    assert await history(db, BORIS) == []
    assert world.port.members == {HOTLINE: "oncall"}


async def test_a_missed_call_pauses_the_operator(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.miss(world.ring("101"))
    await world.settle()

    operator = world.desk.operator(ANNA)
    assert operator is not None
    assert (operator.state, operator.reason) == (S.PAUSE, "P10")
    assert world.port.members == {HOTLINE: "P10"}
    assert [notice.notice for notice in world.notices] == [Notice.OFFER_MISSED]


async def test_a_citizen_who_gives_up_pauses_nobody(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.end(world.miss(world.ring("101"), "CANCEL"))
    await world.settle()

    assert (state(world), world.port.members) == (S.READY, {HOTLINE: None})
    assert world.notices == []


async def test_each_call_finds_its_own_operator(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.start_work(BORIS, "102", microphone=True)
    world.answer(world.ring("102"))
    await world.settle()

    assert (state(world), state(world, BORIS)) == (S.READY, S.TALKING)
    board = world.desk.board()
    assert {extension: one.state for extension, one in board.presence.items()} == {"101": S.READY, "102": S.TALKING}
    assert {one.user_id for one in board.operators} == {ANNA, BORIS}


async def test_the_silent_answer_of_a_consulted_colleague_is_noticed(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.start_work(BORIS, "102", microphone=True)
    call = world.answer(world.ring("101"))
    now = world.clock.now()
    asked = Leg("pbx1-1.9", "PJSIP/102-1", LegRole.CONSULT, "102", now)
    call = replace(call, phase=Phase.CONSULTING, ringing=("102",), legs=(*call.legs, asked))
    world.say(CallEventKind.CONSULTING, call, "102")
    await world.settle()
    assert (state(world), state(world, BORIS)) == (S.TALKING, S.RINGING)

    # The tracker knows, but says nothing: nothing changed for the citizen.
    world.calls[call.key] = call = replace(call, ringing=(), legs=(*call.legs[:-1], replace(asked, answered_at=now)))
    await world.pass_time(0.5)
    assert (state(world), state(world, BORIS)) == (S.TALKING, S.TALKING)
    assert world.port.members["hotline", "102"] == "oncall"

    world.calls[call.key] = replace(call, legs=(*call.legs[:-1], replace(asked, answered_at=now, ended_at=now)))
    world.bus.publish(DeviceChanged("pbx1", "102", DeviceState.IDLE, now))
    await world.settle()
    assert (state(world), state(world, BORIS)) == (S.TALKING, S.READY)


async def test_looking_again_does_not_swallow_a_miss(world: World) -> None:
    """The tracker is ahead of the bus: it knows that the ring is over before its event is handled."""
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.ring("101")
    await world.settle()
    world.calls[call.key] = replace(call, phase=Phase.QUEUED, ringing=())
    await world.desk.tick()
    assert state(world) is S.RINGING

    world.miss(call)
    await world.settle()
    assert state(world) is S.PAUSE


async def test_an_idle_telephone_does_not_outrun_the_end_of_its_call(world: World) -> None:
    """Only the event of the end tells whether there is a card to finish."""
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.answer(replace(world.ring("101"), direction=Direction.INTERNAL))
    await world.settle()
    del world.calls[call.key]
    world.bus.publish(DeviceChanged("pbx1", "101", DeviceState.IDLE, world.clock.now()))
    await world.settle()
    world.end(call)
    await world.settle()

    assert state(world) is S.READY


async def test_timers_belong_to_the_server(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.pause(ANNA, "P01")
    await world.pass_time(599)
    assert not world.desk.board().operators[0].over_limit

    await world.pass_time(1)
    assert world.desk.board().operators[0].over_limit
    assert [notice.notice for notice in world.notices] == [Notice.PAUSE_OVER_LIMIT]
    assert state(world) is S.PAUSE


async def test_a_closed_browser_is_shown_and_gets_no_calls(world: World, db: Database) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.phone("101", connected=False)
    await world.pass_time(14)
    assert state(world) is S.READY
    await world.pass_time(1)
    assert (state(world), world.port.members) == (S.LOST, {HOTLINE: "lost"})

    world.clock.advance(timedelta(seconds=1))
    await world.phone("101", connected=True)
    assert (state(world), world.port.members) == (S.READY, {HOTLINE: None})
    assert [row[0] for row in await history(db)] == ["ready", "lost", "ready"]


async def test_what_nobody_sees_is_not_published(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.phone("101", connected=False)
    await world.phone("101", connected=True)
    assert [change.operator.state for change in world.changes] == [S.READY]

    world.answer(world.ring("101"))
    await world.settle()
    await world.desk.pause(ANNA, "P02")  # only planned, but the desk shows the plan
    await world.settle()
    assert [change.operator.state for change in world.changes] == [S.READY, S.RINGING, S.TALKING, S.TALKING]


async def test_start_without_a_telephone_does_not_stay_ready(world: World) -> None:
    await world.phone("101", connected=False)
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.pass_time(15)

    assert state(world) is S.LOST


async def test_the_timer_task_ticks_by_itself(db: Database, make_world: MakeWorld) -> None:
    world = await make_world()
    await world.desk.close()
    world.desk._tick_s = 0.001
    await world.desk.start()
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.clock.advance(timedelta(seconds=15))
    async with asyncio.timeout(5):
        await world.noticed.wait()

    assert world.notices[0].notice is Notice.PHONE_LOST
