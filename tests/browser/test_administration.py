"""An administrator works by the keyboard alone, and no page of the administration shuts anybody out (S000-01, WCAG)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk

pytestmark = [pytest.mark.calls, pytest.mark.browser]


async def follow(page: Page, name: str, heading: str) -> None:
    """Open a link of the work area by Enter."""
    await page.locator("#work").get_by_role("link", name=name).first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


async def add_somebody(desk: Desk) -> list[str]:
    """Make an account: a mistake first, which is named beside its field and costs nothing typed."""
    page = desk.page
    await follow(page, "Сотрудники", "Сотрудники")
    found = await violations(page, "employees")
    await follow(page, "Добавить сотрудника", "Новый сотрудник")
    await page.locator("#work").get_by_label("Фамилия").focus()
    for text in ("Клавиатурова", "Ольга", "Петровна"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.locator("#work").get_by_label("Логин").focus()
    await page.keyboard.type("olga.k")
    await page.locator("#work").get_by_label("Внутренний номер", exact=True).focus()
    await page.keyboard.type("101")
    await page.locator("#work").get_by_role("checkbox", name="Оператор 1 уровня").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#work [role=alert]")).to_contain_text("внутренний номер уже есть")
    await expect(page.locator("#work").get_by_label("Фамилия")).to_have_value("Клавиатурова")
    found += await violations(page, "account with a mistake")
    await page.locator("#work").get_by_label("Внутренний номер", exact=True).fill("177")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".admin-password-text")).to_be_visible()
    found += await violations(page, "temporary password")
    await follow(page, "К учётной записи", "Клавиатурова Ольга Петровна")
    return found


async def switch_off(page: Page) -> list[str]:
    """Switch the account off: the panel says what happens, the history has it."""
    summary = page.locator("summary", has_text="Отключить учётную запись")
    await summary.focus()
    await page.keyboard.press("Enter")
    found = await violations(page, "account, about to be switched off")
    await page.get_by_role("button", name="Отключить", exact=True).press("Enter")
    await expect(page.locator(".card-head .badge")).to_have_text("отключён")
    await expect(page.locator(".admin-history li")).to_have_count(2)
    return found


async def change_a_right(page: Page) -> list[str]:
    """Deny a right: seen before it is saved, and taken back from the history."""
    await follow(page, "Администрирование", "Администрирование")
    await follow(page, "Роли и права", "Роли и права")
    found = await violations(page, "roles")
    await follow(page, "Оператор 2 уровня", "Оператор 2 уровня")
    await page.locator("#work").get_by_label("звонить", exact=True).select_option("deny")
    await page.get_by_role("button", name="Показать, что изменится").press("Enter")
    await expect(page.locator(".admin-preview")).to_contain_text("звонить")
    found += await violations(page, "preview of a role")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".admin-history li")).to_have_count(1)
    await page.get_by_role("button", name="Вернуть").press("Enter")
    await expect(page.locator(".admin-preview")).to_have_count(0)
    await expect(page.locator(".admin-history li")).to_have_count(2)
    await expect(page.locator("#work").get_by_label("звонить", exact=True)).to_have_value("allow")
    return found


PAGES = (
    ("/admin/lists", ".row-link"),
    ("/admin/lists/topic", ".row-link"),
    ("/admin/lists/topic/new", "[name=title]"),
    ("/admin/lists/topic/2.01", "[name=title]"),
    ("/admin/profile", "#profile-content"),
    ("/admin/scripts", ".row-link"),
    ("/admin/scripts/new", "[name=title]"),
    ("/admin/scripts/SC01", "[name=title]"),
    ("/admin/organisations/new", "[name=name]"),
    ("/admin/calendar?year=2027", ".calendar-day"),
    ("/admin/register", "#register-file + *"),
    ("/review/returns", "#list-title"),
    ("/notifications", "h1"),
    ("/directory/contacts/new", "[name=name]"),
)


async def test_no_page_of_the_administration_shuts_anybody_out(open_desk: OpenDesk) -> None:
    """WCAG 2.2 AA, domain 2.11: the pages that the walk by the keyboard does not pass, in both themes."""
    desk = await open_desk("admin")
    found = []
    for path, ready in PAGES:
        await desk.page.goto(f"{desk.url}{path}")
        await expect(desk.page.locator("#work").locator(ready).first).to_be_visible()
        found += await violations(desk.page, path)
    assert found == [], "\n".join(found)


async def test_an_administrator_needs_no_mouse(open_desk: OpenDesk) -> None:
    """S000-01, domain 2.11: account, role, organisation and trail by the keyboard; axe finds nothing in both themes."""
    desk = await open_desk("admin")
    page = desk.page
    await page.goto(f"{desk.url}/admin")
    await expect(page.locator(".admin-area").first).to_be_visible()
    found = await violations(page, "administration")
    found += await add_somebody(desk)
    found += await switch_off(page)
    found += await change_a_right(page)
    await follow(page, "Администрирование", "Администрирование")
    await follow(page, "Организации", "Организации")
    found += await violations(page, "organisations")
    await follow(page, "ТФОМС", "ТФОМС")
    found += await violations(page, "organisation")
    await follow(page, "Администрирование", "Администрирование")
    await follow(page, "Очередь", "Кто принимает звонки и из какой очереди")
    found += await violations(page, "queue")
    await follow(page, "Администрирование", "Администрирование")
    await follow(page, "Журнал доступа", "Журнал доступа")
    await expect(page.locator(".admin-audit tbody tr").first).to_be_visible()
    found += await violations(page, "audit trail")
    assert found == [], "\n".join(found)
