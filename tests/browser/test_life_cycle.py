"""The whole life of an appeal through four people in a real browser, and a consultation without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser

TABS = 60
"""How many times somebody may have to press Tab to get to a field."""


def button(desk: Desk, trigger: str) -> Locator:
    return desk.page.locator(f"[data-move={trigger}]")


def dialog(desk: Desk) -> Locator:
    return desk.page.locator("dialog[open] form.move-form")


async def has_status(desk: Desk, title: str) -> None:
    await expect(desk.page.locator(".card-head .appeal-status")).to_have_text(title)


async def close(desk: Desk) -> None:
    """Alt+Shift+C, the result, the measures, Ctrl+Enter."""
    await desk.page.keyboard.press("Alt+Shift+C")
    form = dialog(desk)
    await form.locator("[name=result]").select_option("R03")
    await form.locator("[name=measures]").fill("Права восстановлены")
    await form.locator("[name=justified]").select_option("yes")
    await desk.page.keyboard.press("Control+Enter")
    await has_status(desk, "На рассмотрении")


async def forwarded(anna: Desk) -> tuple[str, list[str]]:
    """Level 1 registers a complaint and forwards it by F9; returns its address and what axe finds."""
    await anna.page.goto(f"{anna.url}/appeals/new")
    await anna.field("type").select_option("1")
    await anna.field("applicant_last_name").fill("Щербакова")
    await anna.choose_topic("скор")
    await anna.field("content").fill("Скорая ехала два часа")
    await anna.page.keyboard.press("F9")  # saved, and asked to whom
    await anna.page.wait_for_url(re.compile(r"/appeals/\d+$"))
    await expect(dialog(anna)).to_be_visible()
    found = await violations(anna.page, "forwarding")
    await dialog(anna).locator("input[type=search]").fill("старшова")
    await anna.page.keyboard.press("ArrowDown")
    await expect(dialog(anna).get_by_role("radio", name="Старшова")).to_be_checked()
    await anna.page.keyboard.press("Control+Enter")
    await has_status(anna, "Входящее обращение")
    await expect(button(anna, "close")).to_have_count(0)
    await expect(anna.page.get_by_role("link", name="Редактировать")).to_have_count(0)  # S000-50
    return anna.page.url, found


async def deferred(vera: Desk, admin: Desk, path: str) -> list[str]:
    """Level 2 accepts it and defers the answer, while somebody changes the appeal: what is typed stays."""
    await vera.page.goto(path)
    await button(vera, "accept").press("Enter")
    await has_status(vera, "В работе")
    await button(vera, "close").click()
    form = dialog(vera)
    await form.locator("[name=result]").select_option("R06")  # the result asks for other things than closing
    await expect(form.locator("[name=justified]")).to_be_hidden()
    await expect(form.locator("[data-move-form-target=label]")).to_have_text("Отсроченный ответ")
    await form.locator("[name=comment]").fill("Уточнить номер бригады")
    await change(admin, path)
    await form.get_by_role("radio", name="Старшов Глеб").check()
    await vera.page.keyboard.press("Control+Enter")
    await expect(form.locator(".card-problems")).to_contain_text("Ваш текст сохранён")
    found = await violations(vera.page, "a stale dialog")
    await expect(form.locator("[name=comment]")).to_have_value("Уточнить номер бригады")
    await vera.page.keyboard.press("Control+Enter")
    await has_status(vera, "Отсроченный ответ")
    return found


async def returned(admin: Desk, path: str) -> None:
    """The administrator returns it with a remark; without one nothing goes back."""
    await admin.page.goto(path)
    await button(admin, "return").click()
    await expect(dialog(admin)).to_be_visible()
    await admin.page.keyboard.press("Control+Enter")
    await expect(dialog(admin).locator("[name=comment]")).to_have_class(re.compile("is-invalid"))
    await dialog(admin).locator("[name=comment]").fill("Нет ответа клиники")
    await admin.page.keyboard.press("Control+Enter")
    await has_status(admin, "На доработке")


async def test_the_life_of_an_appeal_through_four_people(open_desk: OpenDesk) -> None:
    """T2, T4–T8, T11, T12; S000-45…S000-50, S000-66…S000-70, S000-75, S000-79, S001-060, S001-087…S001-092."""
    anna, vera, gleb, admin = [await open_desk(login) for login in ("op101", "op201", "op202", "admin")]
    path, found = await forwarded(anna)
    found += await deferred(vera, admin, path)

    await gleb.page.goto(path)
    await expect(gleb.page.locator(".appeal-waits")).to_contain_text("обещан звонок")
    await button(gleb, "contacted").click()
    await dialog(gleb).locator("[name=comment]").fill("Дозвонился")
    await gleb.page.keyboard.press("Control+Enter")
    await has_status(gleb, "В работе")
    await close(gleb)
    await returned(admin, path)

    await gleb.page.goto(path)
    await gleb.page.get_by_role("tab", name="Замечания администратора").click()  # S000-70
    await expect(gleb.page.locator("#appeal-panel-remarks")).to_contain_text("Нет ответа клиники")
    found += await violations(gleb.page, "a returned appeal")
    await close(gleb)

    await admin.page.goto(path)
    await button(admin, "final_close").click()
    await has_status(admin, "Закрыто")
    await expect(admin.page.locator(".appeal-history-what")).to_have_text(HISTORY)
    assert found == []


HISTORY = [
    "Зарегистрировано",
    "Передано на рассмотрение",
    "Принято в работу",
    "изменено",
    "Отсрочен ответ",
    "Связались с обратившимся",
    "Закрыто, отправлено на рассмотрение",
    "Возвращено на доработку",
    "Закрыто, отправлено на рассмотрение",
    "Закрыто окончательно",
]
"""S000-79."""


async def change(desk: Desk, path: str) -> None:
    """Edit the text of an appeal as its administrator."""
    await desk.page.goto(f"{path}/edit")
    await desk.field("content").fill("Скорая ехала два часа, просят проверить")
    await desk.page.keyboard.press("Control+Enter")
    await expect(desk.page.locator(".appeal-text").first).to_contain_text("просят проверить")


async def tab_to(desk: Desk, name: str, key: str = "Tab") -> None:
    """Press Tab until the field has the focus."""
    for _ in range(TABS):
        if await desk.page.evaluate("name => document.activeElement?.id === name", name):
            return
        await desk.page.keyboard.press(key)
    pytest.fail(f"{TABS} times Tab did not lead to {name}")


async def test_a_consultation_in_four_fields_without_a_mouse(open_desk: OpenDesk) -> None:
    """DAY-02, DAY-06, DAY-07, T3: name, topic by a word, question, answer by one key; closed by one key."""
    desk = await open_desk("op101")
    keyboard = desk.page.keyboard
    # The key map is there once the scripts have begun: a key that is pressed before opens nothing.
    await expect(desk.page.locator("body[data-controller~=keys]")).to_be_visible()
    await keyboard.press("F3")
    await expect(desk.card).to_be_visible()
    await keyboard.press("F4")
    await tab_to(desk, "card-applicant_last_name")
    await keyboard.type("Щербакова")
    await tab_to(desk, "card-topic")
    await keyboard.type("полис")
    await expect(desk.page.locator("#topic-list [role=option]").first).to_be_visible()
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await tab_to(desk, "card-content")
    await keyboard.type("Где получить полис?")
    await keyboard.press("F7")
    await expect(desk.page.locator(".script-row").first).to_be_visible()
    await keyboard.press("1")
    await expect(desk.field("measures")).not_to_have_value("")
    await keyboard.press("Alt+Shift+C")
    await has_status(desk, "Дана консультация")
    await expect(desk.page.locator(".appeal-history-what")).to_have_text(["Зарегистрировано", "Дана консультация"])
