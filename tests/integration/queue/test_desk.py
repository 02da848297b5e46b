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
    Leg,
    LegRole,
    LinkState,
    MemberChanged,
    Phase,
    QueueChanged,
)
from hotline.db import Database
from hotline.errors import Conflict, NotFound, Unavailable
from hotline.queue.board import QueueLine
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


async def test_a_consulted_colleague_talks_as_soon_as_his_telephone_says_so(world: World) -> None:
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
    world.bus.publish(DeviceChanged("pbx1", "102", DeviceState.IN_USE, now))
    await world.settle()
    assert state(world, BORIS) is S.TALKING

    world.calls[call.key] = replace(call, legs=(*call.legs[:-1], replace(asked, answered_at=now, ended_at=now)))
    world.bus.publish(DeviceChanged("pbx1", "102", DeviceState.IDLE, now))
    await world.settle()
    assert (state(world), state(world, BORIS)) == (S.TALKING, S.READY)


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


async def test_start_without_a_telephone_does_not_stay_ready(world: World) -> None:
    await world.desk.start_work(ANNA, "109", microphone=True)
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


# --- Asterisk goes away ---------------------------------------------------------------------------------------------


async def test_asterisk_down_is_said_and_the_state_is_applied_later(world: World) -> None:
    world.port.fault = DOWN
    with pytest.raises(Unavailable) as caught:
        await world.desk.start_work(ANNA, "101", microphone=True)
    assert caught.value.error_id == "telephony-unavailable"
    assert caught.value.details["state"] == "ready"
    assert world.desk.board().unapplied == {ANNA}
    with pytest.raises(Unavailable):
        await world.desk.pause(ANNA, "P01")

    world.port.fault = None
    await world.link(LinkState.UP, "boot-2")
    assert world.port.members == {HOTLINE: "P01"}
    assert world.desk.applied(ANNA)
    assert [change.applied for change in world.changes] == [True, False, False, True]


async def test_a_refusal_of_asterisk_is_told_apart(world: World) -> None:
    world.port.fault = Conflict("Unable to add interface: No such queue")
    with pytest.raises(Unavailable) as caught:
        await world.desk.start_work(ANNA, "101", microphone=True)

    assert caught.value.error_id == "telephony-refused"
    assert "No such queue" in str(caught.value.details["cause"])


async def test_a_failed_command_is_tried_again_without_a_new_link(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.answer(world.ring("101"))
    await world.settle()
    world.port.fault = DOWN
    world.end(call)
    await world.settle()
    await world.pass_time(60)
    assert (state(world), world.port.members) == (S.READY, {HOTLINE: "oncall"})

    world.port.fault = None
    await world.pass_time(4)
    assert world.port.members == {HOTLINE: "oncall"}
    await world.pass_time(1)
    assert world.port.members == {HOTLINE: None}
    assert world.desk.board().unapplied == frozenset()


async def test_end_of_work_during_an_outage_is_applied_too(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.port.fault = DOWN
    with pytest.raises(Unavailable):
        await world.desk.end_work(ANNA)
    assert (state(world), world.port.members) == (S.OFFLINE, {HOTLINE: None})

    world.port.fault = None
    await world.pass_time(5)
    assert world.port.members == {}


async def test_asterisk_restarted(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.start_work(BORIS, "102", microphone=True)
    await world.desk.pause(BORIS, "P02")
    await world.link(LinkState.DOWN)
    world.port.restart()
    await world.link(LinkState.SYNCING, "boot-2")
    await world.link(LinkState.UP, "boot-2")

    assert world.port.members == {HOTLINE: None, ("hotline", "102"): "P02"}


async def test_a_slow_answer_of_asterisk_holds_up_nobody_else(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.start_work(BORIS, "102", microphone=True)
    world.port.gate.clear()
    world.answer(world.ring("101", "pbx1-1.1"))
    world.ring("102", "pbx1-2.1")
    await world.bus.drain()
    assert (state(world), state(world, BORIS)) == (S.TALKING, S.RINGING)

    world.port.gate.set()
    await world.settle()
    assert world.port.members == {HOTLINE: "oncall", ("hotline", "102"): None}


async def test_commands_keep_the_order_of_states(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.port.gate.clear()
    world.port.asked.clear()
    world.end(world.answer(world.ring("101")))
    await world.bus.drain()
    ready = asyncio.create_task(world.desk.go_ready(ANNA))
    await asyncio.sleep(0)
    world.port.gate.set()
    async with asyncio.timeout(5):
        await ready
    await world.settle()

    assert world.port.asked == ["pause 101 oncall", "pause 101 wrap-up", "unpause 101"]


async def test_a_browser_that_goes_away_does_not_stop_what_it_began(world: World) -> None:
    world.port.gate.clear()
    start = asyncio.create_task(world.desk.start_work(ANNA, "101", microphone=True))
    async with asyncio.timeout(5):
        await world.port.first_asked.wait()
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    world.port.gate.set()
    await world.settle()

    assert world.port.members == {HOTLINE: None}


async def test_a_pause_set_behind_our_back_is_corrected(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.port.members[HOTLINE] = "by hand"
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, True, "by hand", DeviceState.IDLE, False, now))
    await world.settle()
    await world.pass_time(1)  # too early: it may be an old event that our own command has overtaken
    assert world.port.members == {HOTLINE: "by hand"}

    await world.pass_time(4)
    assert world.port.members == {HOTLINE: None}


async def test_a_member_whom_nobody_stands_for_is_removed(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.end_work(ANNA)
    world.port.members[HOTLINE] = None
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, False, "", DeviceState.IDLE, False, now))
    world.bus.publish(MemberChanged("pbx1", "hotline", "555", True, False, "", DeviceState.IDLE, False, now))
    await world.settle()
    world.port.asked.clear()
    await world.pass_time(5)

    assert world.port.members == {}
    assert world.port.asked == ["remove 101 from hotline"]  # whoever set up 555 had his reasons


async def test_queue_numbers(world: World) -> None:
    now = world.clock.now()
    assert world.desk.board().queues == (QueueLine("hotline", 0, None),)

    world.bus.publish(QueueChanged("pbx1", "hotline", 3, now, now))
    await world.settle()
    assert world.desk.board().queues == (QueueLine("hotline", 3, now),)


# --- We go away -----------------------------------------------------------------------------------------------------


async def test_a_restarted_service_goes_on_where_it_was(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.pause(ANNA, "P02")
    before = world.desk.operator(ANNA)
    assert before is not None
    await world.desk.close()
    assert world.port.members == {HOTLINE: "P02"}  # our restart empties no queue

    again = await make_world()
    again.clock.advance(timedelta(seconds=5))
    await again.link(LinkState.UP)
    await again.phone("101", connected=True)
    assert again.desk.operator(ANNA) == before
    assert again.port.members == {HOTLINE: "P02"}
    await again.pass_time(15)
    assert state(again) is S.PAUSE


async def test_telephones_that_do_not_come_back_after_a_restart_are_lost(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.close()
    again = await make_world()
    await again.link(LinkState.UP)
    await again.pass_time(15)

    assert (state(again), again.port.members) == (S.LOST, {HOTLINE: "lost"})


async def test_a_call_outlives_a_restart(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.answer(world.ring("101"))
    await world.settle()
    await world.desk.close()

    again = await make_world()
    assert state(again) is S.TALKING
    again.say(CallEventKind.RECOVERED, call, "101")
    await again.link(LinkState.UP)
    await again.phone("101", connected=True)
    assert (state(again), again.port.members) == (S.TALKING, {HOTLINE: "oncall"})
    again.end(call)
    await again.settle()
    assert state(again) is S.WRAP_UP


async def test_a_call_that_ended_while_we_were_away_holds_nobody(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.answer(world.ring("101"))
    await world.settle()
    await world.desk.close()

    again = await make_world()
    await again.phone("101", connected=True)
    await again.link(LinkState.UP)
    assert state(again) is S.WRAP_UP


async def test_a_call_that_began_while_we_were_away_is_found(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    await world.desk.close()
    again = await make_world()
    again.say(CallEventKind.RECOVERED, replace(world.answer(world.ring("101")), legs=()), "101")
    await again.link(LinkState.UP)

    assert (state(again), again.port.members) == (S.TALKING, {HOTLINE: "oncall"})


async def test_a_wrap_up_that_ran_out_while_we_were_away_is_over(world: World, make_world: MakeWorld) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    world.end(world.answer(world.ring("101")))
    await world.settle()
    await world.desk.close()
    world.clock.advance(timedelta(seconds=61))
    again = await make_world()
    await again.phone("101", connected=True)
    await again.link(LinkState.UP)
    await again.pass_time(0)

    assert (state(again), again.port.members) == (S.READY, {HOTLINE: None})


async def test_after_an_overflow_of_the_bus_the_calls_are_compared(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.answer(world.ring("101"))
    await world.settle()
    (subscription,) = [one for one in world.bus.subscriptions if one.name == "operators"]
    subscription.limit = 1
    world.end(call)
    world.bus.publish(QueueChanged("pbx1", "hotline", 1, None, world.clock.now()))  # the end is dropped
    await world.settle()

    assert subscription.dropped == 1
    assert state(world) is S.WRAP_UP
