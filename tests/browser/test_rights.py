"""A citizen asks for discretion, a password is forgotten, a right is explained: with the keyboard, seen by axe."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from hotline.clock import FakeClock, SystemClock
from hotline.db import Database
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.integration.journal.world import make_world

pytestmark = [pytest.mark.calls, pytest.mark.browser]

NEW = "совсем новая фраза"


async def restrict(page: Page) -> list[str]:
    """The operator keeps an appeal to those who work on it; without a reason nothing is lost and nothing done."""
    await page.locator("summary", has_text="Ограничить доступ").press("Enter")
    found = await violations(page, "appeal, about to be restricted")
    await page.get_by_label("видит только заголовок", exact=True).check()
    await page.get_by_role("button", name="Применить").press("Enter")
    await expect(page.locator("#restriction-reason-error")).to_be_visible()
    await expect(page.get_by_label("видит только заголовок", exact=True)).to_be_checked()
    await page.locator("#restriction-reason").fill("просил сам")
    await page.locator("#restriction-reason").press("Enter")
    await expect(page.locator(".restriction-now")).to_contain_text("только те, кто работает")
    return found + await violations(page, "restricted appeal")


async def explain(desk: Desk, number: str) -> list[str]:
    """The administrator asks what a colleague sees of it, and allows him something personally."""
    page = desk.page
    await page.get_by_role("link", name="Права по одному").press("Enter")
    await expect(page.locator("#rights-title")).to_be_visible()
    await page.get_by_label("Что этот сотрудник увидит в обращении?").fill(number)
    await page.keyboard.press("Enter")
    await expect(page.locator(".sight-answer")).to_contain_text("видит только заголовок")
    await expect(page.locator(".sight-answer li")).to_have_text("доступ к этому обращению ограничен")
    await page.get_by_label("Право", exact=True).select_option("call.listen_any")
    await page.get_by_label("разрешить, что бы ни говорили роли").check()
    await page.locator("#admin-reason").fill("замещает")
    await page.locator("#admin-reason").press("Enter")
    await expect(page.locator(".right-own")).to_have_text("разрешено лично")
    assert await page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")  # only its parts scroll
    return await violations(page, "rights of an employee")


async def test_discretion_and_a_forgotten_password(open_desk: OpenDesk, demo_db: Database) -> None:
    """S003-110, DAY-27, domain 2.8: axe finds nothing on the pages in both themes."""
    world = await make_world(demo_db, FakeClock(SystemClock().now()))
    appeal = await world.save("op101", applicant_last_name="Тайнова")
    operator, colleague, admin = await open_desk("op101"), await open_desk("op102"), await open_desk("admin")
    await operator.page.goto(f"{operator.url}/appeals/{appeal.id}")
    found = await restrict(operator.page)

    await colleague.page.goto(f"{colleague.url}/journal")
    await expect(colleague.page.locator("td.col-applicant")).to_contain_text("ограниченный доступ")
    await expect(colleague.page.locator(".row-lock")).to_be_visible()

    page = admin.page
    await page.goto(f"{admin.url}/admin/people/{world.people['op102'].id}")
    await page.get_by_role("button", name="Ссылка для выбора пароля").press("Enter")
    await expect(page.locator("#link-once")).to_be_visible()
    link = await page.locator("#link-once").input_value()
    found += await violations(page, "one-time link")
    await page.get_by_role("link", name="К учётной записи").press("Enter")
    await expect(page.locator(".link-pending")).to_be_visible()
    found += await violations(page, "account with a link")
    found += await explain(admin, appeal.number)

    page = colleague.page
    await page.goto(link)
    found += await violations(page, "choice of a password")
    await page.locator("#password").fill(NEW)
    await page.locator("#again").fill(NEW)
    await page.locator("#again").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Пароль сохранён")
    found += await violations(page, "login afterwards")
    await colleague.log_in("op102", NEW)
    await page.goto(link)
    await expect(page.get_by_role("alert")).to_contain_text("Ссылка уже использована")
    found += await violations(page, "used link")
    assert found == [], "\n".join(found)
