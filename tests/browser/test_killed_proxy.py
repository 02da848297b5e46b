"""kill -9 of the proxy in front of the service in a talk, on hold, in a consultation and in a ring (issue 3).

Voices do not go through it: nobody is moved, nothing is typed in vain, and the pages come back without a reload.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import OpenDesk
from tests.browser.desk import RING_MS, Desk
from tests.browser.recovery import (
    CITIZEN_HZ,
    CONTENT,
    NUMBER,
    consulting,
    ended,
    has_card,
    hold,
    live_key,
    press,
    talk_and_write,
)
from tests.house import House
from tests.proxy import Proxy, proxy

pytestmark = [pytest.mark.calls, pytest.mark.browser]

LATER = CONTENT + " И сколько ждать?"


@pytest.fixture
async def front() -> AsyncIterator[Proxy]:
    """The proxy."""
    async with proxy() as made:
        yield made


@pytest.fixture
async def house(stand: Stand, demo_db_url: str, front: Proxy) -> AsyncIterator[House]:
    """A house that browsers reach through the proxy only."""
    running = House(stand, demo_db_url, settings={"HOTLINE_PUBLIC_URL": front.url, "HOTLINE_TRUSTED_PROXIES": "1"})
    front.target = running.port
    try:
        await running.start()
        await front.start()
        yield running
    finally:
        await running.stop()
        sys.stdout.write("\n".join(running.log[-100:]))  # pytest shows it with a failed test


async def kill_and_start(house: House, front: Proxy, desks: dict[str, Desk], typing: Desk | None = None) -> None:
    """Kill the proxy, see the pages notice, start it anew, see them come back without a reload."""
    for desk in desks.values():
        await desk.page.evaluate("window.samePage = true")
    before = len(house.log)
    await front.kill()
    for desk in desks.values():
        await expect(desk.phone).to_have_attribute("data-status", "reconnecting", timeout=RING_MS)
    if typing is not None:
        await typing.field("content").fill(LATER)
    await front.start()
    for extension, desk in desks.items():
        await house.logged(f"phone {extension}: connected", after=before)
        await expect(desk.phone).to_have_attribute("data-status", "active", timeout=RING_MS)
        assert await desk.page.evaluate("window.samePage")
    if typing is not None:
        await house.logged("PUT /api/drafts/{id} 200", after=before)


async def test_in_a_talk_and_on_hold(house: House, front: Proxy, open_desk: OpenDesk, demo_db: Database) -> None:
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await kill_and_start(house, front, {"101": desk}, typing=desk)
        await desk.hears(CITIZEN_HZ)
        await hold(house, desk)
        await kill_and_start(house, front, {"101": desk})
        await press(desk, "Удержать")
        await desk.hears(CITIZEN_HZ)
        await expect(desk.field("content")).to_have_value(LATER)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
    assert not [line for line in house.log if ": keep" in line]


async def test_in_a_consultation(house: House, front: Proxy, open_desk: OpenDesk, demo_db: Database) -> None:
    """The hand-over is completed afterwards, also when the colleague's request for the card was lost."""
    first, second = await open_desk("op101"), await open_desk("op201")
    await second.page.route("**/calls/*/card", lambda route: route.abort(), times=1)
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        await consulting(house, first, second)
        await kill_and_start(house, front, {"101": first, "201": second})
        await press(first, "Передать")
        await second.hears(CITIZEN_HZ)
        await has_card(second)
        await second.hang_up()
        await ended(house, demo_db, citizen, key)
    assert not [line for line in house.log if ": keep" in line]


async def test_while_it_rings(house: House, front: Proxy, open_desk: OpenDesk, demo_db: Database) -> None:
    """The same page rings again for the same citizen; nobody is paused for a ring that nobody could answer."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings(NUMBER)
        await kill_and_start(house, front, {"101": desk})
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
    assert not [line for line in house.log if "OfferMissed" in line]
