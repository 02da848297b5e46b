"""A desk on the real database, a clock that we move and a port that we can break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from hotline.clock import FakeClock
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Leg, LegRole, LinkChanged, LinkState, Phase
from hotline.db import Database
from hotline.events import Bus
from hotline.queue.model import OperatorChanged, OperatorNotice, Policy
from hotline.queue.service import OperatorDesk
from hotline.softphone.model import PhoneConnected, PhoneLost
from tests.integration.queue.recording import RecordingPort
from tests.unit.queue.operators import REASONS

ANNA, BORIS = 7, 8
NEVER_S = 3600.0  # the tests call tick() themselves


@dataclass
class World:
    """A desk and everything around it."""

    desk: OperatorDesk
    bus: Bus
    clock: FakeClock
    port: RecordingPort
    calls: dict[str, Call] = field(default_factory=dict)
    changes: list[OperatorChanged] = field(default_factory=list)
    notices: list[OperatorNotice] = field(default_factory=list)
    noticed: asyncio.Event = field(default_factory=asyncio.Event)

    async def settle(self) -> None:
        """Let everything that was published take effect, down to the disk."""
        await self.bus.drain()
        await self.desk.settled()
        await self.bus.drain()

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        await self.desk.tick()
        await self.settle()

    async def link(self, state: LinkState, boot_id: str = "boot-1") -> None:
        self.bus.publish(LinkChanged("pbx1", state, self.clock.now(), boot_id=boot_id))
        await self.settle()

    async def phone(self, extension: str, *, connected: bool) -> None:
        now = self.clock.now()
        self.bus.publish(
            PhoneConnected(extension, ANNA, now) if connected else PhoneLost(extension, ANNA, now, "closed tab")
        )
        await self.settle()

    def ring(self, extension: str, key: str = "pbx1-1.1") -> Call:
        now = self.clock.now()
        call = Call(
            key,
            "pbx1",
            Direction.IN,
            Phase.RINGING,
            "+79280001122",
            "112",
            now,
            queue="hotline",
            queued_at=now,
            ringing=(extension,),
            legs=(Leg(f"{key}2", f"PJSIP/{extension}-1", LegRole.AGENT, extension, now),),
        )
        return self.say(CallEventKind.OFFERED, call, extension)

    def answer(self, call: Call) -> Call:
        now = self.clock.now()
        (leg,) = call.legs
        talking = replace(
            call,
            phase=Phase.TALKING,
            operator=leg.extension,
            ringing=(),
            answered_at=now,
            legs=(replace(leg, answered_at=now),),
        )
        return self.say(CallEventKind.ANSWERED, talking, leg.extension)

    def miss(self, call: Call, reason: str = "NOANSWER") -> Call:
        (extension,) = call.ringing
        return self.say(CallEventKind.OFFER_ENDED, replace(call, phase=Phase.QUEUED, ringing=()), extension, reason)

    def end(self, call: Call) -> Call:
        legs = tuple(replace(leg, ended_at=self.clock.now()) for leg in call.legs)
        ended = replace(call, phase=Phase.ENDED, ringing=(), legs=legs, ended_at=self.clock.now())
        return self.say(CallEventKind.ENDED, ended, None)

    def say(self, kind: CallEventKind, call: Call, extension: str | None, reason: str = "") -> Call:
        if call.phase is Phase.ENDED:
            self.calls.pop(call.key, None)
        else:
            self.calls[call.key] = call
        self.bus.publish(CallEvent(kind, call, self.clock.now(), extension, reason))
        return call


MakeWorld = Callable[[], Awaitable[World]]


@pytest.fixture
async def make_world(db: Database, clock: FakeClock) -> AsyncIterator[MakeWorld]:
    """Start a service on the same database; a second call is that service after a restart."""
    worlds: list[World] = []

    async def make() -> World:
        bus, port = Bus(), RecordingPort()
        calls: dict[str, Call] = {}
        desk = OperatorDesk(
            db, bus, clock, port, Policy(pause_reasons=REASONS), live_calls=calls.values, tick_s=NEVER_S
        )
        world = World(desk, bus, clock, port, calls)

        async def hear(event: object) -> None:
            if isinstance(event, OperatorChanged):
                world.changes.append(event)
            elif isinstance(event, OperatorNotice):
                world.notices.append(event)
                world.noticed.set()

        bus.subscribe(OperatorChanged, OperatorNotice, handler=hear, name="test")
        await desk.start()
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.port.gate.set()
        await world.desk.close()
        await world.bus.close()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """A service with its link up and the telephones of 101 and 102 connected."""
    world = await make_world()
    await world.link(LinkState.UP)
    await world.phone("101", connected=True)
    await world.phone("102", connected=True)
    return world
