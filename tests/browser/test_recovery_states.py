"""The browser or the service is lost in another state than a plain talk: on hold, in a consultation, while it rings."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.async_api import Browser, expect

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import EARS, OpenDesk
from tests.browser.desk import RING_MS, Desk
from tests.browser.recovery import (
    CITIZEN_HZ,
    NUMBER,
    consulting,
    ended,
    has_card,
    heard_again,
    hold,
    house,
    live_key,
    press,
    rung_back,
    talk_and_write,
)
from tests.house import House
from tests.relay import relay

__all__ = ["house"]
pytestmark = [pytest.mark.calls, pytest.mark.browser]

LATER = "Уточнила: переехала в другой район."


async def test_reload_while_the_citizen_is_on_hold(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """His music goes on; the operator is rung for him, with the card, and talks with him."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await hold(house, desk)
        await desk.page.reload()
        await rung_back(house, desk, key)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_reload_in_a_consultation(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The citizen is not left waiting for a page: the colleague, who is on the line, gets him with the card."""
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        await consulting(house, first, second)
        await first.page.reload()
        await second.hears(CITIZEN_HZ)
        await has_card(second)
        await heard_again(house, key)
        await second.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_service_killed_while_the_telephone_rings(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The ring is taken up again by the new service; the citizen is answered, his card opens."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings(NUMBER)
        await house.kill()
        before = len(house.log)
        await house.start()
        await house.logged("phone 101: connected", after=before)
        await desk.rings(NUMBER)
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        key = await live_key(demo_db)
        await expect(desk.field("content")).to_be_editable(timeout=RING_MS)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_service_killed_in_a_consultation(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """All three wait it out; the operator completes the hand-over afterwards."""
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        await consulting(house, first, second)
        await house.kill()
        before = len(house.log)
        await house.start()
        for extension in ("101", "201"):
            await house.logged(f"phone {extension}: connected", after=before)
        await expect(first.phone).to_have_attribute("data-status", "active", timeout=20_000)
        await press(first, "Передать")
        await second.hears(CITIZEN_HZ)
        await has_card(second)
        await second.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_killed_renderer(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """kill -9 of the page's process: no unload handler, no closing handshake; a new page gets the call."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        browser = desk.page.context.browser
        assert browser is not None
        cdp = await browser.new_browser_cdp_session()
        processes = (await cdp.send("SystemInfo.getProcessInfo"))["processInfo"]
        async with desk.page.expect_event("crash"):
            for process in processes:
                if process["type"] == "renderer":
                    os.kill(int(process["id"]), signal.SIGKILL)
        again = Desk(await desk.page.context.new_page(), house.url)
        await again.page.goto(house.url)
        await rung_back(house, again, key)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_a_network_that_comes_back(stand: Stand, demo_db_url: str, chromium: Browser, demo_db: Database) -> None:
    """Both connections break, not for long: nobody is moved, and what was typed meanwhile reaches the server."""
    async with relay() as network:
        house = House(stand, demo_db_url, settings={"HOTLINE_PUBLIC_URL": network.url})
        network.target = house.port
        await house.start()
        page = await chromium.new_page(locale="ru-RU", permissions=["microphone"])
        try:
            await page.add_init_script(path=EARS)
            desk = Desk(page, network.url)
            await desk.log_in("op101")
            await desk.start_work()
            async with citizen_calls(stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
                await talk_and_write(desk)
                key = await live_key(demo_db)
                before = len(house.log)
                network.cut()
                await expect(desk.phone).to_have_attribute("data-status", "reconnecting", timeout=RING_MS)
                await desk.field("content").fill(LATER)
                network.mend()
                await house.logged("phone 101: connected", after=before)
                await expect(desk.phone).to_have_attribute("data-status", "active", timeout=RING_MS)
                await desk.hears(CITIZEN_HZ)
                await house.logged("PUT /api/drafts/{id} 200", after=before)
                await desk.hang_up()
                await ended(house, demo_db, citizen, key)
            assert not [line for line in house.log if ": keep" in line]
        finally:
            await page.context.close()
            await house.stop()
