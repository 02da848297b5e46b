"""How a call sounds, measured in the operator's browser on a real call; what happens when the sound goes one way."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable, Sequence

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import OPERATOR_HZ, OpenDesk
from tests.browser.desk import Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ = 440.0
NUMBER = "+7 928 000-11-22"
WITHIN_MS = 5_000  # the promise: an alarm within five seconds


def alarm(desk: Desk) -> Locator:
    """The banner about the sound."""
    return desk.phone.locator("[data-quality-target=alarm]")


async def open_sound(desk: Desk) -> Locator:
    """The tab «Звук»."""
    await desk.phone.get_by_role("tab", name="Звук").click()
    return desk.phone.locator("#phone-sound")


async def written(db: Database, fits: Callable[[RowMapping], bool]) -> RowMapping:
    """Wait until the figures of the only call are written, which comes after the row of the call itself."""
    rows: Sequence[RowMapping] = ()
    try:
        async with asyncio.timeout(10):
            while not (rows and fits(rows[0])):
                async with db.begin() as session:
                    found = await session.execute(
                        text("SELECT q.* FROM call_quality q JOIN call c ON c.key = q.call_key")
                    )
                    rows = found.mappings().all()
    except TimeoutError:
        raise AssertionError(f"the figures of the call are {rows}") from None
    (row,) = rows
    return row


async def test_a_call_is_measured_shown_and_kept(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """A good call: a word for the operator and for the supervisor, figures on request, a row when it is over."""
    desk, boss = await open_desk("op101"), await open_desk("sup301")
    await boss.page.goto(f"{house.url}/directory")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120):
        await desk.rings(NUMBER)
        await desk.answer()
        await expect(desk.phone.locator(".phone-line")).to_have_text(re.compile("Связь хорошая"), timeout=10_000)
        sound = await open_sound(desk)
        mos = await sound.locator("[data-quality-target=mos]").inner_text()
        assert 4.0 < float(mos.replace(",", ".")) < 4.5
        await expect(boss.page.locator('[data-quality-of="101"]')).to_have_text(re.compile("Связь хорошая"))
        # Asterisk has reported once: the way there and back is known.
        await expect(sound.locator("[data-quality-target=rtt]")).to_have_text(re.compile(r"\d"), timeout=15_000)
        await expect(alarm(desk)).to_be_hidden()
        await desk.hang_up()
    await house.logged("is over and in the journal")
    await expect(boss.page.locator('[data-quality-of="101"]')).to_be_hidden()
    row = await written(demo_db, lambda one: one["received"] > 100)
    assert row["extension"] == "101"
    assert row["mos_sum"] / row["scored"] > 4
    assert row["alarms"] == 0
    await desk.page.goto(f"{house.url}/calls")
    await expect(desk.page.locator("tr", has_text="Связь хорошая")).to_have_count(1)


async def test_a_dead_network_is_told_and_mended(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Nothing comes from Asterisk any more: the operator and the log know; when it is back the voices are, too."""
    desk = await open_desk("op101")
    await desk.start_work()
    asterisk = house.stand.asterisk
    async with citizen_calls(asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings(NUMBER)
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        asterisk.signal(signal.SIGSTOP)
        try:
            await expect(alarm(desk)).to_be_visible(timeout=WITHIN_MS)
            await expect(alarm(desk)).to_have_attribute("data-alarm", "path-lost")
            await house.logged("path-lost")
        finally:
            asterisk.signal(signal.SIGCONT)
        await expect(alarm(desk)).to_be_hidden(timeout=15_000)
        await house.logged("as it should be")
        await desk.hears(CITIZEN_HZ)
        await expect(desk.phone).to_have_attribute("data-call", "talking")
        await desk.hang_up()
        assert (await citizen.wait()).ok
    await house.logged("is over and in the journal")
    row = await written(demo_db, lambda one: one["alarms"] >= 1)
    assert row["alarm_s"] > 0
    assert row["mos_min"] < 3.6


async def test_a_silent_line_is_told_and_ends_nothing(house: House, open_desk: OpenDesk) -> None:
    """The citizen's side sends no sound, the network lives: told at once; mending does not cost the call."""
    desk, boss = await open_desk("op101"), await open_desk("sup301")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings(NUMBER)
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        os.killpg(citizen.pid, signal.SIGSTOP)
        try:
            await expect(alarm(desk)).to_be_visible(timeout=WITHIN_MS)
            await expect(alarm(desk)).to_have_attribute("data-alarm", "nothing-received")
            await expect(boss.page.locator("#toasts")).to_contain_text("Оператор 101: никого не слышит")
        finally:
            os.killpg(citizen.pid, signal.SIGCONT)
        await expect(alarm(desk)).to_be_hidden(timeout=10_000)
        await desk.hears(CITIZEN_HZ)
        await desk.hang_up()


async def test_the_echo_lets_one_hear_oneself_through_another_microphone(house: House, open_desk: OpenDesk) -> None:
    """DAY-13: the echo test; the microphone is changed in the call, stays after a reload, and is heard on both."""
    desk = await open_desk("op101")
    await desk.start_work()
    sound = await open_sound(desk)
    echo = sound.get_by_role("button", name="Услышать себя")
    await echo.click()
    await expect(sound.get_by_text("вы должны услышать себя")).to_be_visible(timeout=10_000)
    await desk.hears(OPERATOR_HZ, tolerance=25)
    microphones = sound.get_by_label("Микрофон", exact=True)
    other = await microphones.locator("option:not([value=''])").last.inner_text()
    before = await desk.page.evaluate("() => window.earsSend()")
    await microphones.select_option(label=other)
    await desk.page.wait_for_function(
        "before => ![null, before].includes(window.earsSend())", arg=before, timeout=5_000
    )
    await desk.hears(OPERATOR_HZ, tolerance=25)
    await expect(sound.locator("[data-sound-target=warning]")).to_be_hidden()
    await echo.click()
    await desk.is_free()
    await desk.page.reload()
    await desk.is_active(within_ms=20_000)
    await open_sound(desk)
    await expect(microphones.locator("option:checked")).to_have_text(other)
