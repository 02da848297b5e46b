"""Everybody can work here: axe-core finds no violation (WCAG 2.2 AA), and not one click of a mouse is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from hotline.clock import SystemClock
from hotline.cti.model import Outcome
from hotline.db import Database
from hotline.journal.calls import CallJournal
from hotline.stand.sipp import citizen_calls
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import PASSWORD, Desk
from tests.house import House
from tests.integration.web.conftest import KEY, NOW, ended_call

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CALLER, SHOWN = "79285550114", "+7 928 555-01-14"
TABS = 80
"""How many times somebody may have to press Tab to get from one end of the page to the other."""


async def visit(desk: Desk, path: str, ready: str) -> list[str]:
    """Open a page and examine it."""
    await desk.page.goto(f"{desk.url}{path}")
    await expect(desk.page.locator(ready).first).to_be_visible()
    return await violations(desk.page, path)


async def test_no_page_shuts_anybody_out(house: House, open_desk: OpenDesk) -> None:
    desk = await open_desk("op101")
    page = desk.page
    found = []
    for path, ready in (
        ("/journal", "#list-title"),
        ("/calls", "#list-title"),
        ("/directory", "[data-directory-row]"),
        ("/password", "[name=old]"),
        ("/drafts", ".empty"),
        ("/appeals/new", "form#card"),
    ):
        found += await visit(desk, path, ready)
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, hold_s=180):
        await desk.rings(SHOWN)
        await expect(desk.card).to_be_visible()
        found += await violations(page, "ringing")
        await desk.answer()
        await desk.field("applicant_last_name").fill("Щербакова")
        await desk.field("applicant_first_name").fill("Анна")
        await desk.choose_topic("полис")
        await page.keyboard.press("F7")
        await expect(page.locator(".script-row").first).to_be_visible()
        found += await violations(page, "card in a call, scripts open")
        await page.keyboard.press("1")
        await desk.field("content").fill("Где получить полис?")
        await desk.save()
        found += await violations(page, "saved appeal")
        await page.get_by_role("link", name="Редактировать").click()
        await expect(desk.card).to_be_visible()
        found += await violations(page, "saved appeal, editing")
        await page.goto(f"{desk.url}/appeals/new")
        # A page that is loaded in a call opens the card of the call: a search begun before that would go with its page.
        await expect(page.locator("form#card:not([data-card-call-value=''])")).to_be_visible()
        await page.locator("#search-q-applicant").fill("Щербакова")
        await page.locator("#search-q-applicant").press("Enter")
        await expect(page.locator("[data-person]").first).to_be_visible()
        found += await violations(page, "persons found")
    await page.goto(f"{desk.url}/journal")
    await expect(page.locator(".row-link").first).to_be_visible()
    found += await violations(page, "journal with a row")
    await page.context.clear_cookies()
    await page.goto(f"{desk.url}/login")
    found += await violations(page, "login")
    assert found == [], "\n".join(found)


async def consultation(first: Desk, second: Desk) -> list[str]:
    """Hold, ask a colleague, talk as three and come back: by the keys, each state examined."""
    page, held = first.page, first.phone.locator("[data-phone-call-target=hold]")
    await page.keyboard.press("Alt+m")
    await expect(held).to_be_enabled()
    await page.keyboard.press("Alt+o")
    await expect(first.phone.locator(".phone-headline")).to_have_text("Удержание")
    await first.phone.locator("[aria-controls=phone-keypad]").click()
    found = await violations(page, "muted, on hold, keypad open")
    await first.phone.locator("[aria-controls=phone-keypad]").click()
    await expect(held).to_be_enabled()
    await page.keyboard.press("Alt+o")
    await page.set_viewport_size({"width": 1024, "height": 800})  # here the panels hang over the card
    await first.field("content").focus()
    await page.keyboard.press("Alt+t")
    await page.keyboard.type("201")
    await expect(first.phone.locator("[data-transfer-target=blind]")).to_be_enabled()
    found += await violations(page, "transfer panel over the card")
    await page.keyboard.press("Enter")
    await expect(first.phone.locator("#phone-transfer")).to_be_hidden()
    await expect(first.field("content")).to_be_focused()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await second.answer()
    await expect(second.page.locator(".card-shown")).to_be_visible()
    await expect(first.phone.get_by_role("button", name="Говорить втроём")).to_be_enabled()
    found += await violations(page, "asking a colleague")
    found += await violations(second.page, "asked by a colleague")
    await page.keyboard.press("Alt+j")
    await expect(first.phone.locator(".phone-headline")).to_have_text("Разговор втроём")
    await expect(first.phone.locator("[data-transfer-target=cancel]")).to_be_enabled()
    await page.keyboard.press("Alt+b")
    await second.is_free()
    await expect(first.phone.locator(".phone-headline")).to_have_text("Идёт разговор")
    return found


async def parked_and_over(first: Desk, second: Desk) -> list[str]:
    """The colleague's second call, the parking board, the end of the call: by the keys, each state examined."""
    page = first.page
    await second.phone.locator("#phone-number").fill("101")
    await second.phone.locator("#phone-number").press("Enter")
    await expect(first.phone.locator(".phone-other")).to_be_visible()
    found = await violations(page, "a second call")
    await second.hang_up()
    await expect(first.phone.locator("[data-transfer-target=park]")).to_be_enabled()
    await page.keyboard.press("Alt+k")
    await expect(second.phone.locator(".board-row")).to_be_visible()
    found += await violations(second.page, "parking board")
    await expect(first.phone.locator(".board-row")).to_be_visible()
    await page.keyboard.press("Alt+Shift+k")
    await expect(first.phone).to_have_attribute("data-call", "talking")
    await first.hang_up()
    await expect(page.locator("#disposition-search")).to_be_visible()
    await page.locator(".disposition-choice[data-needs-note]").first.click()
    await expect(page.locator("#disposition-note")).to_be_visible()
    return found + await violations(page, "characteristic with a note")


async def test_no_state_of_a_call_shuts_anybody_out(house: House, open_desk: OpenDesk) -> None:
    first, second = await open_desk("op101"), await open_desk("op201")
    page = first.page
    await first.start_work()
    found = []
    async with citizen_calls(house.stand.asterisk, caller="79285550115", hold_s=180):
        await first.answer()
        await second.start_work()
        await silence(first)
        found += await consultation(first, second)
        found += await parked_and_over(first, second)
    await page.locator("#phone-tab-sound").click()
    found += await violations(page, "sound")
    await page.keyboard.press("Alt+p")
    found += await violations(page, "reasons for a pause")
    await page.keyboard.press("Escape")
    await page.keyboard.press("F1")
    await expect(page.locator("dialog[open]")).to_be_visible()
    found += await violations(page, "keys")
    await page.keyboard.press("F1")
    await house.logged("is kept", within_s=40)  # then the player can draw the wave
    found += await visit(first, "/calls", ".recording")
    await page.locator(".call-quality summary").first.click()
    found += await violations(page, "/calls, how a call sounded")
    await page.locator(".recording").first.click()
    await expect(page.locator("[data-player-target=marks] button")).to_have_count(1)
    found += await violations(page, "player with a silenced stretch")
    assert found == [], "\n".join(found)


async def silence(desk: Desk) -> None:
    """A private field has the focus for a moment: the recording keeps a mark of it."""
    for verb, name in (("pause", "applicant_snils"), ("resume", "content")):
        async with desk.page.expect_response(f"**/recording/{verb}"):
            await desk.field(name).focus()


async def test_no_page_of_a_supervisor_shuts_anybody_out(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """A message, a call without a recording, the gaps of a day, the question for a reason, a pause over its limit."""
    calls = CallJournal(demo_db, SystemClock())
    await calls.record(ended_call())
    await calls.record(ended_call(key=f"{KEY}1", recorded=True))
    message = replace(ended_call(key=f"{KEY}2", recorded=True), answered_at=None, operator=None, legs=())
    await calls.record(replace(message, outcome=Outcome.VOICEMAIL))
    async with demo_db.begin() as session:
        await session.execute(text("UPDATE pause_reason SET limit_min = 0 WHERE code = 'P09'"))
    operator, boss = await open_desk("op101"), await open_desk("sup301")
    await operator.start_work()
    await operator.page.locator(".desk-state summary").click()
    await operator.page.locator("[data-operator-reason-param=P09]").click()
    await expect(boss.page.locator(".desk-late")).to_be_visible()
    found = await visit(boss, "/directory", ".presence-late:not([hidden])")
    await boss.page.locator(".desk-late summary").click()
    found += await violations(boss.page, "who pauses too long")
    found += await visit(boss, "/calls", ".call-outcome-blue")
    found += await visit(boss, f"/calls/gaps?day={NOW:%Y-%m-%d}", ".gap-missing")
    found += await visit(boss, f"/recordings/{KEY}1/player", ".player-reason")
    found += await visit(boss, f"/recordings/{KEY}2/player", "[data-player-target=toggle]")
    assert found == [], "\n".join(found)


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(TABS):
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector}")


async def test_a_call_is_registered_by_the_keyboard_alone(house: House, open_desk: OpenDesk) -> None:
    """DAY-07: log in, start work, answer, register with a topic, save, hang up."""
    desk = await open_desk("op102")
    page = desk.page
    # The tools of the other tests click and focus; from here on there is only the keyboard.
    await page.context.clear_cookies()
    await page.context.add_init_script("addEventListener('pointerdown', () => { window.clicked = true }, true)")
    await page.goto(f"{desk.url}/login")
    await tab_to(page, "#login")
    await page.keyboard.type("op101")
    await tab_to(page, "#password")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-softphone-target=start]")).to_be_enabled()
    await tab_to(page, "[data-softphone-target=start]")
    await page.keyboard.press("Enter")
    await desk.is_active()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, hold_s=120) as citizen:
        await desk.rings(SHOWN)
        await expect(desk.card).to_be_visible()
        await desk.answer()
        await tab_to(page, "[name=applicant_last_name]")
        await page.keyboard.type("Щербакова")
        await tab_to(page, "[name=applicant_first_name]")
        await page.keyboard.type("Анна")
        await tab_to(page, "#card-topic")
        await page.keyboard.type("полис")
        await expect(page.locator("#topic-list [role=option]").first).to_be_visible()
        await expect(page.locator("#card-topic")).to_have_attribute("aria-activedescendant", "topic-list-0")
        await page.keyboard.press("Enter")
        await tab_to(page, "[name=content]")
        await page.keyboard.type("Где получить полис?")
        number = await desk.save()
        await desk.hang_up()
        result = await citizen.wait()
        assert result.ok, result.errors
    assert number.endswith("-00001")
    assert not await page.evaluate("window.clicked === true")
