"""Everybody can work here: axe-core finds no violation (WCAG 2.2 AA), and not one click of a mouse is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import OpenDesk
from tests.browser.desk import PASSWORD, Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CALLER, SHOWN = "79285550114", "+7 928 555-01-14"
TABS = 80
"""How many times somebody may have to press Tab to get from one end of the page to the other."""


async def violations(page: Page, where: str) -> list[str]:
    """Return what axe-core finds in both themes, one line a finding."""
    await page.emulate_media(reduced_motion="reduce")  # colours in the middle of a transition are nobody's
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for theme in ("light", "dark"):
        await page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        result: dict[str, Any] = await page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", RULES
        )
        assert result["testEngine"]["name"] == "axe-core"
        found += [
            f"{where}, {theme}: {one['id']}: {node['target']} {node['failureSummary']}"
            for one in result["violations"]
            for node in one["nodes"]
        ]
    return found


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
        await page.locator("#search-q").fill("Щербакова")
        await page.locator("#search-q").press("Enter")
        await expect(page.locator("[data-person]").first).to_be_visible()
        found += await violations(page, "persons found")
    await page.goto(f"{desk.url}/journal")
    await expect(page.locator(".row-link").first).to_be_visible()
    found += await violations(page, "journal with a row")
    await page.context.clear_cookies()
    await page.goto(f"{desk.url}/login")
    found += await violations(page, "login")
    assert found == []


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
