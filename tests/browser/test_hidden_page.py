"""A page that nobody sees changes nothing: hidden, throttled, then frozen, in a call and after it (issue 3).

Playwright keeps every page that it opens visible. So this Chromium is a process of its own, and Playwright only joins
it: the desk lies behind another tab, is hidden, and its timers run once a second. On top of that it is frozen, which is
more than Chromium does to a page with a call: none of its timers and messages runs.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from sqlalchemy import text

from hotline.db import Database
from hotline.stand.postgres import die_with_parent
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from hotline.stand.tones import RATE
from tests.browser.conftest import ARGUMENTS, CHROMIUM, EARS, OpenDesk, microphone
from tests.browser.desk import Desk
from tests.browser.recovery import CITIZEN_HZ, hear_from, leg, live_key, talk_and_write
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

FROZEN_S = 12
"""How long the page is frozen in the talk. 130 s were measured by hand: docs/telephony.md."""
WRAP_UP_S = 3
PAUSE = "P09"
WINDOW_S = 2
"""The operator's tone comes in bursts twice a second: it must be in every stretch of this length."""


@pytest.fixture
async def house(stand: Stand, demo_db_url: str, demo_db: Database) -> AsyncIterator[House]:
    """A house with a short wrap-up, and a pause that is over its limit at once."""
    async with demo_db.begin() as session:
        await session.execute(text("UPDATE pause_reason SET limit_min = 0 WHERE code = :code"), {"code": PAUSE})
    running = House(stand, demo_db_url, settings={"HOTLINE_WRAP_UP_S": str(WRAP_UP_S)})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()
        sys.stdout.write("\n".join(running.log[-100:]))  # pytest shows it with a failed test


@pytest.fixture
async def behind(house: House, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk in a Chromium that throttles what nobody sees, as people's own ones do."""
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless", "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'profile'}"),
        *(*ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone(tmp_path)}", "about:blank"),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while not (found := re.search(rb"ws://\S+", await process.stderr.readline())):
                assert process.returncode is None
        reading = asyncio.create_task(process.stderr.read())  # a full pipe would stop it
        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(found[0].decode(), no_defaults=True)
            context = browser.contexts[0]
            await context.add_init_script(path=EARS)
            yield Desk(context.pages[0], house.url)
            await browser.close()
    finally:
        process.kill()
        await process.wait()
    await reading


async def hide(page: Page) -> None:
    """Bring another tab to the front."""
    front = await page.context.new_page()
    await front.bring_to_front()
    await page.wait_for_function("document.visibilityState === 'hidden'")


async def shown_s(page: Page, selector: str) -> int:
    """Read a clock of the page, in seconds."""
    minutes, _, seconds = (await page.locator(selector).inner_text()).strip().rpartition(":")
    return int(minutes) * 60 + int(seconds)


async def grows(house: House, key: str, seconds: float) -> int:
    """Wait until the recording of what the citizen hears is so much longer; return where it was."""
    sent = leg(house, key, "out")
    before = sent.stat().st_size
    async with asyncio.timeout(seconds + 10):
        while sent.stat().st_size < before + seconds * RATE * 2:
            await house.stand.asterisk.cli("core show uptime")  # takes its time; nothing tells when a file grows
    return before


async def freeze(page: Page, state: str = "frozen") -> None:
    """Stop the page, or let it go on with ``active``."""
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Page.setWebLifecycleState", {"state": state})
    await cdp.detach()


async def talks_through_a_freeze(house: House, desk: Desk, key: str, db: Database) -> None:
    """Citizen and operator hear each other while the page stands still; afterwards its clock is right."""
    played, since = await desk.page.evaluate("earsPlayed()"), time.monotonic()
    await freeze(desk.page)
    began = await grows(house, key, FROZEN_S)
    await freeze(desk.page, "active")
    frozen_s = time.monotonic() - since
    played = await desk.page.evaluate("earsPlayed()") - played
    heard = hear_from(leg(house, key, "out"), began)
    windows = [heard[at : at + 4 * WINDOW_S] for at in range(0, len(heard) - 4 * WINDOW_S, 4 * WINDOW_S)]
    assert all(any(one.is_tone() for one in window) for window in windows), "the citizen did not hear the operator"
    assert played > frozen_s * 0.9, f"of {frozen_s:.1f} s the operator heard {played:.1f}"
    await desk.hears(CITIZEN_HZ)
    await expect(desk.phone).to_have_attribute("data-call", "talking")
    async with db.begin() as session:
        answered = await session.scalar(text("SELECT answered_at FROM call WHERE key = :key"), {"key": key})
    assert answered is not None
    talked = (datetime.now(UTC) - answered).total_seconds()
    assert await shown_s(desk.page, ".phone-time b") == pytest.approx(talked, abs=2)


async def test_a_hidden_and_frozen_page_changes_nothing(
    house: House, behind: Desk, open_desk: OpenDesk, demo_db: Database
) -> None:
    """Talk, wrap-up, pause and its limit go their way without the page, which then tells the truth (DAY-05, DAY-36)."""
    page, boss = behind.page, await open_desk("sup301")
    await behind.log_in("op101")
    await behind.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=300) as citizen:
        await talk_and_write(behind)
        key = await live_key(demo_db)
        await page.locator(".desk-state summary").click()
        await page.locator(f"[data-operator-reason-param={PAUSE}]").click()  # planned: after this call
        await hide(page)
        await behind.hears(CITIZEN_HZ)
        await talks_through_a_freeze(house, behind, key, demo_db)
        await freeze(page)  # again, and now everything that follows a call happens without the page
        await citizen.hang_up()
    await house.logged("talking -CallEnded-> wrap_up")
    await house.logged("wrap_up -Tick-> pause", within_s=WRAP_UP_S + 5)
    paused = datetime.now(UTC)
    await expect(boss.page.locator(".desk-late")).to_contain_text("Пауза дольше нормы: 1")
    await freeze(page, "active")
    await behind.is_free()
    state = page.locator(".desk-state")
    await expect(state).to_have_attribute("data-state", "pause")
    await expect(state).to_have_attribute("data-level", "amber")
    since = datetime.fromisoformat(await state.get_attribute("data-operator-since-value") or "")
    assert abs((paused - since).total_seconds()) < 2
    await expect(page.locator(".wrap-up")).to_be_hidden()
    await expect(page.locator("#banner")).to_be_hidden()
    assert not [line for line in house.log if ": keep" in line]
    assert await page.evaluate("document.visibilityState") == "hidden"
