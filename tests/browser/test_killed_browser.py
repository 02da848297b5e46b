"""kill -9 of the whole browser in a talk, on hold, in a consultation and in a ring (issue 3).

The citizen hears message and music, and is given to the operator who logs in anew, or to the colleague on the line.
"""

from __future__ import annotations

import time

import pytest
from playwright.async_api import expect

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import Launch, OpenDesk
from tests.browser.desk import RING_MS
from tests.browser.recovery import (
    CITIZEN_HZ,
    NUMBER,
    consulting,
    ended,
    has_card,
    heard_again,
    hold,
    house,
    kill_browser,
    live_key,
    music_plays,
    rung_back,
    talk_and_write,
)
from tests.house import House

__all__ = ["house"]
pytestmark = [pytest.mark.calls, pytest.mark.browser]

PROMISE_S = 5
"""Sound both ways again, counted from the moment at which the operator's new page is ready (issue 3)."""


@pytest.mark.parametrize("state", ["talk", "hold"])
async def test_a_killed_browser_and_a_new_log_in(
    state: str, house: House, open_desk: OpenDesk, launch: Launch, demo_db: Database
) -> None:
    """Message and music; whoever logs in elsewhere is rung for the citizen and talks with him within five seconds."""
    browser = await launch()
    desk = await open_desk("op101", browser=browser)
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        if state == "hold":
            await hold(house, desk)
        await kill_browser(browser)
        await house.logged(f"call {key}, telephone 101 (grace): keep")
        await music_plays(house, key)
        again = await open_desk("op101")
        await expect(again.phone).to_have_attribute("data-status", "active", timeout=RING_MS)
        ready = time.monotonic()
        await rung_back(house, again, key)
        assert time.monotonic() - ready < PROMISE_S
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_a_browser_killed_in_a_consultation(
    house: House, open_desk: OpenDesk, launch: Launch, demo_db: Database
) -> None:
    """The colleague, who is on the line, gets the citizen with the card; whoever comes back is free."""
    browser = await launch()
    first, second = await open_desk("op101", browser=browser), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        await consulting(house, first, second)
        await kill_browser(browser)
        await second.hears(CITIZEN_HZ)
        await has_card(second)
        await heard_again(house, key)
        again = await open_desk("op101")
        await again.is_active()
        await second.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_a_browser_killed_while_it_rings(
    house: House, open_desk: OpenDesk, launch: Launch, demo_db: Database
) -> None:
    """The ring that nobody hears is ended, nobody is paused for it, and the new page rings for the same citizen."""
    browser = await launch()
    desk = await open_desk("op101", browser=browser)
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings(NUMBER)
        await kill_browser(browser)
        await house.logged("rings at 101, whose connection is gone: ended")
        again = await open_desk("op101")
        await talk_and_write(again)
        key = await live_key(demo_db)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)
    assert not [line for line in house.log if "OfferMissed" in line]
