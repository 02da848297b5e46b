"""A service of its own on the real Asterisk, two scripted telephones and a citizen: conversations without sound."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings
from hotline.cti.model import (
    Call,
    CallEvent,
    CallEventKind,
    ConsultEnded,
    ConsultOffered,
    EndSource,
    LinkChanged,
    LinkState,
)
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.stand.service import Stand
from tests.integration.cti.phones import Phone, push_endpoint

QUEUE = "hotline"
DID = "88001000000"
LIMIT = 8
PORTS: dict[str, int] = {}
CITIZEN_HOST = "127.0.0.2"


@dataclass
class House:
    """A service with everything it told and recorded."""

    service: CtiService
    bus: Bus
    heard: list[object] = field(default_factory=list)
    recorded: list[Call] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, fact: object) -> None:
        async with self.news:
            self.heard.append(fact)
            self.news.notify_all()

    async def record(self, session: AsyncSession, calls: Sequence[Call]) -> None:
        async with self.news:
            self.recorded += calls
            self.news.notify_all()

    async def until(self, wanted: Callable[[object], bool]) -> object:
        async with asyncio.timeout(LIMIT), self.news:
            await self.news.wait_for(lambda: any(wanted(fact) for fact in self.heard))
        return next(fact for fact in self.heard if wanted(fact))

    async def call(self, kind: CallEventKind, caller: str, extension: str | None = None) -> Call:
        """Wait for an event of the caller's call; forget the calls' events up to it."""
        found = await self.until(
            lambda f: (
                isinstance(f, CallEvent)
                and f.kind is kind
                and f.call.caller == caller
                and extension in {None, f.extension}
            )
        )
        assert isinstance(found, CallEvent)
        place = self.heard.index(found) + 1
        self.heard[:place] = [fact for fact in self.heard[:place] if not isinstance(fact, CallEvent)]
        return found.call

    async def consult_ended(self) -> ConsultEnded:
        found = await self.until(lambda f: isinstance(f, ConsultEnded))
        assert isinstance(found, ConsultEnded)
        self.heard.remove(found)
        return found

    async def logged(self, key: str) -> Call:
        """Wait until the call has been rebuilt from Asterisk's log files."""
        async with asyncio.timeout(LIMIT), self.news:
            await self.news.wait_for(lambda: any(call.key == key for call in self.recorded))
        return next(call for call in self.recorded if call.key == key)


@asynccontextmanager
async def running(settings: AsteriskSettings, database: Database) -> AsyncIterator[House]:
    bus = Bus()

    async def record(session: AsyncSession, calls: Sequence[Call]) -> None:
        await made.record(session, calls)

    service = CtiService(settings, bus, SystemClock(), database, record, import_every_s=0.3)
    made = House(service, bus)
    bus.subscribe(CallEvent, LinkChanged, ConsultOffered, ConsultEnded, handler=made.hear, name="house")
    await service.start()
    try:
        await made.until(lambda f: isinstance(f, LinkChanged) and f.state is LinkState.UP)
        yield made
    finally:
        await service.stop()
        await bus.close()


@pytest.fixture
async def house(stand: Stand, own_db: Database) -> AsyncIterator[House]:
    async with running(stand.asterisk.settings, own_db) as made:
        yield made


@pytest.fixture
async def operators(stand: Stand, house: House) -> AsyncIterator[tuple[Phone, Phone]]:
    """Two telephones; the first is in the queue."""
    port = stand.trunk.asterisk_port
    # Always the same ports: Asterisk keeps an address of record's former contact beside the new one.
    async with (
        Phone("171", port, port=PORTS.get("171", 0)) as one,
        Phone("172", port, port=PORTS.get("172", 0)) as two,
    ):
        for phone in (one, two):
            PORTS[phone.user] = phone.port
            await push_endpoint(stand.asterisk.settings, phone)
        await house.service.commands.add_member(QUEUE, "171", "71", paused=False)
        yield one, two
        if house.service.link_state is LinkState.UP:  # else the test has stopped it, and cleared up itself
            await house.service.commands.remove_member(QUEUE, "171")


@pytest.fixture
async def citizen(stand: Stand) -> AsyncIterator[Phone]:
    number = f"7928{uuid.uuid4().int % 10**7:07}"
    async with Phone(number, stand.trunk.asterisk_port, CITIZEN_HOST) as phone:
        yield phone


async def talk(house: House, citizen: Phone, operator: Phone) -> Call:
    """Bring a citizen and an operator together."""
    citizen.call(DID)
    async with asyncio.timeout(LIMIT):
        await operator.rings()
        await operator.answer()
    return await house.call(CallEventKind.ANSWERED, citizen.user, operator.user)


async def compare(house: House, live: Call) -> Call:
    """The log must tell what the events told."""
    logged = await house.logged(live.key)
    for name in ("caller", "dialled", "direction", "queue", "operator", "outcome", "ended_by", "recorded"):
        assert getattr(logged, name) == getattr(live, name), name
    assert len(logged.holds) == len(live.holds)
    assert logged.end_source is EndSource.LOG
    return logged


async def until_state(house: House, key: str, state: str) -> None:
    """Wait for a transfer's state. It has no event of its own: the browser sees the phone and the call."""
    while (transfer := house.service.transfers.get(key)) is None or transfer.state != state:  # noqa: ASYNC110
        await asyncio.sleep(0)
