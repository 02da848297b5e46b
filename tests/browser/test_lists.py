"""The journal by keyboard: order, filter, ticks, the search for everything (S000-02, S001-035, DAY-06, DAY-08)."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.journal.card_form import CardForm
from hotline.journal.service import Journal
from hotline.staff.contact_model import ContactFields
from hotline.staff.service import StaffService
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk

pytestmark = [pytest.mark.calls, pytest.mark.browser]

APPEALS = (
    ("Яшина", "Потеряла полис, как получить новый?"),
    ("Абрамова", "Когда прививки в районной поликлинике?"),
    ("Мельник", "Отказали в приёме у терапевта."),
)


async def fill(db: Database) -> None:
    """Three appeals of the fund's operator and an external contact."""
    clock, settings = SystemClock(), Settings()
    staff = StaffService(db, clock, settings)
    user = await staff.by_extension("101")
    assert user is not None
    journal = Journal(db, clock, settings)
    for number, (surname, content) in enumerate(APPEALS):
        fields = {
            "type": "2",
            "topic": "2.01",
            "channel": "K01",
            "source": "I01",
            "content": content,
            "same_person": "1",
        }
        people = {"applicant_last_name": surname, "applicant_first_name": "Анна"}
        people["applicant_phone"] = f"800077701{number:02}"
        await journal.appeals.save_card(user, CardForm.from_fields({**fields, **people}), f"key-{number}")
    await staff.contacts.add(user, ContactFields("Регистратура № 5", "Поликлиника", "8 861 200-11-22", "8-20", ""))


async def test_the_journal_by_keyboard(demo_db: Database, open_desk: OpenDesk) -> None:
    await fill(demo_db)
    desk = await open_desk("admin")
    page = desk.page
    found: list[str] = []
    await expect(page.locator(".row-link")).to_have_count(3)

    # A heading orders, and says so.
    await page.locator("th.col-applicant a").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("th.col-applicant")).to_have_attribute("aria-sort", "ascending")
    await expect(page.locator("td.col-applicant").first).to_contain_text("Абрамова")

    # A filter stands as a chip; taking it away brings everything back.
    await page.locator("summary", has_text="Фильтры").focus()
    await page.keyboard.press("Enter")
    found += await violations(page, "journal, filters open")
    await page.locator("#filter-due").select_option("overdue")
    await page.locator("#filter-due").press("Tab")
    await page.locator(".list-filters button[type=submit]").press("Enter")
    await expect(page.locator(".list-chip")).to_contain_text("просрочен")
    await expect(page.locator(".empty-title")).to_have_text("Ничего не найдено")
    assert "due=overdue" in page.url
    found += await violations(page, "journal, nothing found")
    await page.locator(".list-chip").press("Enter")
    await expect(page.locator(".row-link")).to_have_count(3)

    # Rows are ticked by the space bar for bulk actions.
    await page.locator("td.col-select input").first.press("Space")
    await expect(page.locator(".selection-count")).to_have_text("Выделено: 1")
    found += await violations(page, "journal, a row ticked")

    # Ctrl+L: words in another grammatical form; Esc gives the focus back; Enter opens.
    await page.locator("#journal-q").focus()
    await page.keyboard.press("Control+l")
    field = page.get_by_role("combobox", name="Поиск везде")
    await expect(field).to_be_focused()
    await page.keyboard.type("поликлиник")
    options = page.locator("[role=option]")
    await expect(options).to_have_count(2)  # the appeal, and the contact below it
    await expect(page.locator("[role=option] mark")).to_have_text("поликлинике")
    found += await violations(page, "search, found")
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(page.locator("#journal-q")).to_be_focused()
    await page.keyboard.press("Control+k")
    await field.fill("мельник")
    await expect(options.first).to_contain_text("Мельник")
    await page.keyboard.press("Enter")
    await expect(page.locator("#appeal-number")).to_be_visible()
    assert "q=" not in page.url

    await page.goto(f"{desk.url}/directory")
    await expect(page.locator(".directory-outside")).to_have_count(1)
    await page.locator(".directory-star").last.press("Enter")
    await expect(page.locator(".directory-title").first).to_have_text("Избранное")
    found += await violations(page, "directory with contacts")
    assert found == []
