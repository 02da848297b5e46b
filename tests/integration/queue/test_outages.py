"""The operators' desk when Asterisk or the service itself goes away, is slow, or is changed by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.cti.model import (
    CallEventKind,
    DeviceState,
    LinkState,
    MemberChanged,
    QueueChanged,
)
from hotline.errors import Conflict, Unavailable
from hotline.queue.board import QueueLine
from hotline.queue.model import OperatorState
from tests.integration.queue.conftest import ANNA, BORIS, MakeWorld, World

S = OperatorState
HOTLINE = ("hotline", "101")
DOWN = Unavailable("no link to Asterisk")


def state(world: World, user_id: int = ANNA) -> OperatorState:
    operator = world.desk.operator(user_id)
    assert operator is not None
    return operator.state


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


async def test_a_short_loss_of_the_link_costs_nobody_his_place_in_the_queue(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, False, "", DeviceState.IDLE, False, now))
    await world.link(LinkState.DOWN)
    world.port.asked.clear()
    await world.link(LinkState.UP)
    assert world.port.asked == ["unpause 101"]

    await world.link(LinkState.DOWN)  # this time Asterisk was restarted: the snapshot misses him
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, False, False, "", DeviceState.IDLE, False, now))
    world.port.restart()
    await world.link(LinkState.UP, "boot-2")
    assert world.port.asked == ["add 101 to hotline", "unpause 101"]


async def test_a_mistaken_belief_about_a_member_heals(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, False, "", DeviceState.IDLE, False, now))
    world.port.restart()
    world.port.fault = Conflict("Interface not found")
    await world.link(LinkState.UP, "boot-2")
    world.port.fault = None
    await world.pass_time(5)

    assert world.port.members == {HOTLINE: None}


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


async def test_nothing_is_corrected_while_a_command_is_under_way(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, False, "", DeviceState.IDLE, False, now))
    world.port.asked.clear()
    world.port.gate.clear()
    world.answer(world.ring("101"))
    await world.bus.drain()
    await asyncio.sleep(0)  # the command has gone out; Asterisk takes its time
    world.clock.advance(timedelta(seconds=6))
    await world.desk.tick()
    world.port.gate.set()
    await world.settle()

    assert world.port.asked == ["pause 101 oncall"]


async def test_nothing_is_corrected_by_old_facts_while_the_link_is_down(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    now = world.clock.now()
    world.bus.publish(MemberChanged("pbx1", *HOTLINE, True, True, "by hand", DeviceState.IDLE, False, now))
    await world.link(LinkState.DOWN)
    world.port.asked.clear()
    await world.pass_time(6)
    assert world.port.asked == []

    await world.link(LinkState.UP)
    assert world.port.asked == ["unpause 101"]


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


async def test_a_call_of_a_server_that_we_cannot_see_goes_on(world: World) -> None:
    await world.desk.start_work(ANNA, "101", microphone=True)
    call = world.answer(world.ring("101", "pbx2-1.1"))
    await world.settle()
    del world.calls[call.key]
    await world.link(LinkState.UP)
    assert state(world) is S.TALKING


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
