"""The call outlives the browser (issue 3): reload, crash, closed tab, another computer, a dead service.

Each time the citizen is never hung up, the operator hears him again and is heard, the recording goes on, and the
journal has one call.
"""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import expect

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import Launch, OpenDesk
from tests.browser.desk import Desk
from tests.browser.recovery import (
    CITIZEN_HZ,
    NUMBER,
    OTHER_HZ,
    ended,
    has_card,
    heard_again,
    house,
    kill_browser,
    live_key,
    rung_back,
    talk_and_write,
)
from tests.house import House

__all__ = ["house"]
pytestmark = [pytest.mark.calls, pytest.mark.browser]


async def test_a_reloaded_page_takes_its_call_back(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Within 5 s by itself: sound both ways, the card with its draft. Nobody is moved."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        for _ in range(2):  # the second time, the call that was taken back is
            began, known = time.monotonic(), len(house.log)
            await desk.page.reload()
            await expect(desk.phone).to_have_attribute("data-call", "talking", timeout=5_000)
            await desk.hears(CITIZEN_HZ)
            assert time.monotonic() - began < 5  # the promise
            await heard_again(house, key, after=known)
            await has_card(desk)
        assert not [line for line in house.log if ": keep" in line]
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
    assert await desk.page.evaluate("sessionStorage.getItem('hotline.calls')") is None  # no secret is left


async def test_a_crashed_tab_is_rung_back(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        async with desk.page.expect_event("crash"):
            cdp = await desk.page.context.new_cdp_session(desk.page)
            crash = asyncio.ensure_future(cdp.send("Page.crash"))
        crash.cancel()
        await asyncio.gather(crash, return_exceptions=True)
        # A crashed tab cannot be reloaded from here; a new one knows nothing of the call, so the operator is rung.
        again = Desk(await desk.page.context.new_page(), house.url)
        await again.page.goto(house.url)
        await rung_back(house, again, key)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_the_operator_is_back_at_another_computer(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The browser is gone with everything it knew: the citizen waits with music and the operator is rung first."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await desk.page.context.close()
        await house.logged(f"call {key}, telephone 101 (grace): keep")
        again = await open_desk("op101")
        await rung_back(house, again, key)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_nobody_comes_back(house: House, open_desk: OpenDesk, launch: Launch, demo_db: Database) -> None:
    """The browser was killed. The citizen goes to the head of the queue, before others; the next has the draft."""
    browser = await launch()
    first = await open_desk("op101", browser=browser)
    await first.start_work()
    asterisk = house.stand.asterisk
    async with citizen_calls(asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        async with citizen_calls(asterisk, caller="79280003344", sound=OTHER_HZ, hold_s=120):
            await kill_browser(browser)
            await house.logged(f"call {key}, telephone 101 (waiting): requeue", within_s=40)
            second = await open_desk("op102")
            await second.phone.get_by_role("button", name="Начало работы").click()
            await second.rings(NUMBER)
            await second.answer()
            await second.hears(CITIZEN_HZ)
            await has_card(second)
            await second.hang_up()
            await ended(house, demo_db, citizen, key, others=1)


async def test_service_killed_while_the_citizen_is_on_hold(
    house: House, open_desk: OpenDesk, demo_db: Database
) -> None:
    """The operator takes him back by the same page; nobody was moved meanwhile."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await desk.phone.get_by_role("button", name="Удержать").click()
        await house.logged("talking -CallHeld-> hold")
        await house.kill()
        before = len(house.log)
        await house.start()
        await house.logged("phone 101: connected", after=before)
        await expect(desk.phone).to_have_attribute("data-status", "active", timeout=20_000)
        await house.logged(f"call {key}, telephone 101: grace is over (with him)", after=before)
        await desk.phone.get_by_role("button", name="Удержать").click()
        await desk.hears(CITIZEN_HZ)
        await heard_again(house, key)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
        assert not [line for line in house.log if ": keep" in line]
