"""The card in a real browser: files, the lock between two people, a repeated matter by keys, all open for axe."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk

pytestmark = [pytest.mark.calls, pytest.mark.browser]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea7"
    "9a8a3b0000000049454e44ae426082"
)


async def fill(desk: Desk, name: str) -> None:
    """Everything that a card needs."""
    await desk.page.goto(f"{desk.url}/appeals/new")
    await expect(desk.card).to_be_visible()
    await desk.field("applicant_last_name").fill(name)
    await desk.field("applicant_birth_date").fill("04.05.1961")
    await desk.choose_topic("полис")
    await desk.field("content").fill("Где получить полис?")


async def test_files_and_two_editors(open_desk: OpenDesk) -> None:
    """S000-63, S000-64, domain 2.7: errors, preview and undo of files; who edits is told to the other, live."""
    anna = await open_desk("op101")
    page = anna.page
    await fill(anna, "Файлова")
    files: list[FilePayload] = [
        {"name": "снимок.png", "mimeType": "image/png", "buffer": PNG},
        {"name": "программа.pdf", "mimeType": "application/pdf", "buffer": b"MZ\0\1"},
    ]
    await page.locator(".attachments input[type=file]").set_input_files(files)
    await expect(page.locator(".attachment")).to_have_count(1)
    await expect(page.locator(".attachment-failed")).to_contain_text("не принимаются")
    await page.locator(".attachment-open").click()
    picture = page.locator("dialog[open] .attachment-picture")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 1)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Убрать файл").click()
    await expect(page.locator(".attachment")).to_have_count(0)
    await page.locator(".attachment-undo button").click()
    await expect(page.locator(".attachment")).to_have_count(1)
    await page.locator("select[name=type]").select_option("1")
    await expect(page.locator("[name=refund_sum]")).to_be_enabled()
    await page.locator("summary", has_text="Другое лицо").click()
    await page.keyboard.press("F7")
    await expect(page.locator(".script-row").first).to_be_visible()
    assert await violations(page, "card with everything open") == []
    await page.locator("select[name=type]").select_option("2")
    await expect(page.locator("[name=refund_sum]")).to_be_disabled()
    await anna.choose_topic("полис")
    await anna.save()
    await expect(page.locator("#appeal-extras .attachment")).to_contain_text("снимок.png")
    assert await violations(page, "appeal with files") == []

    admin = await open_desk("admin")
    await admin.page.goto(page.url)
    await page.get_by_role("link", name="Редактировать").click()
    await expect(anna.field("content")).to_be_enabled()
    await expect(admin.page.locator(".appeal-lock")).to_contain_text("Первая А. И.")
    await admin.page.get_by_role("link", name="Редактировать").click()
    await expect(admin.page.locator(".edit-lock")).to_contain_text("Первая А. И.")
    await expect(admin.page.locator(".card-columns")).to_have_attribute("inert", "")
    await anna.field("content").fill("Набрано до перехвата")
    await admin.page.get_by_role("button", name="Перехватить").click()
    await expect(admin.page.locator(".edit-lock")).to_be_hidden()
    await expect(page.locator(".edit-lock")).to_contain_text("Порядкин Е. Ф.")
    await expect(anna.field("content")).to_have_value("Набрано до перехвата")


async def test_a_repeated_matter_by_keys(open_desk: OpenDesk) -> None:
    """DAY-23, DAY-03, S000-71: one key links the matter; a favourite topic; a form cleared and brought back."""
    desk = await open_desk("op102")
    page = desk.page
    await fill(desk, "Повторова")
    await page.get_by_role("button", name="Держать выбранную тематику в избранном").click()
    await expect(page.locator("[data-favourites-target=one]")).to_have_count(1)
    first = await desk.save()
    await page.goto(f"{desk.url}/appeals/new")
    await desk.field("applicant_last_name").fill("Повторова")
    await desk.field("applicant_birth_date").fill("04.05.1961")
    await page.keyboard.press("Alt+1")
    await expect(desk.card.locator("[name=topic]")).not_to_have_value("")
    await desk.field("content").fill("Звоню снова")
    await page.get_by_role("button", name="Очистить форму").click()
    await expect(desk.field("content")).to_have_value("")
    await page.keyboard.press("Enter")
    await expect(desk.field("content")).to_have_value("Звоню снова")
    await page.keyboard.press("Control+Enter")
    question = page.get_by_role("alertdialog")
    await expect(question).to_contain_text(first)
    await page.keyboard.press("2")
    await expect(page.locator("#work #appeal-number")).to_be_visible()
    await expect(page.locator("#appeal-extras .appeal-link-list")).to_contain_text(first)
