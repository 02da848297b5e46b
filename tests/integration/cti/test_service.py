"""The service on the fake AMI server: what it does when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import SystemClock
from hotline.cti.model import (
    Call,
    CallEvent,
    CallEventKind,
    DeviceChanged,
    EndSource,
    LinkChanged,
    LinkState,
    MemberChanged,
    QueueChanged,
)
from hotline.cti.service import CtiService
from hotline.cti.testing import FakeAmiServer, Headers, encode
from hotline.db import Database
from hotline.events import Bus
from tests.integration.cti.conftest import FAST, LIMIT, settings_for
from tests.unit.cti.captured import last_call, messages, story

Published = list[object]


class Audience:
    """Hears everything on the bus."""

    def __init__(self, bus: Bus) -> None:
        self.heard: list[object] = []
        self._news = asyncio.Condition()
        kinds = (CallEvent, LinkChanged, QueueChanged, MemberChanged, DeviceChanged)
        bus.subscribe(*kinds, handler=self._hear, name="audience")

    async def _hear(self, fact: object) -> None:
        async with self._news:
            self.heard.append(fact)
            self._news.notify_all()

    async def until(self, wanted: Callable[[object], bool]) -> object:
        """Wait until something heard is wanted; return the first."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: any(wanted(fact) for fact in self.heard))
        return next(fact for fact in self.heard if wanted(fact))

    @property
    def calls(self) -> list[CallEvent]:
        return [fact for fact in self.heard if isinstance(fact, CallEvent)]


async def no_sink(session: AsyncSession, calls: Sequence[Call]) -> None:
    """There are no logs in these tests."""


def wire(scenario: str) -> bytes:
    """Write a captured scenario as AMI does."""
    blocks = []
    for message in messages(scenario):
        headers: dict[str, str | list[str]] = {**message.headers, **message.repeated}
        blocks.append(encode(headers))
    return b"".join(blocks)


def up(fact: object) -> bool:
    return isinstance(fact, LinkChanged) and fact.state is LinkState.UP


def ended(fact: object) -> bool:
    return isinstance(fact, CallEvent) and fact.kind is CallEventKind.ENDED


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    made = Bus()
    yield made
    await made.close()


@pytest.fixture
async def audience(bus: Bus) -> Audience:
    return Audience(bus)


@pytest.fixture
async def service(
    ami: FakeAmiServer, bus: Bus, audience: Audience, db: Database, tmp_path: Path
) -> AsyncIterator[CtiService]:
    settings = settings_for(ami).model_copy(update={"log_dir": tmp_path, "recording_dir": tmp_path})
    made = CtiService(settings, bus, SystemClock(), db, no_sink, timing=FAST, backlog=500, import_every_s=60)
    await made.start()
    await audience.until(up)
    yield made
    await made.stop()


async def test_link_comes_up_after_the_snapshot(service: CtiService, audience: Audience) -> None:
    states = [fact.state for fact in audience.heard if isinstance(fact, LinkChanged)]
    assert states == [LinkState.CONNECTING, LinkState.SYNCING, LinkState.UP]
    assert audience.heard[-1] == replace(audience.heard[-1], boot_id="2026-11-20 06:00:00")  # type: ignore[type-var] # a LinkChanged, see above
    assert any(isinstance(fact, QueueChanged) and fact.waiting == 0 for fact in audience.heard)
    assert service.status()["state"] == "up"


async def test_conversation_is_published_in_order(ami: FakeAmiServer, service: CtiService, audience: Audience) -> None:
    ami.raw(wire("consult_complete"))
    await audience.until(ended)
    assert story(list(audience.calls)) == [
        "started - started",
        "queued - queued",
        "offered 101 ringing",
        "answered 101 talking",
        "held 101 held",
        "consulting 102 consulting",
        "transferred 102 talking",
        "ended - ended",
    ]
    assert service.calls == {}


async def test_what_is_read_is_told_without_a_task_between(
    ami: FakeAmiServer, bus: Bus, service: CtiService, audience: Audience
) -> None:
    """Every task on the way is another turn of the event loop before a telephone's ring is in the browser."""
    heard_in: list[object] = []
    bus.listen(CallEvent, listener=lambda _: heard_in.append(asyncio.current_task()), name="witness")
    await service.drain()
    ami.raw(wire("abandon"))
    await audience.until(ended)
    assert heard_in
    assert set(heard_in) == {None}  # the reader's callback itself


async def test_events_during_the_snapshot_are_folded_after_it(
    ami: FakeAmiServer, bus: Bus, audience: Audience, db: Database, tmp_path: Path
) -> None:
    """The whole conversation passes while the snapshot is being read: nothing of it may be lost."""

    def slow_channels(_: Headers) -> list[Headers]:
        ami.raw(wire("abandon"))
        return [
            {"Response": "Success", "EventList": "start"},
            {"Event": "CoreShowChannelsComplete", "EventList": "Complete"},
        ]

    ami.handlers["CoreShowChannels"] = slow_channels
    settings = settings_for(ami).model_copy(update={"log_dir": tmp_path})
    service = CtiService(settings, bus, SystemClock(), db, no_sink, timing=FAST, import_every_s=60)
    await service.start()
    await audience.until(ended)
    first_call = audience.heard.index(audience.calls[0])
    assert any(isinstance(fact, QueueChanged) for fact in audience.heard[:first_call])
    assert story(list(audience.calls))[-1] == "ended - ended"
    await service.stop()


async def test_lost_link_and_vanished_call(ami: FakeAmiServer, service: CtiService, audience: Audience) -> None:
    stream = wire("citizen_hangs_up")
    ami.raw(stream[: stream.index(b"Event: HangupRequest")])
    await audience.until(lambda f: isinstance(f, CallEvent) and f.kind is CallEventKind.ANSWERED)
    ami.drop()
    await audience.until(ended)
    assert last_call(list(audience.calls)).call.end_source is EndSource.RESYNC
    await audience.until(lambda f: up(f) and audience.heard.index(f) > audience.heard.index(audience.calls[-1]))


async def test_restarted_asterisk(ami: FakeAmiServer, service: CtiService, audience: Audience) -> None:
    stream = wire("citizen_hangs_up")
    ami.raw(stream[: stream.index(b"Event: HangupRequest")])
    await audience.until(lambda f: isinstance(f, CallEvent) and f.kind is CallEventKind.ANSWERED)
    ami.core_status["CoreStartupTime"] = "09:00:00"
    ami.drop()
    await audience.until(lambda f: up(f) and isinstance(f, LinkChanged) and f.boot_id.endswith("09:00:00"))
    assert last_call(list(audience.calls)).call.end_source is EndSource.RESTART


async def test_malformed_event_costs_only_itself(ami: FakeAmiServer, service: CtiService, audience: Audience) -> None:
    ami.raw(encode({"Event": "Hangup", "Timestamp": "1"}) + encode({"Event": "Newchannel"}) + wire("abandon"))
    await audience.until(ended)
    assert service.link.counts.losses == 0


async def test_overflow_throws_the_stream_away_and_reads_a_snapshot(
    ami: FakeAmiServer, service: CtiService, audience: Audience
) -> None:
    snapshots = len(ami.named("CoreShowChannels"))
    flood = encode({"Event": "DeviceStateChange", "Timestamp": "1", "Device": "PJSIP/101", "State": "INUSE"})
    # One write of many times the backlog: the reader takes it in before the consumer has its turn.
    ami.raw(flood * 5000)
    async with asyncio.timeout(LIMIT):
        await ami.received("CoreShowChannels", snapshots + 1)
    await service.drain()
    ami.raw(wire("abandon"))
    await audience.until(ended)
    assert service.link.counts.losses == 0


async def test_unreadable_snapshot_is_tried_again(
    ami: FakeAmiServer, bus: Bus, audience: Audience, db: Database, tmp_path: Path
) -> None:
    good = ami.handlers.pop("QueueStatus")
    settings = settings_for(ami).model_copy(update={"log_dir": tmp_path})
    service = CtiService(settings, bus, SystemClock(), db, no_sink, timing=FAST, import_every_s=60)
    await service.start()
    async with asyncio.timeout(LIMIT):
        await ami.received("QueueStatus", 2)
    assert not any(up(fact) for fact in audience.heard)
    ami.handlers["QueueStatus"] = good
    await audience.until(up)
    await service.stop()


async def test_stop_leaves_no_task_behind(service: CtiService) -> None:
    await service.stop()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith(("cti:", "ami:"))] == []
    assert service.status()["state"] == "down"
