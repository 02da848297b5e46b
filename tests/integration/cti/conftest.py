"""A fake AMI server and a link to it, with short times so that faults show quickly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings
from hotline.cti.framing import Message
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Timing
from hotline.cti.model import LinkState
from hotline.cti.testing import FakeAmiServer
from tests.integration.cti.talks import citizen, house, operators

__all__ = ["ami", "citizen", "heard", "house", "link", "operators"]

FAST = Timing(
    connect=2,
    login=2,
    boot=2,
    ping_every=60,
    pong=0.2,
    reply=2,
    list=2,
    first_retry=0.01,
    longest_retry=0.05,
    refused_retry=0.05,
)
LIMIT = 5
"""Seconds after which a wait in these tests has failed."""


class Recorder:
    """What a link told its owner."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.states: list[tuple[LinkState, str]] = []
        self.raising = False
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def on_message(self, message: Message) -> None:
        self.messages.append(message)
        task = asyncio.ensure_future(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.raising:
            raise RuntimeError("a fault in a handler")

    def on_state(self, state: LinkState, reason: str) -> None:
        self.states.append((state, reason))

    async def until(self, count: int) -> list[Message]:
        """Wait for ``count`` messages in all."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()


def settings_for(ami: FakeAmiServer, secret: str = "secret") -> AsteriskSettings:
    return AsteriskSettings(name="pbx1", ami_port=ami.port, ami_user="hotline", ami_secret=SecretStr(secret))


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmiServer]:
    async with FakeAmiServer() as server:
        yield server


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
async def link(ami: FakeAmiServer, heard: Recorder) -> AsyncIterator[AmiLink]:
    """A link that has logged in."""
    made = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=FAST)
    await made.start()
    async with asyncio.timeout(LIMIT):
        await made.wait_for(LinkState.SYNCING)
    yield made
    await made.stop()
