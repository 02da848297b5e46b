"""The administrator's review by the keyboard alone (S000-77, 78, DAY-38, DAY-06), the employee's bell beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from hotline.clock import FakeClock, SystemClock
from hotline.db import Database
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Appeal, Phase
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.test_accessibility import tab_to
from tests.house import House
from tests.integration.journal.world import World, make_world

pytestmark = [pytest.mark.calls, pytest.mark.browser]


async def letter(world: World, number: str) -> Appeal:
    return await world.save("op201", channel="K07", written_no=number, written_date="2026-01-15")


async def reviewed(world: World) -> Appeal:
    """Two letters that op201 has closed, and one for which more time is asked; return the second."""
    appeals, op201 = world.journal.appeals, world.people["op201"]
    first, second, third = [await letter(world, number) for number in ("1", "2", "3")]
    close = MoveForm("Ответ дан", "R02", "Разъяснено", written_close_date=world.clock.now().date())
    more = MoveForm("Ждём ответа больницы", due_at=third.due_at + timedelta(days=10) if third.due_at else None)
    await appeals.fire(op201, first.id, "close", first.version, close)
    await appeals.fire(op201, third.id, "ask_extension", third.version, more)
    return await appeals.fire(op201, second.id, "close", second.version, close)


async def open_folder(desk: Desk, folder: str) -> Page:
    await desk.page.goto(f"{desk.url}/journal?folder={folder}")
    await expect(desk.page.locator("[data-selection-target=all]")).to_be_visible()
    return desk.page


async def tick_all(page: Page) -> None:
    await tab_to(page, "[data-selection-target=all]")
    await page.keyboard.press("Space")


async def choose(page: Page, action: str) -> None:
    """Press an action of the bar over the list; wait for its preview."""
    await tab_to(page, f"[data-bulk-action-param={action}]")
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog [data-bulk-target=go]")).to_be_visible()


async def test_many_are_reviewed_without_a_mouse(open_desk: OpenDesk, demo_db: Database) -> None:
    world = await make_world(demo_db, FakeClock(SystemClock().now()))
    second = await reviewed(world)
    await letter(world, "4")
    employee, desk = await open_desk("op201"), await open_desk("admin")
    await desk.page.add_init_script("addEventListener('pointerdown', () => { window.clicked = true }, true)")
    page = await open_folder(desk, "review")
    await tick_all(page)
    await choose(page, "approve")
    dialog = page.locator("dialog")
    await expect(dialog.locator("[data-outcome]")).to_have_count(3)
    assert await violations(page, "preview") == []

    # A colleague is quicker with one of the three: it is said, and the others are done all the same.
    back = MoveForm("Нет подписи")
    await world.journal.appeals.fire(world.people["admin"], second.id, "return", second.version, back)
    await page.keyboard.press("Control+Enter")
    await expect(dialog.locator("[data-bulk-target=sum]")).to_have_text("Сделано: 2, не сделано: 1")
    await expect(dialog.get_by_text("уже изменил кто-то другой")).to_be_visible()
    await expect(dialog.locator("[data-bulk-target=sum]")).to_be_focused()
    await expect(employee.page.locator("[data-bell-target=count]")).to_have_text("2")
    assert await violations(page, "outcome") == []
    assert not await page.evaluate("window.clicked === true")


async def test_the_pages_around_it_shut_nobody_out(house: House, open_desk: OpenDesk) -> None:
    desk = await open_desk("admin")
    found = []
    for path in ("/admin/calendar?year=2026", "/notifications", "/review/returns", "/admin/calendar/recompute"):
        await desk.page.goto(f"{house.url}{path}")
        await expect(desk.page.locator("#list-title")).to_be_visible()
        found += await violations(desk.page, path)
    assert found == []


async def test_many_are_deleted_and_brought_back(open_desk: OpenDesk, demo_db: Database) -> None:
    """DAY-38: deleted with a reason, restored by «Undo» in the same dialog, closed; the list shows them again."""
    world = await make_world(demo_db, FakeClock(SystemClock().now()))
    made = [await letter(world, number) for number in ("1", "2")]
    desk = await open_desk("admin")
    page = await open_folder(desk, "all")
    await tick_all(page)
    await choose(page, "delete")
    dialog = page.locator("dialog")
    await dialog.locator("[name=comment]").fill("Зарегистрированы по ошибке")
    await page.keyboard.press("Control+Enter")
    undo, total = dialog.locator("[data-bulk-target=undo]"), dialog.locator("[data-bulk-target=sum]")
    await expect(undo).to_be_visible()
    await expect(total).to_have_text("Сделано: 2")
    phases = [(await world.journal.appeals.get(world.people["admin"], one.id)).phase for one in made]
    await tab_to(page, "[data-bulk-target=undo]")
    found = await violations(page, "deleted")
    await page.keyboard.press("Enter")
    await expect(undo).to_be_hidden()
    await expect(total).to_have_text("Сделано: 2")
    await expect(total).to_be_focused()
    await tab_to(page, "[data-bulk-target=close]")
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog.bulk-dialog")).to_have_count(0)
    await expect(page.locator("[data-rows-target=row]")).to_have_count(2)
    back = [await world.journal.appeals.get(world.people["admin"], one.id) for one in made]
    assert phases == [Phase.DELETED, Phase.DELETED]
    assert [one.phase for one in back] == [one.phase for one in made]
    assert found == []
