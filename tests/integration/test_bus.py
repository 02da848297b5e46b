"""The bus: order, isolation, bounds, and waiting without sleeping (docs/adr/0004-bus.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from hotline.events import Bus


@dataclass(frozen=True)
class Fact:
    number: int


@dataclass(frozen=True)
class SpecialFact(Fact):
    pass


@dataclass(frozen=True)
class Other:
    pass


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    one = Bus(limit=3)
    yield one
    await one.close()


def collect(into: list[object]) -> Callable[[object], Awaitable[None]]:
    async def handler(event: object) -> None:
        into.append(event)

    return handler


async def drain(bus: Bus) -> None:
    async with asyncio.timeout(5):
        await bus.drain()


async def test_only_what_was_asked_for_arrives_in_order(bus: Bus) -> None:
    facts: list[object] = []
    everything: list[object] = []
    bus.subscribe(Fact, handler=collect(facts), name="facts")
    bus.subscribe(Fact, Other, handler=collect(everything), name="both")
    for event in (Fact(1), Other(), SpecialFact(2)):
        bus.publish(event)
    await drain(bus)

    assert facts == [Fact(1), SpecialFact(2)]
    assert everything == [Fact(1), Other(), SpecialFact(2)]


async def test_publishing_waits_for_nobody(bus: Bus) -> None:
    gate = asyncio.Event()
    quick: list[object] = []

    async def slow(event: object) -> None:
        await gate.wait()

    bus.subscribe(Fact, handler=slow, name="slow")
    bus.subscribe(Fact, handler=collect(quick), name="quick")
    bus.publish(Fact(1))
    async with asyncio.timeout(5):
        (first, second) = bus.subscriptions
        await second.idle.wait()

    assert quick == [Fact(1)]
    assert not first.idle.is_set()
    gate.set()
    await drain(bus)


async def test_one_at_a_time(bus: Bus) -> None:
    running, most = 0, 0

    async def handler(event: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    bus.subscribe(Fact, handler=handler, name="one")
    for number in range(3):
        bus.publish(Fact(number))
    await drain(bus)

    assert most == 1


async def test_a_fault_stays_with_its_subscriber(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    good: list[object] = []
    seen: list[object] = []

    async def faulty(event: object) -> None:
        seen.append(event)
        if event == Fact(1):
            raise ValueError("wrong")

    bus.subscribe(Fact, handler=faulty, name="faulty")
    bus.subscribe(Fact, handler=collect(good), name="good")
    with caplog.at_level(logging.ERROR):
        bus.publish(Fact(1))
        bus.publish(Fact(2))
        await drain(bus)

    assert (seen, good) == ([Fact(1), Fact(2)], [Fact(1), Fact(2)])
    assert [subscription.errors for subscription in bus.subscriptions] == [1, 0]
    assert "faulty" in caplog.text


async def test_a_cancelled_helper_does_not_silence_its_subscriber(bus: Bus) -> None:
    """Awaiting a task that somebody cancelled raises CancelledError, which is no Exception."""
    seen: list[object] = []

    async def handler(event: object) -> None:
        seen.append(event)
        if event == Fact(1):
            helper = asyncio.create_task(asyncio.Event().wait())
            helper.cancel()
            await helper

    bus.subscribe(Fact, handler=handler, name="helped")
    bus.publish(Fact(1))
    bus.publish(Fact(2))
    await drain(bus)

    assert seen == [Fact(1), Fact(2)]
    assert bus.subscriptions[0].errors == 1


async def test_who_falls_behind_is_told_to_start_anew(bus: Bus) -> None:
    gate, heard, resynced = asyncio.Event(), list[object](), list[int]()

    async def slow(event: object) -> None:
        await gate.wait()
        heard.append(event)

    async def resync() -> None:
        resynced.append(len(heard))

    bus.subscribe(Fact, handler=slow, name="slow", on_overflow=resync)
    bus.publish(Fact(0))
    await asyncio.sleep(0)  # the first is being handled, and is not in the queue any more
    await asyncio.sleep(0)
    for number in range(1, 6):
        bus.publish(Fact(number))
    gate.set()
    await drain(bus)

    # 1, 2, 3 filled the queue and were dropped by 4; the picture was rebuilt before what came later.
    assert heard == [Fact(0), Fact(4), Fact(5)]
    assert resynced == [1]
    assert bus.subscriptions[0].dropped == 3


async def test_an_overflow_without_a_remedy_goes_on_with_what_is_new(bus: Bus) -> None:
    heard: list[object] = []
    bus.subscribe(Fact, handler=collect(heard), name="carefree")
    for number in range(5):  # nothing is handled between these
        bus.publish(Fact(number))
    await drain(bus)

    assert heard == [Fact(3), Fact(4)]


async def test_a_fault_in_the_remedy_is_counted_and_the_stream_goes_on(bus: Bus) -> None:
    heard: list[object] = []

    async def resync() -> None:
        raise ValueError("no snapshot")

    bus.subscribe(Fact, handler=collect(heard), name="unlucky", on_overflow=resync)
    for number in range(4):
        bus.publish(Fact(number))
    await drain(bus)

    assert heard == [Fact(3)]
    assert bus.subscriptions[0].errors == 1


async def test_drain_waits_for_what_was_published_in_turn(bus: Bus) -> None:
    heard: list[object] = []

    async def chain(event: object) -> None:
        bus.publish(Fact(1))

    bus.subscribe(Fact, handler=collect(heard), name="last")
    bus.subscribe(Other, handler=chain, name="first")
    bus.publish(Other())
    await drain(bus)

    assert heard == [Fact(1)]


async def test_unsubscribing_twice_is_harmless(bus: Bus) -> None:
    heard: list[object] = []
    unsubscribe = bus.subscribe(Fact, handler=collect(heard), name="leaving")
    await unsubscribe()
    await unsubscribe()
    bus.publish(Fact(1))
    await drain(bus)

    assert heard == []
    assert bus.subscriptions == ()


async def test_a_subscriber_may_leave_while_it_hears(bus: Bus) -> None:
    heard: list[object] = []
    left = asyncio.Event()

    async def once(event: object) -> None:
        heard.append(event)
        try:
            await unsubscribe()
        finally:
            left.set()

    unsubscribe = bus.subscribe(Fact, handler=once, name="once")
    bus.publish(Fact(1))
    bus.publish(Fact(2))
    async with asyncio.timeout(5):
        await left.wait()
    await drain(bus)

    assert heard == [Fact(1)]


async def test_closing_stops_a_handler_that_hangs(bus: Bus) -> None:
    stopped = asyncio.Event()
    begun = asyncio.Event()

    async def hanging(event: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    bus.subscribe(Fact, handler=hanging, name="hanging")
    bus.publish(Fact(1))
    async with asyncio.timeout(5):
        await begun.wait()
        await bus.close()
        await bus.drain()
    bus.publish(Fact(2))

    assert stopped.is_set()
    assert bus.subscriptions == ()


async def test_a_listener_hears_at_once_and_before_all_queues(bus: Bus) -> None:
    order: list[str] = []

    async def subscriber(_: object) -> None:
        order.append("subscriber")

    bus.subscribe(Fact, handler=subscriber, name="subscriber")
    stop = bus.listen(Fact, listener=lambda _: order.append("listener"), name="listener")
    bus.publish(SpecialFact(1))
    assert order == ["listener"]
    await drain(bus)
    assert order == ["listener", "subscriber"]
    bus.publish(Other())
    await stop()
    bus.publish(SpecialFact(2))
    await drain(bus)
    assert order == ["listener", "subscriber", "subscriber"]


async def test_a_listener_s_fault_stays_its_own(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("cannot hear this")

    heard: list[object] = []
    bus.listen(Fact, listener=broken, name="broken")
    bus.subscribe(Fact, handler=collect(heard), name="sound")
    with caplog.at_level(logging.CRITICAL, logger="hotline.events"):
        bus.publish(Fact(1))
        await drain(bus)
    assert heard == [Fact(1)]
    assert [one.errors for one in bus.subscriptions] == [1, 0]


async def test_a_late_subscriber_gets_what_is_published_from_then_on(bus: Bus) -> None:
    first: list[object] = []
    second: list[object] = []
    bus.subscribe(Fact, handler=collect(first), name="first")
    bus.publish(Fact(1))
    bus.subscribe(Fact, handler=collect(second), name="second")
    bus.publish(Fact(2))
    await drain(bus)
    assert (first, second) == ([Fact(1), Fact(2)], [Fact(2)])
