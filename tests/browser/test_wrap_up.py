"""After the call: the time for the card belongs to the server, the characteristic costs one key (S002-20, S001A-18)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CALLER = "79285550133"
WRAP_UP_S = 25


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    """A house whose wrap-up is long enough to be looked at."""
    running = House(stand, demo_db_url, settings={"HOTLINE_WRAP_UP_S": str(WRAP_UP_S)})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


async def talk(house: House, desk: Desk, caller: str = CALLER) -> None:
    """A citizen calls, is answered and left."""
    async with citizen_calls(house.stand.asterisk, caller=caller, hold_s=60):
        await expect(desk.phone).to_have_attribute("data-call", "ringing", timeout=15_000)
        await desk.answer()
        await desk.hang_up()


async def last_call(db: Database) -> dict[str, object]:
    async with db.begin() as session:
        row = await session.execute(text("SELECT * FROM call ORDER BY started_at DESC LIMIT 1"))
        return dict(row.mappings().one())


async def test_the_characteristic_costs_one_key(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Wrap-up with a countdown, one more minute, a reminder before ready, a note where one is needed."""
    desk = await open_desk("op101")
    await desk.start_work()
    await talk(house, desk)
    page, panel, wrap_up = desk.page, desk.page.locator("#disposition"), desk.page.locator(".wrap-up")
    state = page.locator(".desk-state")
    await expect(state).to_have_attribute("data-state", "wrap_up")
    await expect(panel.locator("form")).to_be_visible()
    await expect(panel.locator("form")).to_contain_text("+7 928 555-01-33")
    assert 1 <= await seconds_left(desk) <= WRAP_UP_S
    assert await violations(page, "wrap-up") == []
    await wrap_up.get_by_role("button", name="Ещё минуту").click()
    await expect(wrap_up.locator(".wrap-up-time")).to_contain_text("1:")

    # A reminder first, no matter of force: the second press would go through.
    await wrap_up.get_by_role("button", name="Готов к звонкам").click()
    await expect(page.locator("#toasts")).to_contain_text("Звонков без характеристики: 1")
    await expect(state).to_have_attribute("data-state", "wrap_up")

    await page.keyboard.press("Alt+3")  # the third of the profile: an information request, which needs a note
    note = panel.locator("#disposition-note")
    await expect(note).to_be_focused()
    await note.fill("Адрес поликлиники")
    await note.press("Enter")
    await expect(panel).to_be_hidden()
    call = await last_call(demo_db)
    assert (call["disposition_code"], call["disposition_note"]) == ("D03", "Адрес поликлиники")
    assert call["disposition_by_id"] == call["operator_id"]
    await page.keyboard.press("Alt+r")
    await expect(state).to_have_attribute("data-state", "ready")

    # A second call is left without a word: nothing blocks, the list names it, and a word of it is enough.
    await talk(house, desk, "79285550144")
    await expect(panel.locator("form")).to_be_visible()
    await page.goto(f"{house.url}/calls?unclassified=1")
    cell = page.locator("[data-disposition-of]")
    await expect(cell).to_have_count(1)
    await expect(cell).to_have_text("без характеристики")
    await cell.click()
    await page.keyboard.type("ошиб")  # blindly: whatever is still being loaded, no letter is lost
    await page.keyboard.press("Enter")
    await expect(cell).to_have_text("Ошибся номером")
    await expect(panel).to_be_hidden()
    assert (await last_call(demo_db))["disposition_code"] == "D09"


async def test_a_saved_card_needs_no_characteristic(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, hold_s=60):
        await expect(desk.phone).to_have_attribute("data-call", "ringing", timeout=15_000)
        await desk.answer()
        await desk.field("applicant_last_name").fill("Звонков")
        await desk.choose_topic("полис")
        await desk.field("content").fill("Где получить полис?")
        await desk.save()
        await desk.hang_up()
    await expect(desk.page.locator(".desk-state")).to_have_attribute("data-state", "wrap_up")
    await house.logged("is over and in the journal")
    call = await last_call(demo_db)
    assert call["disposition_code"] == "D01"
    # Asterisk's log may bring calls of other tests; this one is never asked about.
    await expect(desk.page.locator(f"#disposition form[data-call='{call['key']}']")).to_have_count(0)


async def test_a_sleeping_tab_changes_nothing(house: House, open_desk: OpenDesk) -> None:
    """The server ends the wrap-up on time while the page is frozen; the page tells the truth when it wakes."""
    desk = await open_desk("op101")
    await desk.start_work()
    await talk(house, desk)
    state = desk.page.locator(".desk-state")
    await expect(state).to_have_attribute("data-state", "wrap_up")
    since = datetime.fromisoformat(await state.get_attribute("data-operator-since-value") or "")
    assert 1 <= await seconds_left(desk) <= WRAP_UP_S
    browser = await desk.page.context.new_cdp_session(desk.page)
    await browser.send("Page.setWebLifecycleState", {"state": "frozen"})
    await house.logged("wrap_up -Tick-> ready", within_s=WRAP_UP_S + 5)
    assert abs((datetime.now(UTC) - since).total_seconds() - WRAP_UP_S) < 2
    await browser.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(state).to_have_attribute("data-state", "ready", timeout=5_000)
    await expect(desk.page.locator(".wrap-up")).to_be_hidden()


async def seconds_left(desk: Desk) -> int:
    """Read the countdown."""
    shown = desk.page.locator(".wrap-up-time")
    await expect(shown).to_contain_text(":")
    minutes, _, seconds = (await shown.inner_text()).partition(":")
    return int(minutes) * 60 + int(seconds)
