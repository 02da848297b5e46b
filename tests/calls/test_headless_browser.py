"""The browser's telephone in Chromium, through the proxy and Asterisk, talking to a headless phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext

from hotline.softphone.accounts import AccountService
from hotline.softphone.headless import HeadlessPhone
from hotline.softphone.headless_call import HeadlessCall
from hotline.softphone.model import SoftphoneAccount
from hotline.stand.service import Stand
from tests.browser.conftest import chromium, launch  # noqa: F401 - fixtures
from tests.calls.headless_parts import ProxyServer, direct_url, proxy_server
from tests.calls.phone_page import PhonePage, add_page, bundle

pytestmark = [pytest.mark.calls, pytest.mark.browser]

MICROPHONE_HZ = 700.0
"""What the fake microphone of the ``chromium`` fixture sings."""
FAR_HZ = 440


@dataclass
class Scene:
    """A telephone in a browser (extension 181) and a colleague without one (182)."""

    service: ProxyServer
    page: PhonePage
    context: BrowserContext
    anna: SoftphoneAccount
    boris: HeadlessPhone

    async def another_tab(self) -> PhonePage:
        page = await self.context.new_page()
        await page.goto(f"http://127.0.0.1:{self.service.server.port}/")
        return PhonePage(page)

    async def talk(self) -> HeadlessCall:
        """Boris calls, Anna answers."""
        call = await self.boris.call("181")
        await self.page.until("call?.state === 'ringing'")
        await self.page.do("answer()")
        await self.page.until("call?.state === 'talking'")
        await happens(call.answered)
        return call


@pytest.fixture(scope="module")
async def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await bundle(tmp_path_factory.mktemp("phone"))


@pytest.fixture
async def scene(stand: Stand, chromium: Browser, script: Path) -> AsyncIterator[Scene]:  # noqa: F811 - the fixture
    async with aiohttp.ClientSession() as http:
        accounts = AccountService(http, stand.asterisk_settings)
        anna, boris = await accounts.open("181", "Анна"), await accounts.open("182", "Борис")
        url = stand.asterisk_settings.http_url
        async with (
            proxy_server(url, extend=partial(add_page, script=script)) as service,
            HeadlessPhone(boris, direct_url(stand.asterisk_settings), tone_hz=FAR_HZ) as phone,
        ):
            context = await chromium.new_context(permissions=["microphone"])
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{service.server.port}/")
            yield Scene(service, PhonePage(page), context, anna, phone)
            await context.close()
        await accounts.close("181")
        await accounts.close("182")


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(15):
        await event.wait()


async def test_incoming_call_with_sound_both_ways(scene: Scene) -> None:
    await scene.page.start(scene.anna)
    assert (await scene.page.until("view.status === 'active'"))["problem"] is None
    call = await scene.talk()
    shown = (await scene.page.view())["calls"][0]
    assert (shown["direction"], shown["number"], shown["role"]) == ("in", "182", "internal")
    assert shown["callKey"].startswith("pbx1-")
    await call.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    await scene.page.hears(FAR_HZ)
    assert await scene.page.level(1234) < -60
    await scene.page.do("hangup()")
    await happens(call.ended)
    assert call.end_reason == "remote-bye"
    await scene.page.until("view.calls.length === 0")
    assert await scene.page.page.locator("audio[data-phone-call]").count() == 0


async def test_outgoing_call_and_the_far_end_hangs_up(scene: Scene) -> None:
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    await scene.page.do("call('182')")
    await scene.page.until("call?.state === 'calling' && call.direction === 'out'")
    ring = await scene.boris.next_call()
    await ring.answer()
    await scene.page.until("call?.state === 'talking'")
    await ring.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    await ring.hangup()
    await scene.page.until("view.calls.length === 0")


async def test_refused_and_cancelled_calls_leave_nothing_behind(scene: Scene) -> None:
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    call = await scene.boris.call("181")
    await scene.page.until("call?.state === 'ringing'")
    await scene.page.do("hangup()")
    await happens(call.ended)
    assert call.end_reason.startswith("486")
    call = await scene.boris.call("181")
    await scene.page.until("call?.state === 'ringing'")
    await call.hangup()
    await scene.page.until("view.calls.length === 0")
    await scene.page.do("call('182')")
    ring = await scene.boris.next_call()
    await scene.page.do("hangup()")
    await happens(ring.ended)
    await scene.page.until("view.calls.length === 0")


async def test_mute_and_hold(scene: Scene) -> None:
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    call = await scene.talk()
    await call.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    await scene.page.do("mute(true)")
    await scene.page.until("call.muted")
    await silence(call)
    await scene.page.do("mute(false)")
    await call.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    await scene.page.do("hold(true)")
    await scene.page.until("call.held")
    await scene.page.do("hold(false)")
    await scene.page.until("!call.held")
    await call.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    await scene.page.hears(FAR_HZ)


async def test_conversation_outlives_a_restart_of_the_service(scene: Scene, stand: Stand) -> None:
    """Without the UPDATE after the new registration the browser would never hear of the far end's BYE."""
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    call = await scene.talk()
    port = scene.service.server.port
    await scene.service.proxy.close()
    await scene.service.server.close()
    await scene.page.until("view.status === 'reconnecting' && view.problem === 'connection-lost'")
    await call.meter.wait_for_tone(MICROPHONE_HZ, windows=1, within=10)
    async with proxy_server(stand.asterisk_settings.http_url, port=port) as service:
        view = await scene.page.until("view.status === 'active'")
        assert view["calls"][0]["state"] == "talking"
        await service.accepted("UPDATE")
        await call.hangup()
        await scene.page.until("view.calls.length === 0")


async def test_second_tab_shows_and_may_take_over(scene: Scene) -> None:
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    second = await scene.another_tab()
    await second.start(scene.anna)
    await second.until("view.status === 'active' && view.elsewhere")
    assert scene.service.proxy.stats.opened == 1
    call = await scene.boris.call("181")
    await second.until("call?.state === 'ringing'")
    await second.do("answer()")  # read-only there
    await call.hangup()
    await second.until("view.calls.length === 0")
    await second.start(scene.anna, how="takeOver")
    await second.until("view.status === 'active' && !view.elsewhere")
    await scene.page.until("view.elsewhere")
    call = await scene.boris.call("181")
    await second.until("call?.state === 'ringing'")
    await second.do("answer()")
    await happens(call.answered)


async def test_tab_that_is_closed_frees_the_telephone(scene: Scene) -> None:
    second = await scene.another_tab()
    await scene.page.start(scene.anna)
    await second.until("view.status === 'active' && view.elsewhere")
    await scene.page.page.close()
    await second.until("view.status === 'inactive' && !view.elsewhere")
    await second.start(scene.anna)
    await second.until("view.status === 'active'")


async def test_other_browser_takes_the_telephone(scene: Scene, chromium: Browser) -> None:  # noqa: F811
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    context = await chromium.new_context(permissions=["microphone"])
    elsewhere = await context.new_page()
    await elsewhere.goto(f"http://127.0.0.1:{scene.service.server.port}/")
    await PhonePage(elsewhere).start(scene.anna)
    await scene.page.until("view.status === 'inactive' && view.elsewhere")
    await PhonePage(elsewhere).until("view.status === 'active'")
    assert scene.service.proxy.stats.opened == 2
    await context.close()


async def test_wrong_password_is_said(scene: Scene) -> None:
    await scene.page.start(SoftphoneAccount("181", scene.anna.uri, "wrong"))
    await scene.page.until("view.status === 'inactive' && view.problem === 'registration-refused'")


async def test_stop_and_start_again(scene: Scene, stand: Stand) -> None:
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")
    await scene.page.page.evaluate("() => phone.stop()")
    assert (await scene.page.view())["status"] == "inactive"
    assert "181" not in await stand.asterisk.cli("pjsip show contacts")
    await scene.page.start(scene.anna)
    await scene.page.until("view.status === 'active'")


async def silence(call: HeadlessCall) -> None:
    """Wait for a second without the operator's tone."""
    quiet = 0
    async with asyncio.timeout(10):
        while quiet < 5:
            window = await call.meter.next_window()
            quiet = 0 if window.has_tone(MICROPHONE_HZ) else quiet + 1
