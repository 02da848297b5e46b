"""One suite on the fake AMI server and on the real Asterisk: what one does, the other must do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings
from hotline.cti import snapshot
from hotline.cti.commands import Commands, Place
from hotline.cti.errors import CommandRefused
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Timing
from hotline.cti.model import LinkState
from hotline.cti.testing import FakeAmiServer
from hotline.errors import BadInput, NotFound
from hotline.stand.service import Stand
from tests.integration.cti.conftest import settings_for

QUEUE = "hotline"
GONE = "PJSIP/199-0000ffff"
LIMIT = 20


async def members(link: AmiLink) -> dict[str, tuple[str, str, str]]:
    """Return interface → (name, paused, reason) of the queue's members."""
    rows = await link.collect({"Action": "QueueStatus", "Queue": QUEUE})
    return {
        row.headers["Location"]: (row.headers["Name"], row.headers["Paused"], row.headers["PausedReason"])
        for row in rows
        if row.event == "QueueMember"
    }


class Contract:
    """The suite."""

    @pytest.fixture
    async def settings(self) -> AsteriskSettings:
        """Settings of the Asterisk under test."""
        raise NotImplementedError

    @pytest.fixture
    async def link(self, settings: AsteriskSettings) -> AsyncIterator[AmiLink]:
        made = AmiLink(settings, lambda _: None, lambda *_: None, SystemClock())
        await made.start()
        async with asyncio.timeout(LIMIT):
            await made.wait_for(LinkState.SYNCING)
        yield made
        await made.stop()

    @pytest.fixture
    def commands(self, link: AmiLink) -> Commands:
        return Commands(link)

    async def test_ping(self, link: AmiLink) -> None:
        assert (await link.send({"Action": "Ping"})).headers["Ping"] == "Pong"
        assert link.framer.version is not None

    async def test_wrong_secret(self, settings: AsteriskSettings) -> None:
        wrong = settings.model_copy(update={"ami_secret": SecretStr("wrong")})
        link = AmiLink(wrong, lambda _: None, lambda *_: None, SystemClock(), timing=Timing(refused_retry=60))
        await link.start()
        async with asyncio.timeout(LIMIT):
            await link.wait_for(LinkState.REFUSED)
        assert "Authentication failed" in link.reason
        await link.stop()

    async def test_unknown_action(self, link: AmiLink) -> None:
        with pytest.raises(CommandRefused, match="Invalid/unknown command"):
            await link.send({"Action": "NoSuchAction"})

    async def test_member_comes_pauses_and_goes(self, link: AmiLink, commands: Commands) -> None:
        await commands.add_member(QUEUE, "191", "17", paused=True, penalty=2)
        assert (await members(link))["PJSIP/191"][:2] == ("17", "1")
        await commands.pause_member("191", paused=False)
        assert (await members(link))["PJSIP/191"][:2] == ("17", "0")
        await commands.pause_member("191", paused=True, reason="обед")
        assert (await members(link))["PJSIP/191"] == ("17", "1", "обед")
        await commands.remove_member(QUEUE, "191")
        assert "PJSIP/191" not in await members(link)

    async def test_adding_twice_brings_the_wanted_state(self, link: AmiLink, commands: Commands) -> None:
        await commands.add_member(QUEUE, "192", "17", paused=True)
        await commands.add_member(QUEUE, "192", "18", paused=False)
        assert (await members(link))["PJSIP/192"][:2] == ("18", "0")
        await commands.remove_member(QUEUE, "192")

    async def test_asterisk_says_already_there(self, link: AmiLink, commands: Commands) -> None:
        await commands.add_member(QUEUE, "193", "17", paused=True)
        with pytest.raises(CommandRefused, match="Already there"):
            await link.send({"Action": "QueueAdd", "Queue": QUEUE, "Interface": "PJSIP/193"})
        await commands.remove_member(QUEUE, "193")

    async def test_removing_twice_is_harmless(self, commands: Commands) -> None:
        await commands.remove_member(QUEUE, "194")

    async def test_what_asterisk_does_not_know_is_refused(self, commands: Commands) -> None:
        with pytest.raises(CommandRefused):
            await commands.add_member("nosuchqueue", "195", "17", paused=False)
        with pytest.raises(CommandRefused):
            await commands.remove_member("nosuchqueue", "195")
        with pytest.raises(CommandRefused):
            await commands.pause_member("195", paused=True)

    async def test_channel_that_is_gone_is_not_found(self, commands: Commands) -> None:
        with pytest.raises(NotFound):
            await commands.hangup(GONE)
        with pytest.raises(NotFound):
            await commands.redirect(GONE, Place("hold", "s"))
        with pytest.raises(NotFound):
            await commands.redirect(GONE, Place("hold", "s"), GONE, Place("consult", "102"))
        with pytest.raises(NotFound):
            await commands.set_variable(GONE, "X", "1")
        with pytest.raises(NotFound):
            await commands.mute_recording(GONE, on=True)

    async def test_nobody_answers_an_originate(self, commands: Commands) -> None:
        with pytest.raises(CommandRefused, match="nobody answered"):
            await commands.originate("PJSIP/199", Place("hold", "s"), variables={"A": "1", "B": "2"}, ring_s=2)

    @pytest.mark.parametrize("extension", ["", "1", "10x", "101&PJSIP/102", "١٠١", "123456789"])
    async def test_only_internal_numbers_name_a_device(self, commands: Commands, extension: str) -> None:
        with pytest.raises(BadInput):
            await commands.add_member(QUEUE, extension, "17", paused=False)
        with pytest.raises(BadInput):
            await commands.pause_member(extension, paused=True)

    async def test_snapshot(self, link: AmiLink) -> None:
        seen = await snapshot.read(link, SystemClock())
        assert QUEUE in seen.queues
        assert len(seen.boot_id) == len("2026-11-20 06:00:00")


class TestFake(Contract):
    """On the fake."""

    @pytest.fixture
    async def settings(self, ami: FakeAmiServer) -> AsteriskSettings:
        return settings_for(ami)


@pytest.mark.calls
class TestReal(Contract):
    """On the stand's Asterisk."""

    @pytest.fixture
    async def settings(self, stand: Stand) -> AsteriskSettings:
        return stand.asterisk.settings

    async def test_boot_time_is_known(self, link: AmiLink) -> None:
        assert link.booted_at is not None
        assert link.booted_at < SystemClock().now()
