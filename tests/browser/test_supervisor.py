"""DAY-15 in two real browsers: a supervisor listens and whispers from the board; axe finds nothing (WCAG 2.2 AA)."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hotline.stand.sipp import citizen_calls
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ, CALLER = 440.0, "79285550191"


async def listen(boss: Desk) -> None:
    """Choose it in the menu of the operator who talks, and say why: by the keyboard once the menu is open."""
    page = boss.page
    card = page.locator(".board-card[data-state=talking]")
    await card.locator(".board-menu summary").press("Enter")
    await card.locator("[data-board-act=listen]").press("Enter")
    await page.locator("dialog .ask-line input").fill("Разбор жалобы")
    await page.keyboard.press("Enter")
    await expect(page.locator(".supervision-bar")).to_have_attribute("data-stage", "listen", timeout=15_000)


async def test_a_supervisor_listens_and_whispers_from_the_board(house: House, open_desk: OpenDesk) -> None:
    operator, boss = await open_desk("op101"), await open_desk("sup301")
    page = boss.page
    await operator.start_work()
    await page.goto(f"{boss.url}/board")
    await boss.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, sound=CITIZEN_HZ, hold_s=120):
        await operator.answer()
        await operator.hears(CITIZEN_HZ)
        await page.locator("[data-state-chip=talking]").click()
        await listen(boss)
        await boss.hears(CITIZEN_HZ)
        # He is no free operator meanwhile, and the one whom he hears knows nothing of it.
        await expect(page.locator(".desk-state [data-state=talking]")).to_be_visible()
        await expect(page.locator(".board-card[data-state=talking]")).to_have_count(2)
        await expect(operator.page.locator(".supervision-told")).to_be_hidden()
        found = await violations(page, "/board, listening")
        await page.keyboard.press("Alt+Shift+W")
        await expect(page.locator(".supervision-bar")).to_have_attribute("data-stage", "whisper", timeout=15_000)
        await expect(operator.page.locator(".supervision-told")).to_be_visible()
        found += await violations(page, "/board, whispering")
        found += await violations(operator.page, "the card, whispered to")
        await page.locator(".supervision-end").press("Enter")
        await expect(page.locator(".supervision-bar")).to_be_hidden()
        await expect(page.locator(".desk-state [data-state=ready]")).to_be_visible()
        await expect(operator.phone).to_have_attribute("data-call", "talking")
        assert found == [], "\n".join(found)
        await operator.hang_up()
