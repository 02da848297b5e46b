"""The desk on a real Asterisk: what really happens to a queue member when calls come, are missed or are given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import SystemClock
from hotline.cti.model import Call, LinkChanged, LinkState, MemberChanged
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.queue.model import Operator, OperatorChanged, OperatorState, Policy
from hotline.queue.service import OperatorDesk
from hotline.softphone.accounts import AccountService
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.model import PhoneConnected
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.unit.queue.operators import REASONS

pytestmark = pytest.mark.calls

ANNA, EXTENSION = 7, "171"
S = OperatorState


@dataclass
class Floor:
    """A desk, its operator's telephone, and what the bus says of both."""

    desk: OperatorDesk
    bus: Bus
    phone: HeadlessPhone
    cti: CtiService
    links: list[LinkChanged] = field(default_factory=list)
    members: list[MemberChanged] = field(default_factory=list)
    states: list[Operator] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, event: object) -> None:
        async with self.news:
            match event:
                case LinkChanged():
                    self.links.append(event)
                case MemberChanged(extension=extension) if extension == EXTENSION:
                    self.members.append(event)
                case OperatorChanged():
                    self.states.append(event.operator)
            self.news.notify_all()

    async def until(self, happened: Callable[[], bool], within: float = 20) -> None:
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(happened)

    async def until_state(self, state: OperatorState) -> None:
        await self.until(lambda: bool(self.states) and self.states[-1].state is state)

    async def until_member(self, *, present: bool = True, reason: str | None = None) -> None:
        """Wait for what Asterisk says of him: in the queue or not, paused for a reason or not."""

        def seen() -> bool:
            last = self.members[-1] if self.members else None
            if last is None or last.present is not present:
                return False
            return not present or (last.paused, last.pause_reason) == (reason is not None, reason or "")

        await self.until(seen)


async def nowhere(session: AsyncSession, calls: Sequence[Call]) -> None:
    """The journal is not part of this test."""


@asynccontextmanager
async def open_floor(stand: Stand, db: Database) -> AsyncIterator[Floor]:
    bus, clock, settings = Bus(), SystemClock(), stand.asterisk.settings
    cti = CtiService(settings, bus, clock, db, nowhere)
    policy = Policy(wrap_up=timedelta(seconds=1), pause_reasons=REASONS)

    def live_calls() -> Iterable[Call]:
        return cti.calls.values()

    desk = OperatorDesk(db, bus, clock, cti.commands, policy, live_calls=live_calls)
    async with aiohttp.ClientSession() as http:
        accounts = AccountService(http, settings)
        account = await accounts.open(EXTENSION, "Анна")
        url = settings.http_url.replace("http", "ws", 1) + "/ws"
        async with HeadlessPhone(account, url) as phone:
            floor = Floor(desk, bus, phone, cti)
            bus.subscribe(LinkChanged, MemberChanged, OperatorChanged, handler=floor.hear, name="test")
            await desk.start()
            await cti.start()
            try:
                await floor.until(lambda: bool(floor.links) and floor.links[-1].state is LinkState.UP)
                bus.publish(PhoneConnected(EXTENSION, ANNA, clock.now()))
                await bus.drain()
                await desk.start_work(ANNA, EXTENSION, microphone=True)
                await floor.until_member()
                yield floor
            finally:
                await desk.close()
                await cti.stop()
                await bus.close()
                await accounts.close(EXTENSION)


@pytest.fixture
async def floor(stand: Stand, own_db: Database) -> AsyncIterator[Floor]:
    async with open_floor(stand, own_db) as one:
        yield one
        # Leave the shared queue empty, whatever the test did.
        operator = one.desk.operator(ANNA)
        if operator is not None and operator.state is not S.OFFLINE:
            await one.desk.end_work(ANNA)
            await one.until_member(present=False)


async def test_answered_wrapped_up_ready_again(stand: Stand, floor: Floor) -> None:
    async with citizen_calls(stand, caller="79280001122", hold_s=60, sound=440.0):
        call = await floor.phone.next_call()
        await floor.until_state(S.RINGING)
        await call.answer()
        await floor.until_state(S.TALKING)
        await floor.until_member(reason="oncall")
        await call.hangup()
        await floor.until_state(S.WRAP_UP)
        await floor.until_member(reason="wrap-up")
        await floor.until_state(S.READY)
        await floor.until_member()

    assert [one.state for one in floor.states] == [S.READY, S.RINGING, S.TALKING, S.WRAP_UP, S.READY]


async def test_a_citizen_who_gives_up_pauses_nobody(stand: Stand, floor: Floor) -> None:
    async with citizen_calls(stand, caller="79280001122", hold_s=60, sound=440.0) as citizen:
        await floor.phone.next_call()
        await floor.until_state(S.RINGING)
        await citizen.hang_up()
        await floor.until_state(S.READY)

    assert [one.state for one in floor.states] == [S.READY, S.RINGING, S.READY]
    assert not any(member.paused for member in floor.members)


async def test_a_citizen_who_hangs_up_on_hold_frees_the_operator(stand: Stand, floor: Floor) -> None:
    async with citizen_calls(stand, caller="79280001122", hold_s=60, sound=440.0) as citizen:
        call = await floor.phone.next_call()
        await call.answer()
        await floor.until_state(S.TALKING)
        operator = floor.desk.operator(ANNA)
        assert operator is not None
        assert operator.call_key is not None
        await floor.cti.control.hold(operator.call_key, EXTENSION)
        await floor.until_state(S.HOLD)
        await citizen.hang_up()
        async with asyncio.timeout(5):
            await call.ended.wait()
        await floor.until_state(S.READY)
    assert [one.state for one in floor.states][-3:] == [S.HOLD, S.WRAP_UP, S.READY]

    async with citizen_calls(stand, caller="79280001123", hold_s=60, sound=440.0):  # and he gets the next one
        await (await floor.phone.next_call()).answer()
        await floor.until_state(S.TALKING)


async def test_a_refused_call_pauses_the_operator(stand: Stand, floor: Floor) -> None:
    async with citizen_calls(stand, caller="79280001122", hold_s=60, sound=440.0):
        call = await floor.phone.next_call()
        await call.reject()
        await floor.until_state(S.PAUSE)
        await floor.until_member(reason="P10")

    assert floor.states[-1].reason == "P10"


async def test_members_survive_a_restart_of_asterisk(own_db: Database) -> None:
    async with Stand(database=False, asterisk={"greeting": "beep"}) as own, open_floor(own, own_db) as floor:
        await floor.desk.pause(ANNA, "P02")
        await floor.until_member(reason="P02")
        await own.asterisk.restart()
        await floor.until(lambda: len({link.boot_id for link in floor.links if link.state is LinkState.UP}) == 2, 30)
        await floor.until_member(reason="P02")

        assert any(not member.present for member in floor.members)
