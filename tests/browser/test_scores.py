"""A conversation is scored, answered and decided in the browser (DAY-37): kept while typing, no text lost, axe."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hotline.clock import FakeClock, SystemClock
from hotline.cti.model import Segment, SegmentKind
from hotline.db import Database
from hotline.journal.outbox import Outbox
from hotline.scoring.admin import QualityAdmin
from hotline.scoring.model import Criterion, CriterionKind, Section
from hotline.scoring.service import Reviews
from hotline.scoring.sheets import write
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.integration.journal.world import World, make_world

pytestmark = [pytest.mark.calls, pytest.mark.browser]

SHEET = (
    Section(
        "Разговор",
        (
            Criterion("c1", "Представился", "Имя и организация"),
            Criterion("c2", "Тон", kind=CriterionKind.SCALE, weight=3, may_skip=False),
            Criterion("c3", "Не раскрыл чужие данные", weight=2, fatal=True, may_skip=False),
        ),
    ),
)


async def to_be_scored(world: World) -> int:
    """A conversation of op101 that the supervisor has chosen."""
    sheets = QualityAdmin(world.db, world.clock)
    sheet_id = await sheets.create_sheet(world.people["admin"], "Анкета разговора", write(SHEET))
    call = world.call()
    assert call.answered_at is not None
    talk = Segment(SegmentKind.TALK, call.answered_at, call.ended_at, "hotline", "101")
    await world.journal.calls.record(replace(call, segments=(talk,)))
    reviews = Reviews(world.db, world.clock, Outbox(world.db, None))
    return await reviews.begin(world.people["sup301"], call.key, world.people["op101"].id, sheet_id)


async def seen(page: Page, name: str) -> None:
    """No finding of axe in both themes; with HOTLINE_SHOTS (a folder) also pictures to look at."""
    assert await violations(page, name) == []
    if folder := os.environ.get("HOTLINE_SHOTS"):
        for theme in ("dark", "light"):
            await page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
            for width in (1280, 1024):
                await page.set_viewport_size({"width": width, "height": 800})
                await page.screenshot(path=Path(folder) / f"{name}-{theme}-{width}.png")
        await page.set_viewport_size({"width": 1280, "height": 800})


async def choose(page: Page, code: str, value: str) -> None:
    await page.locator(f"[data-criterion={code}] label", has=page.locator(f"input[value='{value}']")).click()


async def edit_the_sheet(editor: Page, url: str) -> None:
    """Add a criterion: without words it is refused and nothing is lost, with them it is saved."""
    await editor.goto(f"{url}/admin/quality")
    await editor.get_by_role("link", name="Анкета разговора").click()
    await expect(editor.locator("[data-share]").first).to_have_text("17 %")
    await editor.get_by_role("button", name="Добавить критерий").click()
    await expect(editor.locator("li [data-field=title]").last).to_be_focused()
    await editor.get_by_role("button", name="Сохранить").click()
    await expect(editor.locator(".is-invalid")).to_have_count(1)
    await seen(editor, "sheet")
    await editor.locator("li [data-field=title]").last.fill("Попрощался")
    await editor.get_by_role("button", name="Сохранить").click()
    await expect(editor.get_by_role("row", name="Анкета разговора")).to_contain_text("4")
    await seen(editor, "administration")


async def test_a_score_and_its_answer(open_desk: OpenDesk, demo_db: Database) -> None:
    world = await make_world(demo_db, FakeClock(SystemClock().now()))
    review_id = await to_be_scored(world)
    boss, operator, admin = await open_desk("sup301"), await open_desk("op101"), await open_desk("admin")
    page, address = boss.page, f"{boss.url}/quality/{review_id}"
    await page.goto(f"{boss.url}/quality")
    await seen(page, "list")
    await page.goto(address)
    await choose(page, "c1", "yes")
    await choose(page, "c2", "3")
    await page.locator("#score-summary").fill("Спокойно и по делу")
    await expect(page.locator("[data-score-target=state]")).to_have_text("Сохранено", timeout=15_000)
    await page.reload()
    await expect(page.locator("#score-summary")).to_have_value("Спокойно и по делу")
    await page.get_by_role("button", name="Опубликовать").click()
    await expect(page.locator("[data-score-target=problem]")).to_contain_text("Критериев без ответа: 1")
    await expect(page.locator("[data-criterion=c3]")).to_have_attribute("data-missing", "yes")
    await seen(page, "scoring")
    await choose(page, "c3", "yes")
    await page.get_by_role("button", name="Опубликовать").click()
    await expect(page.locator(".score-history")).to_contain_text("оценка опубликована")
    await expect(page.locator(".score-total .score-percent")).to_have_text("80 %")

    own = operator.page
    await own.goto(f"{boss.url}/quality")
    await own.locator(".row-link").click()
    await expect(own.locator(".score-total .score-percent")).to_have_text("80 %")
    await own.get_by_role("button", name="Не согласен").click()
    await expect(own.locator("#score-note")).to_be_focused()
    await own.locator("#score-note").fill("Гражданин плохо слышал")
    await seen(own, "answering")
    await own.get_by_role("button", name="Не согласен").click()
    await expect(own.locator(".score-history")).to_contain_text("Гражданин плохо слышал")

    await page.goto(address)
    await choose(page, "c2", "5")
    await page.locator("#score-note").fill("Учтено")
    await page.get_by_role("button", name="Изменить оценку").click()
    await expect(page.locator(".score-total .score-percent")).to_have_text("100 %")
    await page.goto(f"{boss.url}/quality/report")
    await expect(page.locator(".stats-total")).to_contain_text("100")
    await seen(page, "report")
    await edit_the_sheet(admin.page, boss.url)
