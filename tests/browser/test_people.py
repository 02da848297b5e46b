"""A citizen by the keyboard: found, attached, his dossier, merged with its twin and back (S000-12…28, DAY-06, 26)."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import expect

from hotline.db import Database
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk

pytestmark = [pytest.mark.calls, pytest.mark.browser]

REGISTER = (
    "Фамилия;Имя;Отчество;Дата рождения;ЕНП\nБЕРЁЗКИНА;ЗОЯ;ЛЬВОВНА;29.02.1980;7700000000000018\n;НЕТ;;1.1.1990;1\n"
)


async def twins(database: Database) -> None:
    """Somebody of the register, and the same person as a card once made her."""
    async with database.begin() as session:
        same = {
            "last_name": "Близнецова",
            "first_name": "Зоя",
            "patronymic": "Львовна",
            "birth_date": date(1980, 2, 29),
        }
        one = PersonRow(**same, enp="7700000000000026", source="register")
        other = PersonRow(**same, snils="11223344595", address="ул. Полевая, 3", source="call")
        session.add_all([one, other])
        await session.flush()
        session.add(PersonPhoneRow(person_id=other.id, e164="+79285550199", raw=""))


async def attach(desk: Desk) -> tuple[str, list[str]]:
    """Find somebody on a new card, attach her and save; return the appeal's number and what axe found."""
    page = desk.page
    await page.goto(f"{desk.url}/appeals/new")
    await expect(desk.card).to_be_visible()
    await page.keyboard.press("F4")
    await page.keyboard.type("зоя близнецова 1980")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-person]")).to_have_count(2)
    found = await violations(page, "card, twins found")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        await page.keyboard.press(key)
    await expect(desk.field("applicant_last_name")).to_have_value("Близнецова")
    attached = desk.card.locator("[data-controller=attached]").first.locator("[data-attached-target=line]")
    await expect(attached).to_be_visible()
    await expect(desk.field("insured_last_name")).to_have_value("Близнецова")  # S000-26
    await desk.choose_topic("полис")
    await desk.field("content").fill("Где получить полис?")
    return await desk.save(), found


async def merge_and_undo(desk: Desk, number: str) -> list[str]:
    """From the search to the dossier, its twin, the merge and back."""
    page = desk.page
    await page.goto(f"{desk.url}/persons")
    await page.locator("#search-q-dossier").press_sequentially(",kbpytw")  # another keyboard layout (DAY-01)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-person]")).to_have_count(2)
    found = await violations(page, "search of citizens")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dossier-title")).to_contain_text("Близнецова Зоя Львовна")
    await expect(page.locator(".dossier-twins li")).to_have_count(1)
    await expect(page.locator("#dossier-appeals")).to_contain_text(number)
    found += await violations(page, "dossier")
    await page.locator(".dossier-twins .btn").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".merge-table")).to_be_visible()
    found += await violations(page, "merge")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".dossier-phones")).to_contain_text("555-01-99")
    await expect(page.locator(".appeal-facts").first).to_contain_text("11223344595")
    await page.get_by_role("button", name="Отменить объединение").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".dossier-twins li")).to_have_count(1)
    await expect(page.locator("#dossier-appeals")).to_contain_text(number)
    return found


async def edit(desk: Desk) -> list[str]:
    """Change the open dossier."""
    page = desk.page
    await page.get_by_role("link", name="Редактировать").focus()
    await page.keyboard.press("Enter")
    await page.locator("#card-address").fill("ул. Лесная, 7")
    found = await violations(page, "dossier, editing")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".appeal-facts").first).to_contain_text("ул. Лесная, 7")
    return found


async def import_register(desk: Desk) -> list[str]:
    """Upload a file, look at its columns, import it by the service's own worker process."""
    page = desk.page
    await page.goto(f"{desk.url}/admin/register")
    found = await violations(page, "register")
    await page.locator("#register-file").set_input_files(
        {"name": "реестр.csv", "mimeType": "text/csv", "buffer": REGISTER.encode("cp1251")}
    )
    await expect(page.locator(".register-preview")).to_contain_text("БЕРЁЗКИНА")
    found += await violations(page, "register, columns")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#register-run")).to_contain_text("Готово", timeout=30_000)
    await expect(page.locator("#register-run")).to_contain_text("нет фамилии")
    return [*found, *await violations(page, "register, imported")]


async def test_a_citizen_by_the_keyboard(demo_db: Database, open_desk: OpenDesk) -> None:
    """Enter finds, arrows choose, Enter attaches; dossier, merge, undo; the register's upload; axe on every page."""
    await twins(demo_db)
    desk = await open_desk("admin")
    number, found = await attach(desk)
    found += await merge_and_undo(desk, number)
    found += await edit(desk)
    found += await import_register(desk)
    assert found == [], "\n".join(found)
